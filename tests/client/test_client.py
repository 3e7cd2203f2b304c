"""The Python client against a served Paddock."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

from paddock import Client
from paddock.client import FoundRecording
from paddock.client.connection import Connection
from paddock.client.signals import SignalData
from paddock.domain.job import JobState
from paddock.domain.keys import raw_key
from paddock.domain.recording import Failure, Status
from paddock.errors import Conflict, NotFound, Rejected, Unavailable
from tests.cli.running import wait_until
from tests.logs import STARTED_NS, small_log
from tests.matlab_files import loadmat
from tests.readers.mcap.builders import car_log
from tests.web.browsing import Site, served
from tests.web.converted import json_log


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("served"), with_worker=True) as served_site:
        yield served_site


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    with Client(site.url) as opened:
        yield opened


@pytest.fixture
def ready(client: Client, tmp_path: Path) -> FoundRecording:
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log())
    return client.upload(log, metadata={"event": "Endurance"}).wait()


def test_importing_paddock_stays_light() -> None:
    code = "import sys, paddock; assert not {'httpx', 'pyarrow', 'numpy'} & set(sys.modules); paddock.Client"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_recording_is_found_by_its_filters(client: Client, ready: FoundRecording) -> None:
    (found,) = client.search("michigan", driver="Adam", event=["Endurance", "Autocross"])
    assert (found.id, found["driver"], found["notes"]) == (ready.id, "Adam", "")
    assert found.metadata["event"].source == "person"
    assert list(client.search(driver="nobody")) == []
    assert list(client.search(since="2026-04-18", until="2026-04-18", signal="max(Pedals.throttle) > 1"))
    with pytest.raises(Rejected, match="wings"):
        list(client.search(wings="high"))
    said = repr(found)
    assert f"{ready.id[:10]} run.mcap ready" in said and "driver='Adam'" in said and len(said) < 300


def test_a_field_of_the_teams_own(client: Client, ready: FoundRecording) -> None:
    added = client.add_field("Tyre set", choices=["R25B", "Wet"], column=True)
    assert (added.name, added.own, client.fields()[-1]) == ("tyre_set", True, added)
    with pytest.raises(Conflict):
        client.add_field("Tyres", name="tyre_set")
    assert ready.refresh().edit(tyre_set="wet")["tyre_set"] == "Wet"
    assert [each.id for each in client.search(tyre_set=["WET", "R25B"], sort="-tyre_set")] == [ready.id]
    with pytest.raises(Rejected, match="R25B, Wet"):
        ready.refresh().edit(tyre_set="slick")
    changed = client.change_field("tyre_set", label="Tyres")
    assert (changed.label, changed.choices, changed.column) == ("Tyres", ("R25B", "Wet"), True)
    client.remove_field("tyre_set")
    with pytest.raises(NotFound):
        client.change_field("tyre_set", label="Tyres")
    assert ready.refresh()["tyre_set"] == "Wet", "what it said stays"


def test_elements_of_a_list(client: Client, tmp_path: Path) -> None:
    rows = [{"volts": [3.5 + n / 8, 3.625 + n / 8][: 1 + n % 2]} for n in range(20)]
    run = client.upload(json_log(tmp_path / "cells.mcap", "ACU", rows)).wait()
    assert run.signal("ACU.volts[0]").numpy()[1].tolist() == [3.5 + n / 8 for n in range(20)]
    assert run.signal("volts[1]").values.null_count == 10, "where a list is shorter there is nothing"
    found = run.signals(["ACU.volts[*]"])
    assert list(found) == ["ACU.volts[0]", "ACU.volts[1]"]
    assert list(run.signals(["ACU.volts", "ACU.volts[1]"])) == ["ACU.volts[1]", "ACU.volts"]
    assert {(known.name, known.longest, known.element_of) for known in run.find_signals("volts")} == {
        ("ACU.volts", 2, ""),
        ("ACU.volts[0]", 0, "ACU.volts"),
        ("ACU.volts[1]", 0, "ACU.volts"),
    }
    with pytest.raises(Rejected, match=r"ACU.volts has the elements 0 to 1"):
        run.signal("ACU.volts[2]")


def test_signals_as_arrow_numpy_and_pandas(client: Client, ready: FoundRecording) -> None:
    throttle = ready.signal("Pedals.throttle")
    seconds, values = throttle.numpy()
    assert seconds == pytest.approx(np.arange(50) / 10)
    assert values == pytest.approx(np.arange(50) / 10)
    table = throttle.arrow()
    assert table.column_names == ["log_time", "Pedals.throttle"]
    assert table["log_time"][0].value == STARTED_NS
    both = ready.signals(["Pedals.*"], start_s=1, end_s=2, rate_hz=20, interpolation="linear")
    assert set(both) == {"Pedals.throttle", "Pedals.brake"}
    assert len(both["Pedals.brake"]) == 19  # the last sample in the span is at 1.9 s
    with pytest.raises((NotFound, Rejected)):
        ready.signal("Pedals.nothing")
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = both.pandas()
    assert isinstance(frame.index, pandas.DatetimeIndex)
    assert frame.shape == (19, 2)


def test_a_switch_with_missing_values_is_a_number_in_numpy() -> None:
    values = pa.array([True, None, False])
    switch = SignalData("Pedals.on", "", np.arange(3, dtype=np.int64), values)
    np.testing.assert_array_equal(switch.numpy()[1], [1.0, np.nan, 0.0])
    assert SignalData("Pedals.on", "", np.arange(1, dtype=np.int64), values[:1]).numpy()[1].dtype == np.bool_


def test_an_export_is_waited_for_and_saved(ready: FoundRecording, tmp_path: Path) -> None:
    saved = ready.export(signals=["Pedals.brake"], rate_hz=5).wait().save(tmp_path)
    assert saved.name.startswith("HT09_2026-04-18_1432Z_Adam") and saved.suffix == ".mat"
    assert len(loadmat(saved, simplify_cells=True)["Pedals"]["brake"]) == 25
    assert ready.download(tmp_path / "copy.mcap").read_bytes() == small_log()
    with pytest.raises(Rejected):
        ready.export("floppy")


def test_several_are_saved_each_or_in_one_zip(client: Client, ready: FoundRecording, tmp_path: Path) -> None:
    log = tmp_path / "other.mcap"
    log.write_bytes(small_log(driver="Mei"))
    other = client.upload(log).wait()
    bundle = client.export_many([ready, other.id], signals=["Pedals.brake"], rate_hz=5).wait()
    saved = bundle.save(tmp_path / "mats")
    assert [path.parent for path in saved] == [tmp_path / "mats"] * 2 and "Mei" in saved[1].name
    with zipfile.ZipFile(bundle.save_zip(tmp_path / "all.zip")) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            path.name: path.read_bytes() for path in saved
        }
    with pytest.raises(Rejected, match="is a file"):
        bundle.save(log)
    with pytest.raises(Rejected):
        client.export_many([ready, other], "floppy")
    with pytest.raises(NotFound):
        client.export_many(["abcdef"])


def test_what_is_inside_a_log_is_saved_and_a_log_is_converted_again(client: Client, tmp_path: Path) -> None:
    log = tmp_path / "attached.mcap"
    log.write_bytes(car_log(60))
    run = client.upload(log).wait()
    (attachment,) = run.attachments
    assert (attachment.name, attachment.media_type) == ("notes.txt", "text/plain")
    saved = run.download(tmp_path, attachment)
    assert (saved.name, saved.read_bytes()) == ("notes.txt", b"box this lap")
    job = run.reprocess()
    assert (job.kind, job.subject) == ("convert", run.id)
    assert job.wait().state == "done" and job.id in {done.id for done in client.jobs("done")}
    with pytest.raises(Conflict, match="only a dead job"):
        job.retry()
    again = run.refresh()
    assert (again.status, again.version) != ("ready", run.version) and again.artifacts


def test_a_log_that_is_gone_says_what_to_do_and_comes_back(site: Site, client: Client, tmp_path: Path) -> None:
    log = tmp_path / "lost.mcap"
    log.write_bytes(car_log(61))
    run = client.upload(log).wait()
    (attachment,) = run.attachments
    site.run(site.context.objects.delete(raw_key(run.id)))
    with pytest.raises(NotFound, match="Send the log again"):
        run.download(tmp_path / "copy.mcap")
    lost = run.refresh()
    assert lost.original is None and lost.original_fault is not None and lost.artifacts == run.artifacts
    for file in (attachment, *lost.attachments):
        with pytest.raises(NotFound, match="Send the log again"):
            lost.download(tmp_path, file)
    for refused in (lost.reprocess, lambda: lost.export("mcap", signals=["ins"]).wait()):
        with pytest.raises(Conflict, match="Send the log again"):
            refused()
    command = [sys.executable, "-m", "paddock"]
    export = [
        *command,
        "export",
        run.id,
        "-f",
        "mcap",
        "-s",
        "ins",
        "-o",
        str(tmp_path / "x.mcap"),
        "--server",
        site.url,
    ]
    said = subprocess.run(export, capture_output=True, text=True)
    assert said.returncode == 1 and "Send the log again" in said.stderr
    sent = subprocess.run(
        [*command, "upload", str(log), "--wait", "--server", site.url], capture_output=True, text=True
    )
    assert sent.returncode == 0, sent.stderr
    wait_until(lambda: client.get(run.id).original is not None)
    back = client.get(run.id)
    assert back.original_fault is None
    assert back.download(tmp_path / "copy.mcap").read_bytes() == log.read_bytes()
    assert back.download(tmp_path, back.attachments[0]).read_bytes() == b"box this lap"


def test_waiting_ends_with_what_went_wrong_or_with_its_time(site: Site, client: Client, tmp_path: Path) -> None:
    log = tmp_path / "late.mcap"
    log.write_bytes(small_log(driver="Noah"))
    sent = client.upload(log).wait()
    site.run(site.context.documents.recordings.change(sent.id, {"status": Status.CONVERTING}))
    with pytest.raises(Unavailable, match=r"late\.mcap is not done after 0 s") as late:
        sent.wait(timeout_s=0)
    assert late.value.code == "not_done"
    failed = {"status": Status.FAILED, "error": Failure("no_messages", "No message in it.")}
    site.run(site.context.documents.recordings.change(sent.id, failed))
    with pytest.raises(Rejected, match="No message in it") as refused:
        sent.wait()
    assert refused.value.code == "no_messages"
    site.run(
        site.context.documents.jobs.change(f"convert-{sent.id}", {"state": JobState.DEAD, "error": failed["error"]})
    )
    (job,) = (each for each in client.jobs("dead") if each.subject == sent.id)
    with pytest.raises(Rejected, match="No message in it"):
        job.wait()
    assert job.retry().wait().state == "done" and sent.wait().status == "ready"


def test_a_log_says_what_is_in_it(client: Client, ready: FoundRecording) -> None:
    (channel,) = ready.channels
    assert (channel.topic, channel.message_count) == ("Pedals", 50)
    assert ready.loss is not None and ready.loss.lost_records == 0
    (throttle,) = ready.find_signals("throttle")
    assert (throttle.name, throttle.count, throttle.max) == ("Pedals.throttle", 50, 4.9)
    assert [known.name for known in client.find_signals("pedals.thr")] == ["Pedals.throttle"]


def test_files_are_put_beside_a_log_and_removed(ready: FoundRecording, tmp_path: Path) -> None:
    sheet = tmp_path / "setup.txt"
    sheet.write_bytes(b"rear wing 4\n" * 300_000)
    added = ready.add_file(sheet, name="setup Zoë.txt")
    assert ready.refresh().files == (added,)
    assert (added.name, added.size_bytes) == ("setup Zoë.txt", 3_600_000)
    saved = ready.download(tmp_path, added)
    assert (saved.name, saved.read_bytes()) == ("setup Zoë.txt", sheet.read_bytes())
    assert ready.remove_file(added).files == ()
    with pytest.raises(NotFound):
        ready.remove_file(added)


def test_a_file_whose_answer_is_lost_is_not_sent_again(
    ready: FoundRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = httpx.Client.request

    def losing(self: httpx.Client, *arguments: Any, **options: Any) -> httpx.Response:
        send(self, *arguments, **options)
        raise httpx.ReadError("lost")

    (tmp_path / "photo.jpg").write_bytes(b"tyres")
    with monkeypatch.context() as patch:
        patch.setattr(httpx.Client, "request", losing)
        with pytest.raises(Unavailable):
            ready.add_file(tmp_path / "photo.jpg")
    (photo,) = ready.refresh().files
    ready.remove_file(photo)


def test_a_change_is_undone_and_a_deleted_log_is_restored(client: Client, ready: FoundRecording) -> None:
    ready.edit(session="2", started_at="2026-04-18T14:32:09Z")
    edited = ready.refresh()
    assert (edited["session"], edited.started_at) == ("2", "2026-04-18T14:32:09Z")
    change = next(each for each in ready.history() if each.field == "session")
    assert (change.before, change.after, change.can_undo) == (None, "2", True)
    assert ready.undo(change)["session"] == ""
    with pytest.raises(Conflict, match="changed again"):
        ready.undo(change)
    ready.delete()
    with pytest.raises(NotFound):
        client.get(ready.id)
    assert ready.id in {gone.id for gone in client.search(deleted="true") if gone.deleted_at}
    assert ready.restore().deleted_at is None


def test_metadata_is_edited_and_a_concurrent_edit_is_refused(client: Client, ready: FoundRecording) -> None:
    edited = ready.edit(notes="gusty", session="1")
    assert (edited["notes"], edited["session"]) == ("gusty", "1")
    with pytest.raises(Conflict):
        ready.edit(notes="calm")
    assert client.get(ready.id[:8]).edit(notes="")["notes"] == ""
    with pytest.raises(Rejected):
        edited.edit(wings="high")


def test_metadata_is_said_by_id_and_a_persons_word_stays(client: Client, ready: FoundRecording) -> None:
    said = client.edit(ready.id, {"venue": "Lincoln"}, source="base_station")
    assert said.metadata["venue"].source == "base_station"
    assert client.edit(ready.id[:10], {"venue": "Michigan"})["venue"] == "Michigan"
    assert client.edit(ready.id, {"venue": "Lincoln"}, source="base_station")["venue"] == "Michigan"
    assert "Michigan" in client.known_values()["venue"]


def test_what_goes_wrong_is_one_of_our_errors(client: Client, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no recording"):
        client.get("abcdef")
    text = tmp_path / "notes.mcap"
    text.write_text("not a log\n" * 50)
    with pytest.raises(Rejected, match="no log that Paddock reads"):
        client.upload(text)
    with Client("http://127.0.0.1:9") as nobody, pytest.raises(Unavailable, match="does not answer"):
        nobody.get("abcdef")


def test_the_signal_catalogue_goes_out_and_in_on_the_command_line(site: Site, tmp_path: Path) -> None:
    def signals(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "paddock", "signals", *arguments, "--server", site.url]
        return subprocess.run(command, capture_output=True, text=True)

    file = tmp_path / "signals.toml"
    file.write_text('[[signals]]\nname = "Pedals.brake"\nunit = "bar"\n')
    assert signals("import", str(file)).stdout == "The catalogue has 1 entries now.\n"
    out = signals("export").stdout
    assert 'unit = "bar"' in out
    assert signals("export", "-o", str(tmp_path / "b.toml")).returncode == 0
    assert (tmp_path / "b.toml").read_text() == out
    file.write_text("[[signals]]\nname = 3\n")
    failed = signals("import", str(file))
    assert failed.returncode == 1 and "Line 2" in failed.stderr


def test_a_token_goes_to_the_service_alone() -> None:
    """Not to the bucket that its links lead to, also where the service redirects there."""
    seen: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, request.headers.get("authorization")))
        if request.url.path == "/away":
            return httpx.Response(307, headers={"Location": "https://bucket.example/file"})
        return httpx.Response(200, json={})

    connection = Connection("http://paddock.team:8080/", 5, "pdk_x")
    connection._http._transport = httpx.MockTransport(answer)
    connection._http._mounts = {}
    for url in (
        "/api/me",
        "http://paddock.team:8080/x",
        "https://bucket.example/y",
        "http://paddock.team/z",
        "/away",
    ):
        connection.call("GET", url)
    assert seen == [
        ("paddock.team", "Bearer pdk_x"),
        ("paddock.team", "Bearer pdk_x"),
        ("bucket.example", None),
        ("paddock.team", None),
        ("paddock.team", "Bearer pdk_x"),
        ("bucket.example", None),
    ]
    with pytest.raises(Rejected, match="copy it again"):
        Client("http://127.0.0.1:1", token="pdk_x\r\nX: y")
