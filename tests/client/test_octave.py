"""``paddock.find``, ``fetch`` and ``load`` in GNU Octave against a served Paddock.

Octave also runs what is for MATLAB alone: ``matlab_prompt`` has MATLAB's functions for HTTP that Octave lacks, as
MathWorks documents them, over curl. That they are so in MATLAB, only MATLAB can show.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

import paddock
from paddock import Client
from paddock.usecases.intake.originals import MISSING, note
from tests.logs import small_log
from tests.readers.mcap.builders import car_log
from tests.web.browsing import served
from tests.web.converted import json_log
from tests.web.people import PASSWORD, add_person

FUNCTIONS = Path(paddock.__file__).parent / "matlab"
LIKE_MATLAB = Path(__file__).parent / "matlab_prompt"

Prompt = Callable[..., dict[str, Any]]
"""Runs a session in a folder against a server and answers what it left as ``out``."""


@pytest.fixture(params=["octave", "matlab"])
def prompt(request: pytest.FixtureRequest) -> Prompt:
    octave = shutil.which("octave-cli") or shutil.which("octave")
    if octave is None or shutil.which("curl") is None:
        pytest.skip("GNU Octave or curl is not installed (apt install octave curl)")
    folders = [FUNCTIONS, LIKE_MATLAB] if request.param == "matlab" else [FUNCTIONS]
    at_start = "".join(f"addpath('{folder}'); " for folder in folders)
    at_end = "handle = fopen('out.json', 'w'); fputs(handle, jsonencode(out)); fclose(handle);"

    def run(session: str, folder: Path, **environment: str) -> dict[str, Any]:
        done = subprocess.run(
            [octave, "--no-gui", "--quiet", "--norc", "--eval", f"{at_start}\n{session}\n{at_end}"],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (folder / "out.json").exists(), done.stderr
        answer: dict[str, Any] = json.loads((folder / "out.json").read_text())
        return answer

    return run


SESSION = """
R = paddock.find('michigan', 'car', 'HT09', 'driver', {'Adam', 'nobody & co'});
out.found = {R.driver};
out.notes = R(1).notes;
out.tyres = {R(1).tyre_set, numel(paddock.find('tyre_set', 'wet')), numel(paddock.find('tyre_set', 'slick'))};
S = load(paddock.fetch(R(1), 'folder', 'fields'));
out.said = {S.meta.run.tyre_set, S.meta.run.wing};
out.none = numel(paddock.find('driver', 'Zoë'));
out.hot = numel(paddock.find('signal', 'max(Pedals.throttle) > 4'));
file = paddock.fetch(R(1));
[~, out.name] = fileparts(file);
S = paddock.load(R(1).id(1:10), 'signals', 'Pedals.brake', 'rate_hz', 5);
out.rows = numel(S.Pedals.t);
out.fields = fieldnames(S.Pedals);
try, paddock.fetch(R(1), 'format', 'floppy'); catch e, out.refused = e.message; end
try, paddock.find('wings', 'high'); catch e, out.unknown = {e.identifier, e.message}; end
try, paddock.find('signal', 'max(Pedals.throttle) is high'); catch e, out.unread = e.message; end
try, paddock.find('signal', 'max(Pedals.throttle) > 1', 'from', 'some day'); catch e, out.undated = e.message; end
C = paddock.find('signal', 'max(cell_voltages[3]) > 0');
S = paddock.load(C(1), 'signals', 'ACUAllData.cell_voltages[3]');
out.cells = {fieldnames(S.ACUAllData)', S.ACUAllData.cell_voltages_3_'};
A = paddock.find('text', 'attached.mcap');
out.attachment = paddock.fetch(A, 'attachment', 'notes.txt', 'folder', 'notes');
out.first = paddock.fetch(A, 'attachment', 1);
out.again = paddock.fetch(A, 'attachment', 1, 'folder', 'notes');
handle = fopen('notes/notes.txt', 'w'); fputs(handle, 'mine'); fclose(handle);
out.numbered = paddock.fetch(A, 'attachment', 1, 'folder', 'notes');
out.new_folder = paddock.fetch(A, 'attachment', 1, 'folder', 'made/here');
handle = fopen(out.new_folder, 'w'); fputs(handle, 'mine'); fclose(handle);
out.replaced = paddock.fetch(A, 'attachment', 1, 'folder', 'made/here', 'overwrite', true);
out.beside = paddock.fetch(A, 'file', 'setup Zoë.txt', 'folder', 'notes');
try, paddock.fetch(A, 'attachment', 'photo.jpg'); catch e, out.photo = e.message; end
try, paddock.fetch(paddock.find('text', 'lost.mcap'), 'attachment', 1); catch e, out.lost = e.message; end
try, paddock.fetch(R(1), 'file', 1); catch e, out.bare = e.message; end
paddock.server('127.0.0.1:9');
try, paddock.find('car', 'HT09'); catch e, out.away = {e.identifier, e.message}; end
"""


def test_a_session_at_the_prompt(tmp_path: Path, prompt: Prompt) -> None:
    with served(tmp_path / "data", with_worker=True) as site, Client(site.url) as client:
        client.add_field("Tyre set", choices=["Wet", "R25B"])
        client.add_field("Wing")
        log = tmp_path / "run.mcap"
        for driver in ("Adam", "Eve"):
            log.write_bytes(small_log(driver=driver))
            client.upload(log, metadata={"notes": f"{driver}: gusty, 12 °C", "tyre_set": "wet"}).wait()
        rows = [{"cell_voltages": [n, n + 1, n + 2, n + 3]} for n in range(5)]
        client.upload(json_log(tmp_path / "cells.mcap", "ACUAllData", rows)).wait()
        log = tmp_path / "attached.mcap"
        log.write_bytes(car_log(60))
        sheet = tmp_path / "setup.txt"
        sheet.write_bytes(b"wing 4")
        client.upload(log).wait().add_file(sheet, name="setup Zoë.txt")
        log = tmp_path / "lost.mcap"
        log.write_bytes(car_log(61))
        lost = client.upload(log).wait()
        site.run(note(site.context, site.run(site.context.documents.recordings.get(lost.id)), MISSING))
        (tmp_path / "notes").mkdir()
        out = prompt(SESSION, tmp_path, PADDOCK_SERVER=f"{site.url}/")
    assert out["found"] == ["Adam"]
    assert out["notes"] == "Adam: gusty, 12 °C"
    assert (out["tyres"], out["said"]) == (["Wet", 2, 0], ["Wet", ""])
    assert (out["none"], out["hot"]) == (0, 2)
    assert out["name"].startswith("HT09_2026-04-18_1432Z_Adam_")
    assert (tmp_path / f"{out['name']}.mat").stat().st_size > 1000
    assert out["rows"] == 25
    assert "brake" in out["fields"] and "throttle" not in out["fields"]
    assert out["cells"] == [["t", "time_ns", "cell_voltages_3_", "meta"], [3, 4, 5, 6, 7]]
    assert "floppy" in out["refused"]
    assert out["unknown"][0] == "paddock:refused" and "wings" in out["unknown"][1]
    assert "is no comparison" in out["unread"] and "some day" in out["undated"], out
    assert out["attachment"] == out["again"] == "notes/notes.txt"
    assert (tmp_path / "notes/notes.txt").read_bytes() == b"mine"
    assert out["numbered"] == "notes/notes (2).txt"
    assert (tmp_path / out["numbered"]).read_bytes() == b"box this lap"
    assert out["new_folder"] == out["replaced"] and (tmp_path / out["replaced"]).read_bytes() == b"box this lap"
    assert not list(tmp_path.rglob("*.part"))
    assert (tmp_path / out["first"]).name == "notes.txt" and (tmp_path / out["first"]).exists()
    assert (tmp_path / out["beside"]).read_bytes() == b"wing 4"
    assert out["lost"] == f"The file is in the log. {MISSING.message}"
    assert out["photo"] == "This recording has no such attachment. It has: notes.txt."
    assert out["bare"] == "This recording has no file."
    assert out["away"][0] == "paddock:noAnswer" and "127.0.0.1:9 does not answer" in out["away"][1]


WITH_A_TOKEN = """
try, paddock.find('driver', 'Adam'); catch e, out.refused = {e.identifier, e.message}; end
paddock.token(getenv('TOKEN'));
R = paddock.find('driver', 'Adam');
out.found = numel(R);
S = load(paddock.fetch(R(1)));
out.rows = numel(S.Pedals.t);
out.beside = paddock.fetch(R(1), 'file', 'setup.txt', 'folder', 'notes');
paddock.token('pdk_0000000000000000_nonsense');
try, paddock.find('driver', 'Adam'); catch e, out.over = e.message; end
other = paddock.http.authorization('http://127.0.0.1:9/');
out.elsewhere = {other, paddock.http.authorization([paddock.server() '.evil/'])};
"""


def test_with_a_token_where_people_sign_in(tmp_path: Path, prompt: Prompt) -> None:
    with served(tmp_path / "data", with_worker=True) as site:
        site.run(add_person(site.context, "Ada"))
        answer = httpx.post(f"{site.url}/api/login", json={"name": "Ada", "password": PASSWORD})
        token = answer.raise_for_status().json()["token"]
        log = tmp_path / "run.mcap"
        log.write_bytes(small_log(driver="Adam"))
        sheet = tmp_path / "setup.txt"
        sheet.write_bytes(b"wing 4")
        with Client(site.url, token=token) as client:
            client.upload(log).wait().add_file(sheet)
        out = prompt(WITH_A_TOKEN, tmp_path, PADDOCK_SERVER=site.url, TOKEN=token, TMPDIR=str(tmp_path))
    assert out["refused"][0] == "paddock:refused" and "Sign in first" in out["refused"][1]
    assert (out["found"], out["rows"] > 10) == (1, True)
    assert (tmp_path / out["beside"]).read_bytes() == b"wing 4"
    assert "was revoked" in out["over"]
    assert out["elsewhere"] == ["", ""]
    assert not [each for each in tmp_path.iterdir() if each.name.startswith("oct-")], (
        "no file with the token is left"
    )


class Bucket(BaseHTTPRequestHandler):
    """A service that leads to a bucket, which refuses a signed link that comes with a token."""

    led: dict[str, str]
    asked: list[tuple[str, str, str | None]]

    def do_GET(self) -> None:
        token = self.headers["Authorization"]
        self.asked.append((self.path, self.headers.get("Range", ""), token))
        if self.path in self.led:
            status, body = 302, b""
        elif self.path == "/gone":
            status, body = 404, b'{"detail": "There is no such file."}'
        else:
            status, body = (400, b"Only one auth mechanism allowed") if token else (200, b"wing 4")
        self.send_response(status)
        if self.path in self.led:
            self.send_header("Location", self.led[self.path])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@pytest.fixture
def bucket() -> Iterator[tuple[str, str, type[Bucket]]]:
    """Where the service is, where its bucket, and what was asked of both."""

    class Both(Bucket):
        led = {}  # noqa: RUF012
        asked = []  # noqa: RUF012

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Both) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield (*(f"http://127.0.0.1:{server.server_port}" for server in servers), Both)  # type: ignore[misc]
    for server in servers:
        server.shutdown()
        server.server_close()


TO_A_BUCKET = """
paddock.token('pdk_it');
out.file = paddock.http.download([paddock.server() '/file'], pwd, 'setup.txt', false);
out.text = fileread(out.file);
try, paddock.http.download([paddock.server() '/gone'], pwd, 'b.txt', false); catch e, out.gone = e.message; end
out.left = {dir('*.part').name};
paddock.token('');
out.open = fileread(paddock.http.download([getenv('BUCKET') '/a?b=c'], pwd, 'open.txt', false));
"""


def test_a_bucket_is_asked_without_the_token(
    tmp_path: Path, prompt: Prompt, bucket: tuple[str, str, type[Bucket]]
) -> None:
    service, store, both = bucket
    both.led["/file"] = f"{store}/file.txt?signature=a%2Fb&expires=1"
    out = prompt(TO_A_BUCKET, tmp_path, PADDOCK_SERVER=service, BUCKET=store, PADDOCK_TOKEN="")
    assert (out["text"], out["open"], out["left"]) == ("wing 4", "wing 4", [])
    assert "404" in out["gone"]
    led = [token for path, _, token in both.asked if path.startswith("/file.txt")]
    assert led == [None]
    assert {token for path, _, token in both.asked if path in ("/file", "/gone")} == {"Bearer pdk_it"}
