"""Where output goes: over every command and client method that writes a file, nothing that exists is destroyed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.cli import group
from paddock.client import FoundRecording
from paddock.client.connection import Connection
from paddock.client.files import Attachment
from paddock.errors import PaddockError, Rejected
from tests.logs import small_log
from tests.readers.mcap.builders import car_log

LOG = small_log(5)
SERVED = b"\x89MCAP0\r\n served"

Run = Callable[[str, bool], bool]
"""Writes to a target, by force or not; whether it says that it did."""


def served_connection(name: str = "served.mcap", body: bytes = SERVED) -> Connection:
    connection = Connection("http://served", 5)
    headers = {"content-disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            artifact = {"url": "/file", "name": name, "size_bytes": len(body), "format": "mcap"}
            return httpx.Response(200, json={"id": "1", "state": "done", "artifact": artifact})
        if request.url.path.endswith(".toml"):
            return httpx.Response(200, text="signals = []\n")
        return httpx.Response(200, content=body, headers=headers)

    connection._http = httpx.Client(base_url="http://served", transport=httpx.MockTransport(answer))
    return connection


def command(*arguments: str) -> Run:
    def run(target: str, force: bool) -> bool:
        with mock.patch("paddock.client.client.Connection", lambda *_: served_connection()):
            done = CliRunner().invoke(group, [*arguments, "-o", target, *(["--force"] if force else [])])
        assert done.exception is None or isinstance(done.exception, SystemExit | PaddockError), done.exception
        return done.exit_code == 0

    return run


def method(call: Callable[[FoundRecording, str, bool], Any]) -> Run:
    def run(target: str, force: bool) -> bool:
        answer = {"id": "ab" * 32, "name": "run.mcap", "status": "ready", "size_bytes": 1}
        try:
            call(FoundRecording.of(served_connection(), answer), target, force)
        except PaddockError:
            return False
        return True

    return run


NOTES = Attachment(url="/file", name="served.mcap", size_bytes=9, media_type="text/plain")
WRITERS: dict[str, tuple[Run, str]] = {
    **{
        f"convert -f {suffix[1:]}": (command("convert", "run.mcap", "-f", suffix[1:]), suffix)
        for suffix in (".mat", ".mcap", ".csv", ".h5", ".parquet", ".arrow")
    },
    "convert of two topics": (command("convert", "two.mcap", "-f", "csv"), ".csv"),
    "convert of a folder": (command("convert", "day", "-f", "mcap"), ".mcap"),
    "recover": (command("recover", "run.mcap"), ".mcap"),
    "simulate": (command("simulate", "--parked", "--duration", "0.1"), ".mcap"),
    "signals export": (command("signals", "export"), ".toml"),
    "export": (command("export", "abcdef12", "-f", "mcap"), ".mcap"),
    "download": (method(lambda run, target, force: run.download(target, overwrite=force)), ".mcap"),
    "download of an attachment": (
        method(lambda run, target, force: run.download(target, NOTES, overwrite=force)),
        ".mcap",
    ),
    "save": (method(lambda run, target, force: run.export("mcap").save(target, overwrite=force)), ".mcap"),
}


def says(data: bytes) -> str:
    """The suffix that tells what the bytes are."""
    heads = {
        b"\x89MCAP0": ".mcap", b"MATLAB 5": ".mat", b"\x89HDF": ".h5", b"PAR1": ".parquet", b"ARROW1": ".arrow",
        b"PK": ".zip", b"signals": ".toml",
    }  # fmt: skip
    return next((suffix for head, suffix in heads.items() if data.startswith(head)), ".csv")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def furnish(here: Path, suffix: str) -> dict[str, bytes]:
    """A folder with logs, links to them and files of every suffix; what the files hold."""
    (here / "day/deep").mkdir(parents=True)
    (here / "held").mkdir()
    for name in ("run.mcap", "day/run.mcap", "day/deep/other.mcap"):
        (here / name).write_bytes(LOG)
    (here / "two.mcap").write_bytes(car_log(8))
    for name in (
        f"mine{suffix}",
        f"mine{suffix}.zip",
        f"held/run{suffix}",
        f"held/served{suffix}",
        "plain",
        "x.doc",
    ):
        (here / name).write_bytes(b"mine")
    (here / f"soft{suffix}").symlink_to("run.mcap")
    (here / f"hard{suffix}").hardlink_to(here / "run.mcap")
    (here / f"dangling{suffix}").symlink_to("nothing")
    (here / f"to-mine{suffix}").symlink_to(f"mine{suffix}")
    (here / f"folder{suffix}").mkdir()
    (here / "door").symlink_to("day")
    os.mkfifo(here / f"pipe{suffix}")
    return contents(here)


def contents(here: Path) -> dict[str, bytes]:
    """What is in every file, and where every link leads."""
    return {
        str(path.relative_to(here)): os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in here.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def names(folder: Path | str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


TARGETS = [
    "run.mcap", "./run.mcap", "day/../run.mcap", "door/run.mcap", "two.mcap", "soft{}", "hard{}", "dangling{}",
    "to-mine{}", "mine{}", "mine", "mine{}.zip", "plain", "plain/", "x.doc", "folder{}", "folder{}/", "pipe{}",
    "held", "held/", "held/.", "new/", "new/deeper/", "new{}", "new", "new{}.zip", "new/deeper/file{}", ".", "..",
    "door/", "day", "new.csv", "new.mat",
]  # fmt: skip
INPUTS = {
    "convert of two topics": {"two.mcap"},
    "convert of a folder": {"day/run.mcap", "day/deep/other.mcap"},
    **{
        name: set()
        for name in ("simulate", "signals export", "export", "download", "download of an attachment", "save")
    },
}
"""What a writer reads; ``run.mcap`` where nothing is said."""


@pytest.mark.parametrize("writer", WRITERS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(target=st.sampled_from(TARGETS), force=st.booleans())
def test_nothing_that_exists_is_destroyed(
    writer: str, target: str, force: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run, suffix = WRITERS[writer]
    here = tmp_path_factory.mktemp("outer") / "inner"
    here.mkdir()
    before = furnish(here, suffix)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        done = run(target.format(suffix), force)
    after = contents(here)
    outside = {f"../{path.name}": path.read_bytes() for path in here.parent.iterdir() if path.is_file()}
    new = {name: data for name, data in after.items() if name not in before} | outside
    changed = {name for name, data in before.items() if after.get(name) != data}
    if not force:
        assert not changed
    assert not changed & INPUTS.get(writer, {"run.mcap", f"soft{suffix}", f"hard{suffix}"})
    assert len(changed) <= 1 + ("folder" in writer)
    assert not list(here.parent.rglob("*.part")), "left behind"
    if not done and "folder" not in writer:
        assert not new and not changed, "it says that it failed"
    if writer == "download of an attachment":
        return  # people call their files as they like
    assert changed <= set(after)
    for name, data in {**new, **{name: after[name] for name in changed}}.items():
        assert name.endswith(says(data)), name


def test_a_zip_is_what_its_name_says(here: Path) -> None:
    (here / "run.mcap").write_bytes(LOG)
    for named, inner in (("a.csv.zip", "a.csv"), ("b.parquet.zip", "b.parquet"), ("c.mat.zip", "c.mat")):
        assert CliRunner().invoke(group, ["convert", "run.mcap", "-o", named]).exit_code == 0
        with zipfile.ZipFile(named) as archive:
            assert archive.namelist() == [inner] and says(archive.read(inner)) == Path(inner).suffix
    connection = served_connection("t.csv", b"t,log_time\r\n")
    saved = connection.download("/file", "got.csv.zip")
    with zipfile.ZipFile(saved) as archive:
        assert archive.namelist() == ["got.csv"]
    several = served_connection("t.csv.zip", saved.read_bytes())
    assert several.download("/file", "more.csv") == Path("more.csv.zip")


def test_the_same_name_in_a_folder_gets_a_number(here: Path) -> None:
    one, other = served_connection("notes.txt", b"one"), served_connection("notes.txt", b"other")
    assert one.download("/file", "notes/") == Path("notes/notes.txt")
    assert other.download("/file", "notes/") == Path("notes/notes (2).txt")
    assert one.download("/file", "notes") == Path("notes/notes.txt"), "the same bytes are there"
    assert other.download("/file", "notes/") == Path("notes/notes (2).txt")
    assert other.download("/file", "notes/", overwrite=True) == Path("notes/notes.txt")
    assert one.download("/file", "notes/notes.txt") == Path("notes/notes (3).txt")
    assert one.download("/file", "notes/notes.txt") == Path("notes/notes (3).txt"), "the same bytes are there"
    with pytest.raises(Rejected) as named:
        served_connection("run.mat").download("/file", "run.csv")
    assert named.value.code == "bad_suffix"


def test_a_folder_in_is_a_folder_out(here: Path) -> None:
    furnish(here, ".csv")
    day = ["convert", "day", "-o", "out/"]
    assert CliRunner().invoke(group, day).exit_code == 0
    made = sorted(str(path) for path in Path("out").rglob("*") if path.is_file())
    assert made == ["out/deep/other.mat", "out/run.mat"]
    again = CliRunner().invoke(group, [*day, "-j", "2"])
    assert again.exit_code == 0, again.stderr
    assert sorted(str(path) for path in Path("out").rglob("*") if path.is_file()) == made, (
        "the same bytes are there"
    )
    (here / "out/run.mat").write_bytes(b"mine")
    assert CliRunner().invoke(group, day).exit_code == 0
    assert names("out") == ["deep", "run (2).mat", "run.mat"] and (here / "out/run.mat").read_bytes() == b"mine"
    (here / "out/run (2).mat").unlink()
    assert CliRunner().invoke(group, [*day, "--force"]).exit_code == 0
    inside = ["convert", "day", "-o", "day/slices/", "-f", "mcap"]
    assert CliRunner().invoke(group, inside).exit_code == 0
    assert CliRunner().invoke(group, [*inside, "--force"]).exit_code == 0
    assert names("day/slices") == ["deep", "run.mcap"]
    assert CliRunner().invoke(group, ["convert", "held", "-o", "out/"]).exit_code == 2, "there is no log in it"


@pytest.mark.parametrize(
    "arguments",
    [
        ["a/run.mcap", "b/run.mcap", "-o", "out/"],
        ["a/run.mcap", "a/RUN.mcap", "-o", "out/"],
        ["a/run.mcap", "a/run.log"],
        ["a/run.mcap", "a/RUN.mcap", "-o", "out.mat"],
        ["a/run.mcap", "b/run.mcap", "-o", "a/run.log"],
        ["a", "b", "-o", "out"],
        ["a/run.mcap", "b/run.mcap", "-o", "-"],
    ],
)
def test_logs_that_would_become_one_file_are_refused_before_anything_is_written(
    here: Path, arguments: list[str]
) -> None:
    for name in ("a/run.mcap", "a/RUN.mcap", "a/run.log", "b/run.mcap"):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_bytes(LOG)
    before = sorted(here.rglob("*"))
    done = CliRunner().invoke(group, ["convert", *arguments])
    assert done.exit_code == 2, done.stderr
    assert sorted(here.rglob("*")) == before


def test_names_differ_when_contents_do(here: Path) -> None:
    (here / "run.mcap").write_bytes(LOG)
    asked = [
        [], ["--rate", "100"], ["--rate", "10"], ["--rate", "10", "--linear"], ["--native"], ["--compress"],
        ["--layout", "hytech-v1"], ["--layout", "hytech-v2"], ["--start", "0.1"], ["--end", "0.1"],
        ["--start", "0.1", "--end", "0.3"], ["--start", "2026-04-18T14:32:00.1Z"], ["-s", "Pedals"],
        ["-s", "Pedals.*"], ["-s", "Pedals.brake"], ["-s", "Pedals.brake", "-s", "Pedals.throttle"],
        ["--mat-version", "7.3"], ["-s", "Pedals.?rake"],
    ]  # fmt: skip
    for number, options in enumerate(asked, 2):
        done = CliRunner().invoke(group, ["convert", "run.mcap", *options])
        assert done.exit_code == 0, done.output
        assert len(list(here.iterdir())) == number
    assert CliRunner().invoke(group, ["convert", "run.mcap", "--layout", "paddock"]).exit_code == 0
    assert len(list(here.iterdir())) == number, "it is run.mat again"
    assert (here / "run_100Hz.mat").exists() and (here / "run_0.1s-0.3s.mat").exists()


def paddock(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "paddock", *map(str, arguments)], capture_output=True, **options)


def test_logs_come_through_pipes_and_files_go_into_them(here: Path) -> None:
    (here / "run.mcap").write_bytes(LOG)
    (here / "two.mcap").write_bytes(car_log(8))
    with (here / "run.mcap").open("rb") as file:
        refused = paddock("convert", "-", "-o", "run.mcap", "--force", stdin=file)
    assert refused.returncode == 1 and b"is the file that is read" in refused.stderr
    for name in ("-", "/dev/stdin"):
        assert b'"message_count": 5' in paddock("info", "--json", name, input=LOG).stdout
        csv = paddock("convert", name, "-f", "csv", "-o", "-", input=LOG)
        assert csv.returncode == 0 and csv.stdout.startswith(b'"t","log_time"') and csv.stderr == b""
        nowhere = paddock("convert", name, input=LOG)
        assert nowhere.returncode == 2 and b"say where with -o" in nowhere.stderr
        garbage = paddock("info", name, input=b"no log")
        assert garbage.returncode == 1 and b"no log that Paddock reads" in garbage.stderr
    for form in ("mat", "arrow", "parquet", "mcap", "h5"):
        done = paddock("convert", "run.mcap", "-f", form, "-o", "-")
        assert says(done.stdout) == f".{form}", done.stderr
    zipped = paddock("convert", "two.mcap", "-f", "csv", "-o", "-")
    assert (zipped.returncode, zipped.stdout) == (2, b"") and b"choose one topic" in zipped.stderr
    assert says(paddock("recover", "-", "-o", "-", input=LOG[:-50]).stdout) == ".mcap"
    for name in ("/dev/stdout", "/dev/fd/1"):
        assert says(paddock("convert", "run.mcap", "-f", "mcap", "-o", name).stdout) == ".mcap"
    device = paddock("convert", "run.mcap", "-f", "csv", "-o", "/dev/null")
    assert device.returncode == 1 and b"/dev/null is there and no file" in device.stderr
    for arguments in (["convert", "run.mcap", "-f", "mcap"], ["recover", "run.mcap"]):
        with (here / "run.mcap").open("ab") as file:
            command = [sys.executable, "-m", "paddock", *arguments, "-o", "-"]
            refused = subprocess.run(command, stdout=file, stderr=subprocess.PIPE)
        assert refused.returncode == 1 and b"stdout goes into the file that is read" in refused.stderr
    assert (here / "run.mcap").read_bytes() == LOG
    assert says(paddock("simulate", "--parked", "--duration", "0.1", "-o", "-").stdout) == ".mcap"
    assert names(".") == ["run.mcap", "two.mcap"]


def test_a_log_that_fails_or_kills_its_process_stops_no_other(here: Path) -> None:
    (here / "day").mkdir()
    for number in range(4):
        (here / f"day/{number}.mcap").write_bytes(LOG)
    (here / "day/1.mcap").write_bytes(b"no log")
    (here / "day/3.mcap").unlink()
    (here / "day/3.mcap").mkdir()
    done = CliRunner().invoke(group, ["convert", *(f"day/{number}.mcap" for number in (0, 1, 2)), "-o", "out/"])
    assert done.exit_code == 1 and done.stderr.startswith("paddock: 1.mcap: ")
    assert names("out") == ["0.mat", "2.mat"]
    # Spawned processes import the module that kills them.
    (here / "deadly.py").write_text(DEADLY)
    killed = subprocess.run(
        [sys.executable, "deadly.py"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert killed.returncode == 1, killed.stderr
    assert "2.mcap: its process died" in killed.stderr and "1.mcap: OverflowError: odd" in killed.stderr
    assert names("dead") == ["0.mat"]


DEADLY = """
import os, time
from pathlib import Path
import paddock.cli.convert
import paddock.usecases.take_away.export_file as export
from paddock.cli import group

