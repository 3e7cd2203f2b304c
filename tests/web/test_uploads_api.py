"""``/api/uploads`` over HTTP: works, refuses, belongs."""

from __future__ import annotations

import hashlib

import httpx
import pytest

from paddock.settings import Settings
from tests.logs import small_log
from tests.web.conftest import Connect, Sender

pytestmark = pytest.mark.anyio


async def test_a_log_is_announced_sent_and_accepted(sender: Sender) -> None:
    log = small_log()
    recording = await sender.upload(log, "run 1.mcap")
    assert recording["id"] == hashlib.sha256(log).hexdigest()
    assert (recording["status"], recording["names"], recording["uploaded_by"]) == (
        "verifying",
        ["run 1.mcap"],
        "local",
    )
    assert recording["original"] is None

    await sender.work_off()
    after = (await sender.client.get(f"/api/recordings/{recording['id']}")).json()
    link = await sender.client.get(after["original"]["url"])
    assert link.status_code == 302
    download = await sender.client.get(link.headers["location"])
    assert download.content == log
    assert after["original"]["name"] in download.headers["content-disposition"]


async def test_announcing_again_continues_and_known_bytes_are_not_sent_again(sender: Sender) -> None:
    log = small_log()
    first, again = (await sender.announce(log)).json(), (await sender.announce(log)).json()
    assert first["id"] == again["id"]
    await sender.upload(log)
    await sender.work_off()
    known = (await sender.announce(log, "copy.mcap")).json()
    assert known["id"] is None and known["parts"] == []
    assert known["recording"]["names"] == ["run.mcap", "copy.mcap"]


async def test_parts_go_back_to_the_origin_they_were_asked_on(sender: Sender) -> None:
    plan = await sender.client.post(
        "/api/uploads",
        json={"sha256": "a" * 64, "size_bytes": 9, "name": "run.mcap"},
        headers={"Host": "localhost:8080"},
    )
    assert plan.json()["parts"][0]["url"].startswith("http://localhost:8080/objects/put?")


async def test_behind_a_public_url_there_is_only_that_one(connect: Connect, settings: Settings) -> None:
    public = Settings(data=settings.data, public_url="https://paddock.team")
    async with connect(public) as client:
        # The links here come from a context without a public URL: they must stay as the store made them.
        plan = await client.post("/api/uploads", json={"sha256": "a" * 64, "size_bytes": 9, "name": "run.mcap"})
    assert plan.json()["parts"][0]["url"].startswith(settings.base_url)


@pytest.mark.parametrize(
    ("changes", "status", "code", "named"),
    [
        ({"size_bytes": 0}, 422, "empty_file", "empty"),
        ({"size_bytes": -1}, 422, "empty_file", "empty"),
        ({"size_bytes": "9"}, 422, "bad_request", "size_bytes"),
        ({"size_bytes": None}, 422, "bad_request", "size_bytes"),
        ({"sha256": "A" * 64}, 422, "bad_sha256", "sha256"),
        ({"name": "../../etc/passwd"}, 422, "bad_name", "path"),
        ({"name": "a\nb.mcap"}, 422, "bad_name", "control"),
        ({"nmae": "x"}, 422, "bad_request", "nmae"),
        ({"metadata": {"colour": "red"}}, 422, "bad_metadata", "colour"),
        ({"metadata": {"driver": 7}}, 422, "bad_request", "metadata"),
    ],
)
async def test_refusals_name_the_field(
    client: httpx.AsyncClient, changes: dict[str, object], status: int, code: str, named: str
) -> None:
    body = {"sha256": "a" * 64, "size_bytes": 9, "name": "run.mcap", **changes}
    answer = await client.post("/api/uploads", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert named in answer.text


async def test_a_missing_field_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/uploads", json={"size_bytes": 9, "name": "run.mcap"})
    assert answer.json()["errors"][0]["field"] == "sha256"


async def test_what_is_no_log_leaves_nothing_behind(sender: Sender) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        await sender.upload(b"not a log at all " * 100, "notes.mcap")
    assert refused.value.response.json()["code"] == "not_mcap"
    assert (await sender.client.get("/api/recordings")).json()["items"] == []
    assert [info.key async for info in sender.context.objects.list("")] == []


async def test_completing_too_early_or_nothing(sender: Sender) -> None:
    plan = (await sender.announce(small_log())).json()
    early = await sender.client.post(f"/api/uploads/{plan['id']}/complete")
    assert (early.status_code, early.json()["code"]) == (409, "parts_missing")
    nothing = await sender.client.post("/api/uploads/nobody/complete")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "no_such_upload")


async def test_a_part_may_be_larger_than_any_other_request(sender: Sender) -> None:
    log = small_log() + bytes(3_000_000)
    assert (await sender.upload(log))["size_bytes"] == len(log)


async def test_an_unfinished_upload_is_abandoned(sender: Sender) -> None:
    plan = (await sender.announce(small_log())).json()
    path = f"/api/uploads/{plan['id']}"
    assert (await sender.client.delete(path)).status_code == 204
    again = await sender.client.delete(path)
    assert (again.status_code, again.json()["code"]) == (404, "no_such_upload")
    assert (await sender.client.put(plan["parts"][0]["url"], content=small_log())).status_code == 404
    fresh = (await sender.announce(small_log())).json()
    await sender.upload(small_log())
    late = await sender.client.delete(f"/api/uploads/{fresh['id']}")
    assert (late.status_code, late.json()["code"]) == (409, "upload_complete")
