"""The zip around files that exist already: Python's and unzip's reader find them as they are."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest

from paddock.domain.zip_layout import Entry, lay_out

AT = 1_776_522_727_000_000_000
FILES = {"run_a.mat": b"MATLAB 5.0", "läufe/Größe Ä.csv": b"t,v\r\n0,1\r\n" * 900, "empty": b""}


def entry(name: str, data: bytes) -> Entry:
    return Entry(name, len(data), zlib.crc32(data), AT)


def zipped(files: dict[str, bytes]) -> bytes:
    layout = lay_out([entry(name, data) for name, data in files.items()])
    return b"".join(head + data for head, data in zip(layout.heads, files.values(), strict=True)) + layout.end


def test_files_are_read_back_with_name_date_and_bytes() -> None:
    with zipfile.ZipFile(io.BytesIO(zipped(FILES))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert archive.infolist()[0].date_time == (2026, 4, 18, 14, 32, 6)


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed: apt install unzip")
def test_unzip_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(zipped(FILES))
    subprocess.run(["unzip", "-q", "all.zip", "-d", "out"], cwd=tmp_path, check=True)
    assert (tmp_path / "out/run_a.mat").read_bytes() == FILES["run_a.mat"]


def test_beyond_4_gb_and_65535_files_it_is_zip64() -> None:
    large = Entry("large.mat", 5_000_000_000, 7, AT)
    layout = lay_out([large, entry("after.mat", b"x"), *(entry(str(n), b"") for n in range(66_000))])
    # Only the directory is read here: the file of 5 GB is left out, and so is what lies before it.
    directory = layout.end
    assert directory.startswith(b"PK\1\2") and layout.heads[0][18:26] == b"\xff" * 8, (
        "the size is in the extra field"
    )
    extra = layout.heads[0][30 + len("large.mat") :]
    assert struct.unpack("<HHQQ", extra) == (1, 16, 5_000_000_000, 5_000_000_000)
    after = directory.index(b"after.mat") + len("after.mat")
    offset = len(layout.heads[0]) + 5_000_000_000
    assert struct.unpack("<HHQ", directory[after : after + 12]) == (1, 8, offset)
    tail = directory[directory.index(b"PK\6\6") :]
    assert struct.unpack("<Q", tail[32:40]) == (66_002,) and tail[-12:-10] == b"\xff\xff"


def test_a_sparse_zip_of_5_gb_opens(tmp_path: Path) -> None:
    size = 4_300_000_000
    layout = lay_out([Entry("zeros.bin", size, 0, AT), entry("after.txt", b"after")])
    path = tmp_path / "all.zip"
    with path.open("wb") as file:
        file.write(layout.heads[0])
        file.seek(size, io.SEEK_CUR)
        file.write(layout.heads[1] + b"after" + layout.end)
    with zipfile.ZipFile(path) as archive:
        assert [(each.filename, each.file_size) for each in archive.infolist()] == [
            ("zeros.bin", size),
            ("after.txt", 5),
        ]
        assert archive.read("after.txt") == b"after"
