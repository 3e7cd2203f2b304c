"""Every command line and snippet of README, in order, in a fresh folder, beside the Paddock that README starts."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from paddock import Client
from paddock.errors import Rejected
from tests.adapters import s3_sides
from tests.cli.running import wait_until
from tests.conftest import REPOSITORY
from tests.named_commands import named_in_prose, unknown
from tests.readers.can.dbc import SMALL
from tests.servers import ferretdb, versitygw

README = (REPOSITORY / "README.md").read_text()
BLOCKS = [(kind, text) for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)]
DEMO_LOGS = 7
STARTS, TESTS = (
    "pip install uv && uv run paddock up --demo     # runs the product, on http://127.0.0.1:8080",
    "uv run pytest                                  # passes the tests",
)
ONE_FILE = "uv run pytest tests/"
"""How the block begins that somebody types who works on Paddock."""
INSTALLED = 'pip() { :; }; uv() { shift; "$@"; }; set -e\n'
"""What has run these tests is installed: ``uv run`` would change it under their feet."""
MATLAB_ONLY = "T = paddock.tt(S.VNData);\n"
"""GNU Octave has no timetables."""


class Reader:
    """Somebody who types README into a shell, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PADDOCK_PORT": str(port),
            "PADDOCK_DATA": str(folder / "data"),
        }

    def start(self, line: str) -> subprocess.Popen[bytes]:
        with (self.folder / "up.log").open("wb") as log:
            return subprocess.Popen(
                ["bash", "-c", INSTALLED + line],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, *command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def shell(self, lines: str) -> str:
        return self.run("bash", "-c", INSTALLED + self.here(lines))

    def python(self, snippet: str) -> str:
        return self.run(sys.executable, "-c", self.here(snippet))

    def octave(self, snippet: str) -> str:
        octave = shutil.which("octave-cli") or shutil.which("octave")
        assert octave is not None
        script = self.folder / "snippet.m"
        functions = REPOSITORY / "service" / "paddock" / "matlab"
        # Without a screen Octave draws nothing; what would be drawn is looked at.
        (self.folder / "plot.m").write_text("function plot(t, x)\n  assert(numel(t) == numel(x) && any(x));\nend\n")
        script.write_text(f"addpath('{functions}');\n{snippet}")
        return self.run(octave, "--no-gui", "--quiet", "--norc", script)

    def here(self, text: str) -> str:
        """With this reader's address and places instead of README's."""
        started = self.folder / "up.log"
        said = re.search(r"mqtt://127\.0\.0\.1:(\d+)", started.read_text() if started.exists() else "")
        text = text.replace("1883", said[1]) if said else text
        return text.replace("127.0.0.1:8080", self.address).replace("/etc/paddock", str(self.folder))

    def write(self, text: str) -> None:
        """A file whose first line says where it is."""
        Path(self.here(text.splitlines()[0].removeprefix("# "))).write_text(text)

    def stop(self, up: subprocess.Popen[bytes]) -> None:
        os.killpg(up.pid, signal.SIGTERM)
        up.wait(60)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    if shutil.which("octave-cli") is None and shutil.which("octave") is None:
        pytest.skip("GNU Octave is not installed (apt install octave)")
    reader = Reader(tmp_path)
    up = reader.start(STARTS)
    try:
        wait_until(lambda: "Took in" in (tmp_path / "up.log").read_text())
        yield reader
    finally:
        reader.stop(up)


def test_readme_from_top_to_bottom(reader: Reader) -> None:
    """What a reader is expected to bring: logs of a day in ``day/``, a ``setup.pdf``."""
    folder, ran = reader.folder, 0
    with Client(reader.address) as client:
        wait_until(lambda: [recording.status for recording in client.search()] == ["ready"] * DEMO_LOGS)
        (folder / "setup.pdf").write_bytes(b"%PDF-1.7")
        for kind, text in BLOCKS:
            if text.startswith(STARTS):
                assert text == f"{STARTS}\n{TESTS}\n"
            elif text.startswith(ONE_FILE):
                continue  # they are the tests themselves; the next test runs the first of them
            elif kind == "matlab":
                assert MATLAB_ONLY in text
                reader.octave(text.replace(MATLAB_ONLY, ""))
                ran += 1
            elif "mosquitto_pub " in text:
                sends_values(reader, text)
                ran += 1
            elif "pyspark" in text or text.startswith("-- Athena"):
                asks_the_store(reader, text)
                ran += 1
            elif kind == "python":
                reader.python(text)
                ran += 1
            elif text.startswith("# /"):
                reader.write(text)
            elif text.startswith("paddock car "):
                drives_a_car(reader, text)
                ran += 1
            elif "paddock up " in text:
                lets_members_in(reader, text)
                ran += 1
            elif "paddock users " in text:
                adds_users(reader, text)
                ran += 1
            elif "paddock sync " in text:
                syncs_with_the_cloud(reader, text)
                ran += 1
            elif "PADDOCK_MONGODB_URL=" in text:
                moves_to_the_cloud(reader, text)
                ran += 1
            elif kind == "" and not text.startswith("service/paddock/"):
                reader.shell(text)
                ran += 1
            if (folder / "run.mcap").exists() and not (folder / "day").exists():
                (folder / "day").mkdir()
                shutil.copy(folder / "run.mcap", folder / "day" / "first.mcap")
                shutil.copy(folder / "run.mcap", folder / "day" / "second.mcap")
                (folder / "frames.log").write_text("(10.000000) can0 100#E803A00100000000\n")
                (folder / "car.dbc").write_text(SMALL)
        assert ran >= 6
        assert sorted(path.name for path in (folder / "mats").glob("*.mat"))[-2:] == ["first.mat", "second.mat"]
        assert (folder / "speed.csv.zip").read_bytes().startswith(b"PK")
        edited = next(
            iter(client.search("endurance", car="HT09", signal="max(VNData.vn_vel_m_s.x) > 20"))
        ).refresh()
        assert [file.name for file in edited.files] == ["setup.pdf"]
        notes = [(change.before, change.after) for change in edited.history() if change.field == "notes"]
        assert notes == [("gusty on the back straight", None), (None, "gusty on the back straight")]
        assert (folder / "notes" / "setup.pdf").read_bytes() == b"%PDF-1.7"


def asks_the_store(reader: Reader, text: str) -> None:
    """The query of another engine, by one that is here: the same files, and the answer of ``paddock sql``."""
    import duckdb

    query = re.search(r"^ *select .*?group by 1", text, re.DOTALL | re.MULTILINE)
    assert query is not None
    store = reader.folder / "data" / "objects"
    files = f"read_parquet('{store}/columns/channel=vndata-*/*/*.parquet', union_by_name = true, filename = true)"
    with duckdb.connect() as engine:
        engine.execute(f"create view recordings as from read_parquet('{store}/season/recordings/*.parquet')")
        engine.execute(f'create view vndata as select *, filename as file_path, filename as "$path" from {files}')
        found = engine.execute(f"{query[0]} order by 1").fetchall()
    ours = "select driver, max(value) fastest from samples('VNData.vn_vel_m_s.x') join recordings using (recording)"
    answer = json.loads(reader.run("paddock", "sql", f"{ours} group by 1 order by 1", "--json"))
    assert found == [tuple(row.values()) for row in answer] != []


def sends_values(reader: Reader, lines: str) -> None:
    """The snippets in Python have the token from the same shell."""
    if shutil.which("mosquitto_pub") is None:
        pytest.skip("mosquitto_pub is not installed (apt install mosquitto-clients)")
    reader.environment["TOKEN"] = reader.shell(f"{lines}echo\necho $TOKEN").split()[-1]
    with Client(reader.address) as client:
        latest = wait_until(lambda: client.latest("tire-temps"))
        assert {name: each.value for name, each in latest.items()} in ({"tires.fl": 81.5}, {"tires.fl": 82})


def moves_to_the_cloud(reader: Reader, lines: str) -> None:
    """With the URL and the bucket of servers that are here."""
    with ferretdb.running(reader.folder / "mongo") as database, versitygw.running(reader.folder / "s3") as store:
        s3_sides.client(store).create_bucket(Bucket="team-logs")
        there = {"PADDOCK_S3_ENDPOINT": store.endpoint, "PADDOCK_S3_PATH_STYLE": "true"}
        reader.environment |= store.environment() | there | {"PADDOCK_AWS_REGION": versitygw.REGION}
        url = "mongodb://paddock:password@10.0.1.5/paddock"
        assert url in lines
        done = reader.shell(lines.replace(url, database.url("paddock")) + "paddock fsck\n")
        assert "Documents and objects agree" in done
        for name in there:
            del reader.environment[name]


def syncs_with_the_cloud(reader: Reader, lines: str) -> None:
    """Another Paddock is the cloud, which has all logs afterwards."""
    folder = reader.folder / "cloud"
    folder.mkdir()
    cloud = Reader(folder)
    up = cloud.start("paddock up --no-worker")
    try:
        wait_until(lambda: "Paddock is at" in (folder / "up.log").read_text())
        assert "https://paddock.example.org" in lines
        reader.shell(lines.replace("https://paddock.example.org", f"http://{cloud.address}"))
        with Client(reader.address) as here, Client(cloud.address) as there:
            assert {found.id for found in here.search()} == {found.id for found in there.search()}
    finally:
        cloud.stop(up)


def lets_members_in(reader: Reader, line: str) -> None:
    """Another Paddock, with a port and data of its own and the peers file of README, which has this machine."""
    folder = reader.folder / "members"
    folder.mkdir()
    other = Reader(folder)
    up = other.start(reader.here(line))
    try:
        wait_until(lambda: "Paddock is at" in (folder / "up.log").read_text())
        with Client(other.address) as client:
            assert list(client.search()) == []
    finally:
        other.stop(up)


def adds_users(reader: Reader, lines: str) -> None:
    """To another Paddock, where everybody signs in from then on."""
    folder = reader.folder / "users"
    folder.mkdir()
    other = Reader(folder)
    assert other.shell(lines).count("/sign-in/link?link=") == 3
    up = other.start("paddock up --no-worker")
    try:
        wait_until(lambda: "Paddock is at" in (folder / "up.log").read_text())
        with Client(other.address) as client, pytest.raises(Rejected, match="Sign in first"):
            list(client.search())
    finally:
        other.stop(up)


def drives_a_car(reader: Reader, line: str) -> None:
    """As on a car, but for the port; without its recorder it says so and serves the logs all the same."""
    folder = reader.folder / "car"
    (folder / "logs").mkdir(parents=True)
    shutil.copy(reader.folder / "run.mcap", folder / "logs")
    car = Reader(folder)
    process = car.start(f"{line.strip()} --port 0")
    try:
        said = wait_until(lambda: re.search(r"http://\S+:(\d+)/", (folder / "up.log").read_text()))
        with urllib.request.urlopen(f"http://127.0.0.1:{said[1]}/logs") as answer:
            assert json.load(answer)["files"][0]["name"] == "run.mcap"
    finally:
        car.stop(process)


def test_the_unit_of_the_car_is_one_that_starts() -> None:
    (unit,) = [text for kind, text in BLOCKS if kind == "ini"]
    (line,) = re.findall(r"^ExecStart=/opt/paddock/bin/(.+)$", unit, re.MULTILINE)
    assert not unknown(line)


def test_one_file_is_tested_as_readme_says() -> None:
    (block,) = [text for _, text in BLOCKS if text.startswith(ONE_FILE)]
    command = block.splitlines()[0].split("#")[0].split()[2:]
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=REPOSITORY, capture_output=True, text=True, timeout=240
    )
    assert re.search(r"\b[1-9]\d* passed", run.stdout), run.stdout + run.stderr