write, write_export = paddock.cli.convert.export_file, export.write_export
HALF = Path("half")  # says that 0.mat is half written

def export_file(log, *arguments, **options):
    if log.name == "2.mcap":
        while not HALF.exists():
            time.sleep(0.01)
        os._exit(9)
    if log.name == "1.mcap":
        raise OverflowError("odd")
    return write(log, *arguments, **options)

def half_written(log, request, run, target, *arguments, **options):
    if not HALF.exists():
        target.write_bytes(b"half")
        HALF.touch()
        time.sleep(60)
    return write_export(log, request, run, target, *arguments, **options)

export.write_export = half_written

paddock.cli.convert.export_file = export_file

if __name__ == "__main__":
    group(["convert", "day/0.mcap", "day/1.mcap", "day/2.mcap", "-o", "dead/", "-j", "2"])
"""


def test_a_name_that_is_no_text_is_a_name(here: Path) -> None:
    odd = os.fsencode(here) + b"/N\xfcrburgring.mcap"
    Path(os.fsdecode(odd)).write_bytes(LOG)
    for arguments in (["info"], ["convert"], ["convert", "-f", "csv"], ["doctor"], ["recover", "-o", b"o\xfc/"]):
        run = subprocess.run(
            [sys.executable, "-m", "paddock", arguments[0], odd, *arguments[1:]], capture_output=True
        )
        assert run.returncode == 0 and b"Traceback" not in run.stderr, run.stderr
    assert os.fsdecode(b"N\xfcrburgring.csv") in names(here)
