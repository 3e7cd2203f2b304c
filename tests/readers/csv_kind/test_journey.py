"""A log of the second kind goes every way that a log of the first kind goes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from mcap.reader import make_reader

from paddock import Client
from paddock.cli import group
from paddock.client import FoundRecording
from paddock.domain.keys import raw_key
from paddock.domain.recording import Purpose
from paddock.formats.registry import formats
from paddock.ports.documents import Equals
from paddock.usecases.storage.fsck import Fault, fsck
from tests.matlab_files import loadmat
from tests.readers.csv_kind.logs import ENGINE, csv_log, engine
from tests.readers.mcap.builders import car_log
from tests.web.browsing import Site, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, csv_row: None) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("served"), with_worker=True) as served_site:
        yield served_site


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[Client]:
    with Client(site.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def run(client: Client, tmp_path_factory: pytest.TempPathFactory) -> FoundRecording:
    log = tmp_path_factory.mktemp("logs") / "run.csvlog"
    log.write_bytes(csv_log())
    return client.upload(log, metadata={"car": "HT09"}).wait()


def get(site: Site, path: str) -> httpx.Response:
    answer = httpx.get(site.url + path, follow_redirects=True)
    answer.raise_for_status()
    return answer


def paddock(*arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(each) for each in arguments])


def test_it_is_stored_under_its_own_suffix_and_given_back_as_it_was(site: Site, run: FoundRecording) -> None:
    found = site.run(site.context.documents.recordings.get(run.id))
    assert (found.kind, found.health, found.message_count) == ("csv", "intact", 110)
    assert site.run(site.context.objects.stat(f"raw/{run.id}.csvlog")) is not None
    answer = get(site, f"/api/recordings/{run.id}").json()
    assert answer["kind"] == "csv" and answer["original"]["name"].endswith(".csvlog")
    assert get(site, answer["original"]["url"]).content == csv_log()


def test_its_page_and_plots_are_there(site: Site, run: FoundRecording) -> None:
    page = get(site, f"/recordings/{run.id}").text
    assert "Engine" in page and ".csvlog" in page
    seconds, rpm = run.signal("Engine.rpm").numpy()
    assert rpm.tolist() == [rpm for rpm, _ in ENGINE] and seconds[-1] == pytest.approx(9.9)
    upload = get(site, "/upload").text
    assert ".csvlog,application/octet-stream,text/plain,text/csv" in upload
    assert "Vector BLF, MF4, CSV logs" in upload


def test_it_is_sent_once(client: Client, run: FoundRecording, tmp_path: Path) -> None:
    (tmp_path / "again.csvlog").write_bytes(csv_log())
    assert client.upload(tmp_path / "again.csvlog").id == run.id


@pytest.mark.parametrize("name", sorted(formats()))
def test_it_is_exported_in_every_format(run: FoundRecording, tmp_path: Path, name: str) -> None:
    options = {"signals": ["Engine.*"]}
    saved = run.export(name, **options).wait().save(f"{tmp_path}/")
    if name == "mat":
        assert loadmat(saved, simplify_cells=True)["Engine"]["rpm"].tolist() == [rpm for rpm, _ in ENGINE]
    elif name == "parquet":
        assert pq.read_table(saved)["rpm"].to_pylist() == [rpm for rpm, _ in ENGINE]
    elif name == "mcap":
        assert engine(saved.read_bytes()) == ENGINE
    else:
        assert saved.stat().st_size > 100


def test_a_viewer_opens_a_copy(site: Site, run: FoundRecording) -> None:
    address = httpx.get(f"{site.url}/api/recordings/{run.id}/viewers/foxglove").headers["location"]
    (link,) = parse_qs(urlsplit(address).query)["ds.url"]
    assert urlsplit(link).path.endswith(".mcap")
    copy = httpx.get(link).content
    assert engine(copy) == ENGINE
    summary = make_reader(io.BytesIO(copy)).get_summary()
    assert summary is not None and summary.chunk_indexes


def test_without_a_copy_no_viewer_is_offered(site: Site, client: Client, tmp_path: Path) -> None:
    (tmp_path / "short.csvlog").write_bytes(csv_log(7, driver="Nobody"))
    run = client.upload(tmp_path / "short.csvlog").wait()
    copies = [Equals("recording", run.id), Equals("purpose", Purpose.VIEWER)]
    assert site.run(site.context.documents.artifacts.delete(copies))
    viewers = get(site, f"/api/recordings/{run.id}/viewers").json()
    assert viewers["items"] == [] and "Viewers open no CSV log" in viewers["reason"]


def test_it_is_converted_again(run: FoundRecording, site: Site) -> None:
    before = site.run(site.context.documents.recordings.get(run.id)).build
    run.reprocess().wait()
    after = site.run(site.context.documents.recordings.get(run.id))
    assert after.build != before and after.message_count == 110


def test_documents_that_were_lost_are_made_again_with_its_kind(site: Site, client: Client, tmp_path: Path) -> None:
    (tmp_path / "lost.csvlog").write_bytes(csv_log(12, driver="Lost"))
    run = client.upload(tmp_path / "lost.csvlog").wait()
    site.run(site.context.documents.recordings.delete([Equals("id", run.id)]))

    async def mended() -> list[Any]:
        return [finding async for finding in fsck(site.context, mend=True)]

    assert (Fault.ORIGINAL_UNKNOWN, raw_key(run.id, "csv")) in [(f.fault, f.what) for f in site.run(mended())]
    assert client.get(run.id).wait().id == run.id
    found = site.run(site.context.documents.recordings.get(run.id))
    assert (found.kind, found.name, found.message_count) == ("csv", f"{run.id[:10]}.csvlog", 14)


def test_bytes_that_are_stored_without_a_document_need_not_be_sent(
    site: Site, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "known.csvlog").write_bytes(csv_log(13, driver="Known"))
    run = client.upload(tmp_path / "known.csvlog").wait()
    site.run(site.context.documents.recordings.delete([Equals("id", run.id)]))
    again = client.upload(tmp_path / "known.csvlog").wait()
    found = site.run(site.context.documents.recordings.get(again.id))
    assert (found.kind, found.message_count) == ("csv", 15)


def test_its_kind_is_what_its_bytes_say_and_not_its_name(site: Site, client: Client, tmp_path: Path) -> None:
    (tmp_path / "table.mcap").write_bytes(csv_log(20, driver="Misnamed"))
    (tmp_path / "log.csvlog").write_bytes(car_log(20))
    kinds = []
    for name in ("table.mcap", "log.csvlog"):
        run = client.upload(tmp_path / name).wait()
        kinds.append(site.run(site.context.documents.recordings.get(run.id)).kind)
    assert kinds == ["csv", "mcap"]


def test_the_command_line_uploads_a_folder_of_both_kinds(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.csvlog").write_bytes(csv_log(30, driver="Mei"))
    (tmp_path / "b.MCAP").write_bytes(car_log(30))
    (tmp_path / "notes.txt").write_text("no log")
    done = paddock("upload", "--server", site.url, "--wait", tmp_path)
    assert done.exit_code == 0, done.output
    # The site runs in this process, and writes its log there, too.
    rows = [line for line in done.output.splitlines() if " ready " in line and site.url in line]
    assert [row.split()[-1] for row in rows] == ["a.csvlog", "b.MCAP"]
