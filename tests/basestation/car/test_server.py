"""What the car answers: over real connections, because some requests are no HTTP."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from paddock.basestation.car import server as server_module
from paddock.basestation.car.service import Car
from paddock.basestation.sources.source import SeenFile
from tests.basestation.car.cars import TRUE_NS, Garage, S
from tests.basestation.car.serving import said_to, served
from tests.basestation.car.test_folder import STRANGE
from tests.basestation.car.test_watch import Recording, hash_all
from tests.cli.running import wait_until
from tests.logs import small_log

LOG = small_log()


@pytest.fixture
def car(garage: Garage) -> Car:
    garage.logs.mkdir()
    (garage.logs / "run.mcap").write_bytes(LOG)
    made = garage.car("command:exec sleep 60", stop="TERM")
    made.look()
    return made


@pytest.fixture
def client(car: Car) -> Iterator[httpx.Client]:
    with served(car) as client:
        yield client
    car.recorder.stop()


def etag(client: httpx.Client, name: str = "run.mcap") -> str:
    return client.head(f"/logs/{name}").headers["etag"]


def test_the_list(client: httpx.Client, car: Car, garage: Garage) -> None:
    hash_all(car)
    recording = Recording(garage, "next.mcap")
    car.look()
    said = client.get("/logs").json()
    recording.close()
    assert said["recording"] == "next.mcap"
    assert said["now_ns"] == garage.machine.wall_ns
    assert said["disk"]["total_bytes"] > said["disk"]["free_bytes"] > 0
    files = {each["name"]: each for each in said["files"]}
    status = (garage.logs / "run.mcap").stat()
    assert files["run.mcap"] == {
        "name": "run.mcap",
        "size_bytes": len(LOG),
        "modified_ns": status.st_mtime_ns,
        "closed": True,
        "sha256": hashlib.sha256(LOG).hexdigest(),
        "metadata": {},
        "clock_offset_ns": None,
        "trouble": None,
        "state": "closed",
        "etag": f'"{len(LOG)}-{status.st_mtime_ns}"',
    }
    assert (files["next.mcap"]["closed"], files["next.mcap"]["sha256"]) == (False, None)
    assert set(SeenFile.__struct_fields__) < set(files["run.mcap"])


def test_the_list_costs_nothing_while_nothing_changes(client: httpx.Client, car: Car, garage: Garage) -> None:
    first = client.get("/logs")
    garage.machine.passes(60)
    car.look()
    again = client.get("/logs", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (garage.logs / "run.mcap.json").write_text('{"metadata": {"driver": "Adam"}}')
    car.look()
    changed = client.get("/logs", headers={"If-None-Match": first.headers["etag"]})
    assert changed.json()["files"][0]["metadata"] == {"driver": "Adam"}


def test_a_long_list_is_compressed_for_who_can_read_that(client: httpx.Client, car: Car, garage: Garage) -> None:
    for number in range(50):
        (garage.logs / f"{number}.mcap").write_bytes(b"")
    car.look()
    answer = client.get("/logs")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(answer.content) / 5
    plain = client.get("/logs", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json()["files"] == answer.json()["files"]


@pytest.mark.parametrize("name", STRANGE)
def test_names_of_all_kinds(client: httpx.Client, car: Car, garage: Garage, name: str) -> None:
    (garage.logs / "a day").mkdir()
    (garage.logs / "a day" / name).write_bytes(small_log(7))
    car.look()
    # As Python's own json reads it: msgspec refuses lone surrogates.
    listed = [each["name"] for each in json.loads(client.get("/logs").content)["files"]]
    assert sorted(listed) == sorted(["run.mcap", f"a day/{name}"])
    answer = client.get(f"/logs/{quote(os.fsencode(f'a day/{name}'))}")
    assert answer.content == small_log(7)
    rows = json.loads(client.get("/state").content)["rows"]
    (url,) = [row["url"] for row in rows if row["name"] != "run.mcap"]
    assert client.get(url).content == small_log(7)


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        (None, 200, 0, len(LOG)),
        ("bytes=0-0", 206, 0, 1),
        ("bytes=10-19", 206, 10, 20),
        ("bytes=100-", 206, 100, len(LOG)),
        ("bytes=-7", 206, len(LOG) - 7, len(LOG)),
        (f"bytes=0-{10**19}", 206, 0, len(LOG)),
        (f"bytes={len(LOG)}-", 416, 0, 0),
        ("bytes=0-1,5-6", 200, 0, len(LOG)),
    ],
)
def test_ranges(client: httpx.Client, asked: str | None, status: int, start: int, end: int) -> None:
    answer = client.get("/logs/run.mcap", headers={"Range": asked} if asked else {})
    assert answer.status_code == status
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(LOG)}"
        return
    assert answer.content == LOG[start:end]
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(LOG)}"


def test_a_range_of_what_changed_meanwhile_is_the_whole_log(client: httpx.Client, garage: Garage) -> None:
    before = etag(client)
    half = {"Range": "bytes=100-", "If-Range": before}
    assert client.get("/logs/run.mcap", headers=half).content == LOG[100:]
    (garage.logs / "run.mcap").write_bytes(small_log(60))
    answer = client.get("/logs/run.mcap", headers=half)
    assert (answer.status_code, answer.content) == (200, small_log(60))
    assert client.get("/logs/run.mcap", headers={"If-Match": before}).status_code == 412


def test_head_and_what_one_has(client: httpx.Client) -> None:
    head = client.head("/logs/run.mcap", headers={"Range": "bytes=0-3"})
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(LOG)), b"")
    again = client.get("/logs/run.mcap", headers={"If-None-Match": head.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    since = client.get("/logs/run.mcap", headers={"If-Modified-Since": head.headers["last-modified"]})
    assert since.status_code == 304


def test_a_log_of_1970(client: httpx.Client, garage: Garage) -> None:
    os.utime(garage.logs / "run.mcap", ns=(-5 * S, -5 * S))
    answer = client.get("/logs/run.mcap")
    assert answer.content == LOG
    assert answer.headers["last-modified"].endswith("1970 00:00:00 GMT")


def test_a_log_that_grows_is_served_as_far_as_it_was(client: httpx.Client, car: Car, garage: Garage) -> None:
    recording = Recording(garage, "next.mcap")
    recording.write(b"a" * 1000)
    with client.stream("GET", "/logs/next.mcap") as answer:
        recording.write(b"b" * 1000)
        assert answer.read() == b"a" * 1000
    recording.close()


def test_a_log_that_is_removed_while_it_is_served(client: httpx.Client, garage: Garage) -> None:
    (garage.logs / "big.mcap").write_bytes(bytes(20_000_000))
    with client.stream("GET", "/logs/big.mcap") as answer:
        pieces = answer.iter_raw(65_536)
        next(pieces)
        (garage.logs / "big.mcap").unlink()
        assert 65_536 + sum(map(len, pieces)) == 20_000_000
    assert client.get("/logs/big.mcap").status_code == 404


def test_a_log_that_gets_shorter_while_it_is_served_is_noticed(client: httpx.Client, garage: Garage) -> None:
    (garage.logs / "big.mcap").write_bytes(bytes(20_000_000))
    with client.stream("GET", "/logs/big.mcap") as answer, pytest.raises(httpx.RemoteProtocolError):
        os.truncate(garage.logs / "big.mcap", 1000)
        answer.read()
    assert client.get("/logs/run.mcap").content == LOG


@pytest.mark.parametrize("count", [0, 1, 1000, len(LOG)])
def test_the_hash_of_its_beginning(client: httpx.Client, count: int) -> None:
    said = client.get(f"/logs/run.mcap?beginning={count}").json()
    assert said == {"size_bytes": count, "sha256": hashlib.sha256(LOG[:count]).hexdigest()}


@pytest.mark.parametrize("count", ["-1", "x", "9" * 30, str(len(LOG) + 1)])
def test_a_beginning_that_it_has_not(client: httpx.Client, count: str) -> None:
    assert client.get(f"/logs/run.mcap?beginning={count}").status_code == 422


def test_remove(client: httpx.Client, car: Car, garage: Garage) -> None:
    (garage.logs / "run.mcap.json").write_text("{}")
    tag = etag(client)
    assert client.delete("/logs/run.mcap").json()["code"] == "needs_if_match"
    assert client.delete("/logs/run.mcap", headers={"If-Match": "*"}).json()["code"] == "needs_if_match"
    assert client.delete("/logs/run.mcap", headers={"If-Match": '"other"'}).status_code == 412
    assert client.delete("/logs/run.mcap", headers={"If-Match": tag}).status_code == 204
    assert list(garage.logs.iterdir()) == []
    assert client.get("/logs").json()["files"] == []
    assert client.delete("/logs/run.mcap", headers={"If-Match": tag}).status_code == 404


def test_remove_by_hash(client: httpx.Client, car: Car, garage: Garage) -> None:
    by_hash = {"If-Match": f'"{hashlib.sha256(LOG).hexdigest()}"'}
    assert client.delete("/logs/run.mcap", headers=by_hash).status_code == 412, "the car has not hashed it"
    hash_all(car)
    (garage.logs / "run.mcap").write_bytes(small_log(60))
    assert client.delete("/logs/run.mcap", headers=by_hash).status_code == 412, "it is another one by now"
    (garage.logs / "run.mcap").write_bytes(LOG)
    car.look()
    hash_all(car)
    assert client.delete("/logs/run.mcap", headers=by_hash).status_code == 204


def test_what_is_being_recorded_stays(client: httpx.Client, car: Car, garage: Garage) -> None:
    recording = Recording(garage, "next.mcap")
    for looked in (False, True):
        if looked:
            car.look()
        answer = client.delete("/logs/next.mcap", headers={"If-Match": etag(client, "next.mcap")})
        assert (answer.status_code, answer.json()["code"]) == (409, "being_recorded")
    with (garage.logs / "run.mcap").open("ab"):
        answer = client.delete("/logs/run.mcap", headers={"If-Match": etag(client)})
        assert answer.status_code == 409, "somebody has opened it again"
    recording.close()
    assert (garage.logs / "next.mcap").exists()


@pytest.mark.parametrize(
    "path",
    [
        "/logs/../../etc/passwd",
        "/logs/%2e%2e/secret.mcap",
        "/logs/%2e%2e%2fsecret.mcap",
        "/logs/.paddock-car/car.sqlite",
        "/logs/run.mcap.json",
        "/logs/%00.mcap",
        "/logs/nothing.mcap",
        "/static/../routes.py",
        "/nothing",
    ],
)
def test_nothing_else_is_served(client: httpx.Client, garage: Garage, path: str) -> None:
    (garage.root / "secret.mcap").write_bytes(b"secret")
    (garage.logs / "run.mcap.json").write_text("{}")
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    assert said_to(client, request.encode()).startswith(b"HTTP/1.1 404 ")


def test_the_time_is_told(client: httpx.Client, car: Car, garage: Garage) -> None:
    garage.machine.wall_ns = 37 * S
    told = {"now_ns": TRUE_NS, "round_trip_ns": 2 * 10**8}
    said = client.post("/clock", json=told).json()
    assert said["offset_ns"] == TRUE_NS + 10**8 - 37 * S
    assert (said["source"], said["unsure_ns"]) == ("base_station", 10**8)
    assert client.post("/clock", json={"now_ns": 5}).json()["code"] == "bad_time"
    for nonsense in ({}, {"now_ns": "x"}, {"now_ns": TRUE_NS, "round_trip_ns": -1}, {"now_ns": 1e300}, []):
        assert client.post("/clock", json=nonsense).status_code == 422
    assert client.get("/state").json()["clock"]["offset_ns"] == said["offset_ns"]


def test_metadata(client: httpx.Client, car: Car, garage: Garage) -> None:
    said = client.put("/metadata", json={"metadata": {"driver": " Adam ", "tyre_set": "R25B", "notes": " "}})
    assert said.json() == {"metadata": {"driver": "Adam", "tyre_set": "R25B"}}
    assert garage.car().state().metadata == {"driver": "Adam", "tyre_set": "R25B"}
    for nonsense in ({"metadata": {"driver": 7}}, {"metadata": {"driver": "x" * 201}}, {"other": {}}, []):
        assert client.put("/metadata", json=nonsense).status_code == 422


def test_start_and_stop(client: httpx.Client, car: Car) -> None:
    for _ in range(2):
        assert client.post("/recording/start").json()["doing"] == "recording"
    assert client.get("/state").json()["recorder"]["doing"] == "recording"
    for _ in range(2):
        assert client.post("/recording/stop").json()["doing"] == "stopped"


def test_a_recorder_that_does_not_start(garage: Garage) -> None:
    car = garage.car("command:echo no bus; exit 1")
    with served(car) as client:
        answer = client.post("/recording/start")
        assert (answer.status_code, answer.json()["code"]) == (503, "recorder")
        state = client.get("/state").json()["recorder"]
        assert state["doing"] == "died"
        assert "It said: no bus" in state["detail"]


def test_pages_of_other_sites_and_names_that_are_not_ours(client: httpx.Client) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        for method, path in (("POST", "/recording/stop"), ("PUT", "/metadata"), ("DELETE", "/logs/run.mcap")):
            assert client.request(method, path, headers=headers).json()["code"] == "cross_site"
    assert client.get("/logs", headers={"Host": "evil.example"}).json()["code"] == "wrong_host"
    for ours in ("localhost:8090", "[::1]:8090", "10.0.0.7", "car.local"):
        assert client.get("/logs", headers={"Host": ours}).status_code == 200


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("10.0.0.4", True),
        ("192.168.4.2", True),
        ("169.254.3.4", True),
        ("100.100.3.4", True),
        ("fe80::1%eth0", True),
        ("fd00:7::12", True),
        ("::ffff:10.0.0.4", True),
        ("8.8.8.8", False),
        ("2001:4860:4860::8888", False),
        ("::ffff:8.8.8.8", False),
        ("nonsense", False),
    ],
)
def test_who_is_of_the_cars_network(address: str, near: bool) -> None:
    assert server_module._is_near(address) is near


def test_who_is_not_of_the_cars_network_is_refused(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_is_near", lambda address: False)
    assert client.get("/logs/run.mcap").json()["code"] == "outside"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 403),
        (b"nonsense\r\n\r\n", 400),
        (b"FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 505),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"PUT /metadata HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n", 413),
        (b"PUT /metadata HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 422),
        (b"PUT /metadata HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"1" * 5000 + b"\r\n\r\n", 422),
        (b"PUT /metadata HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 422),
        (b"PUT /metadata HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 422),
        (b"POST /logs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
        (b"PUT /logs/run.mcap HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
    ],
)
def test_requests_that_are_none(client: httpx.Client, request_bytes: bytes, status: int) -> None:
    said = said_to(client, request_bytes)
    assert said.startswith(f"HTTP/1.1 {status} ".encode()), said[:200]
    assert said.count(b"Server: paddock-car") == 1
    assert json.loads(said.partition(b"\r\n\r\n")[2])["status"] == status
    assert client.get("/logs").status_code == 200


def test_connections_beyond_the_most_are_closed(car: Car, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 2)
    with served(car) as client:
        address = (client.base_url.host, client.base_url.port)
        held = [socket.create_connection(address) for _ in range(2)]
        with pytest.raises(httpx.TransportError):
            client.get("/logs")
        for each in held:
            each.close()

        def answers() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return client.get("/logs").status_code == 200
            return False

        wait_until(answers)


def test_answers_tell_browsers_what_is_safe(client: httpx.Client) -> None:
    for path in ("/", "/logs", "/logs/run.mcap", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["server"] == "paddock-car"


def test_everything_the_page_loads_is_there(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for name in ("car.js", "car.css", "kernel/paddock.css", "kernel/mark.svg", "kernel/dom.js", "kernel/api.js"):
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200, name
        tag = {"If-None-Match": answer.headers["etag"]}
        assert client.get(f"/static/{name}", headers=tag).status_code == 304


def test_a_crash_of_ours_is_a_500_and_no_end(
    client: httpx.Client, car: Car, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(car, "logs", lambda: 1 / 0)
        assert client.get("/logs").json()["code"] == "internal_error"
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert client.get("/logs").status_code == 200


def test_links_out_of_the_folder_are_not_served(client: httpx.Client, garage: Garage) -> None:
    (garage.root / "secret.mcap").write_bytes(b"secret")
    (garage.logs / "theirs.mcap").symlink_to(garage.root / "secret.mcap")
    assert client.get("/logs/theirs.mcap").status_code == 404


def test_a_list_that_nobody_could_make_is_no_empty_list(client: httpx.Client, car: Car, garage: Garage) -> None:
    garage.logs.rename(garage.root / "elsewhere")
    car.look()
    answer = client.get("/logs")
    assert (answer.status_code, answer.json()["code"]) == (503, "no_logs_folder")
    assert "cannot be read" in client.get("/state").json()["complaints"][0]


def test_who_asks_before_the_first_look_waits_for_it(garage: Garage) -> None:
    garage.logs.mkdir()
    (garage.logs / "run.mcap").write_bytes(LOG)
    car = garage.car()
    with served(car) as client:
        threading.Timer(0.2, car.look).start()
        assert len(client.get("/logs").json()["files"]) == 1


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be read"):
        Car(tmp_path / "gone", tmp_path / "state")