def test_ci_runs_the_test_command_of_readme() -> None:
    command = TESTS.split("#")[0].split()
    (line,) = [line for line in (REPOSITORY / ".ci" / "run").read_text().splitlines() if line.startswith("uv run")]
    words = [word for word in line.split() if word not in ("--group", "infra")]
    assert words[: len(command)] == command
    assert f"`{' '.join(words[len(command) :]).removesuffix(' --durations 10')}`" in README


ALL = README + "".join((REPOSITORY / folder / "README.md").read_text() for folder in ("infra", "nix"))


def test_every_command_that_is_named_exists() -> None:
    named = sorted(named_in_prose(ALL))
    assert len(named) > 50
    assert {line: found for line in named if (found := unknown(line))} == {}


@pytest.mark.parametrize("line", ["paddock frob", "paddock vpn frob Zoe", "paddock upload --frob=1 x"])
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    assert unknown(line)


def test_every_stack_and_every_output_of_the_flake_that_is_named_exists() -> None:
    stacks = set(re.findall(r"\bPaddock(?:Store|Host|Functions)\b", (REPOSITORY / "infra" / "app.py").read_text()))
    named = re.findall(r"aws-cdk@2 (?:deploy|destroy)([^\n`&]*)", ALL)
    assert named
    assert {word for line in named for word in line.split() if not word.startswith("-")} <= stacks
    apps = set(re.findall(r"^  (\w+) = app ", (REPOSITORY / "nix" / "apps.nix").read_text(), re.MULTILINE))
    assert {name or "default" for name in re.findall(r"`nix run(?: \.#(\w+))?", ALL)} <= apps
    flake = (REPOSITORY / "flake.nix").read_text()
    for kind, name in re.findall(r"(nixosConfigurations|nixosModules)\.([\w-]+)", ALL):
        assert re.search(rf"{kind} = {{[^}}]*\b{name} = ", flake), f"{kind}.{name}"
    for name in re.findall(r"--flake \S*#([\w-]+)", ALL):
        assert re.search(rf"nixosConfigurations = {{[^}}]*\b{name} = ", flake), name


def test_every_program_that_is_named_exists() -> None:
    for module in sorted(set(re.findall(r"python -m ([\w.]+)", README))):
        assert find_spec(module) is not None, module
        import_module(module.rpartition(".")[0])
