"""What lies in the folder of the logs, and what may be served of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from paddock.basestation.car.folder import Folder
from paddock.domain.sidecar import sidecar_name
from paddock.errors import NotFound, Unavailable
from tests.logs import small_log

STRANGE = [
    "run 1.mcap",
    "zwölf.mcap",
    "with\nnew line.mcap",
    "走行.MCAP",
    os.fsdecode(b"\xff\xfe.mcap"),
    "a;b&c%20.mcap",
]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_logs_below_it_whatever_they_are_called(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "day one").mkdir()
    names = [*STRANGE, *(f"day one/{name}" for name in STRANGE)]
    for name in names:
        (tmp_path / name).write_bytes(b"x" * 7)
    found = folder.look()
    assert sorted(found.logs) == sorted(names)
    assert {stamp.size_bytes for stamp in found.logs.values()} == {7}
    for name in names:
        with folder.opened(name) as (descriptor, stamp):
            assert os.read(descriptor, 100) == b"x" * 7
            assert stamp == found.logs[name]


def test_what_is_no_log_of_ours(folder: Folder, tmp_path: Path) -> None:
    for name in ("notes.txt", ".hidden.mcap", "run.mcap.part", ".run.mcap.json.0123456789ab"):
        (tmp_path / name).write_bytes(b"")
    for name in (".hidden", "lost+found"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.mcap").write_bytes(b"")
    (tmp_path / "a folder.mcap").mkdir()
    os.mkfifo(tmp_path / "pipe.mcap")
    assert folder.look().logs == {}


def test_sidecars_are_told_from_other_json(folder: Folder, tmp_path: Path) -> None:
    for name in ("run.mcap", "run.mcap.json", "settings.json"):
        (tmp_path / name).write_bytes(b"{}")
    assert list(folder.look().sidecars) == ["run.mcap.json"]


def test_a_link_is_followed_to_a_file_below_the_folder_only(folder: Folder, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.mcap"
    outside.write_bytes(b"secret")
    (tmp_path / "data").write_bytes(b"inside")
    (tmp_path / "other.mcap").write_bytes(b"other")
    (tmp_path / "ours.mcap").symlink_to("data")
    (tmp_path / "twice.mcap").symlink_to("other.mcap")
    (tmp_path / "theirs.mcap").symlink_to(outside)
    (tmp_path / "nowhere.mcap").symlink_to("missing")
    (tmp_path / "loop.mcap").symlink_to("loop.mcap")
    (tmp_path / "up").symlink_to("..")
    found = folder.look()
    assert sorted(found.logs) == ["other.mcap", "ours.mcap"]
    assert not found.troubles
    for name in ("theirs.mcap", "nowhere.mcap", "loop.mcap", f"up/{outside.name}"):
        with pytest.raises(NotFound), folder.opened(name):
            pass


@pytest.mark.parametrize(
    "name",
    [
        "../run.mcap",
        "a/../../run.mcap",
        "/etc/run.mcap",
        "",
        ".",
        "run.mcap/",
        "a//run.mcap",
        ".x.mcap",
        "run.mcap\0",
        "run.mcap.json",
        ".paddock-car/car.sqlite",
        "x" * 300 + ".mcap",
        "pipe.mcap",
        "folder.mcap",
    ],
)
def test_names_that_lead_elsewhere(folder: Folder, tmp_path: Path, name: str) -> None:
    (tmp_path.parent / "run.mcap").write_bytes(b"secret")
    os.mkfifo(tmp_path / "pipe.mcap")
    (tmp_path / "folder.mcap").mkdir()
    with pytest.raises(NotFound), folder.opened(name):
        pass


def test_a_log_that_is_opened_to_be_written_into(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "run.mcap").write_bytes(b"")
    assert folder.is_being_written("run.mcap") is False
    with (tmp_path / "run.mcap").open("rb"):
        assert folder.is_being_written("run.mcap") is False
    with (tmp_path / "run.mcap").open("ab"):
        assert folder.is_being_written("run.mcap") is True
    assert folder.is_being_written("run.mcap") is False


def test_a_log_without_its_end(folder: Folder, tmp_path: Path) -> None:
    log = small_log()
    for name, content in {
        "whole.mcap": log,
        "cut.mcap": log[:-1],
        "short.mcap": b"\x89MC",
        "empty.mcap": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
    cut = {name: folder.is_cut(name) for name in folder.look().logs}
    assert cut == {"whole.mcap": False, "cut.mcap": True, "short.mcap": True, "empty.mcap": True}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="No such file"):
        Folder(tmp_path / "gone").look()


def test_what_may_not_be_read_is_said(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "run.mcap").write_bytes(b"")
    scandir = os.scandir

    def refused(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    found = folder.look()
    assert list(found.logs) == ["run.mcap"]
    assert found.troubles == {"closed": "closed cannot be read: Permission denied."}


def test_a_sidecar_that_was_being_written_when_we_were_killed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    half = tmp_path / "day" / f".{sidecar_name('run.mcap')}.0123456789ab"
    for path in (half, tmp_path / ".others.json.0123456789ab", tmp_path / "day" / "run.mcap.json"):
        path.write_bytes(b"{")
    folder.remove_half_sidecars()
    assert not half.exists()
    assert (tmp_path / ".others.json.0123456789ab").exists(), "not of a log"
    assert (tmp_path / "day" / "run.mcap.json").exists()
