"""What a recording's page and resource say of its original, of a conversion that asks, and of files that expire."""

from __future__ import annotations

import httpx
import pytest

from paddock import COLUMNS
from paddock.domain.keys import raw_key
from paddock.domain.recording import Failure
from paddock.ports.documents import Equals
from paddock.usecases.intake.originals import MISSING, said
from tests.logs import small_log
from tests.readers.mcap.builders import car_log
from tests.web.conftest import Sender

pytestmark = pytest.mark.anyio
LESS = Failure("found_less", "Converted again, 0 messages are found where there were 522: the files are kept.")


@pytest.fixture
async def ready(sender: Sender) -> str:
    recording_id = (await sender.upload(small_log()))["id"]
    await sender.work_off()
    assert isinstance(recording_id, str)
    return recording_id


async def test_a_conversion_that_finds_less_is_accepted_on_the_page(
    client: httpx.AsyncClient, sender: Sender, ready: str
) -> None:
    await sender.context.documents.recordings.change(ready, {"error": LESS, "message_count": 522})
    page = (await client.get(f"/recordings/{ready}")).text
    assert LESS.message in page
    action = f"/recordings/{ready[:16]}/reprocess?accept=true"
    assert f'action="{action}"' in page
    assert (await client.post(action)).status_code == 303
    await sender.work_off()
    resource = (await client.get(f"/api/recordings/{ready}")).json()
    assert (resource["message_count"], resource["error"]) == (50, None)


async def test_the_same_over_the_api(client: httpx.AsyncClient, sender: Sender, ready: str) -> None:
    await sender.context.documents.recordings.change(ready, {"message_count": 522})
    for query, code in (("", "found_less"), ("?accept=true", None)):
        assert (await client.post(f"/api/recordings/{ready}/reprocess{query}")).status_code == 202
        await sender.work_off()
        error = (await client.get(f"/api/recordings/{ready}")).json()["error"]
        assert (error and error["code"]) == code


async def test_an_original_that_is_gone_is_said_and_not_offered(
    client: httpx.AsyncClient, sender: Sender, ready: str
) -> None:
    await sender.context.documents.recordings.change(ready, said(MISSING))
    page = (await client.get(f"/recordings/{ready}")).text
    assert MISSING.message in page
    resource = (await client.get(f"/api/recordings/{ready}")).json()
    assert resource["original_fault"]["code"] == "original_missing"
    assert resource["original"] is None
    refused = await client.post(f"/api/recordings/{ready}/reprocess")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_original")


async def test_a_log_that_is_lost_is_offered_no_more_and_comes_back(
    client: httpx.AsyncClient, sender: Sender
) -> None:
    log = car_log(8)
    recording_id = (await sender.upload(log))["id"]
    await sender.work_off()
    path, page = f"/api/recordings/{recording_id}", f"/recordings/{recording_id}"
    offers = [f"{path}/original", f"{path}/attachments/0", f"/recordings/{recording_id[:16]}/reprocess"]

    async def offered() -> list[str]:
        text = (await client.get(page)).text
        return [offer for offer in offers if f'"{offer}"' in text]

    assert await offered() == offers
    await sender.context.objects.delete(raw_key(recording_id))
    # Nobody has looked yet: whoever clicks is told, and so is everybody after that.
    clicked = await client.get(f"{path}/original")
    assert (clicked.status_code, clicked.json()["code"]) == (404, "original_missing")
    assert await offered() == []
    text = (await client.get(page)).text
    assert "The stored original is gone" in text and 'href="/upload"' in text
    resource = (await client.get(path)).json()
    assert resource["original"] is None and resource["attachments"][0]["url"] is None
    viewers = (await client.get(f"{path}/viewers")).json()
    assert viewers["items"] == [] and "Send the log again" in viewers["reason"]
    for answer in (
        await client.get(f"{path}/attachments/0"),
        await client.post(f"{path}/exports", json={"format": "mcap", "signals": ["ins"]}),
        await client.post(f"{path}/reprocess"),
    ):
        assert answer.status_code in (404, 409) and "Send the log again" in answer.json()["detail"]
    assert (await client.get(resource["artifacts"][0]["url"])).status_code == 302, "what was made is still there"
    assert (await sender.announce(log)).json()["parts"], "the answer that would free a car's disk"

    await sender.upload(log)
    await sender.work_off()
    assert await offered() == offers
    assert (await client.get(path)).json()["original_fault"] is None


async def test_what_older_code_made_is_said(client: httpx.AsyncClient, sender: Sender, ready: str) -> None:
    assert (await client.get(f"/api/recordings/{ready}")).json()["outdated"] == []
    (artifact,) = (await sender.context.documents.artifacts.find([Equals("recording", ready)])).items
    await sender.context.documents.artifacts.change(artifact.id, {"converter": f"{COLUMNS}.0"})
    sentence = f"The MATLAB file is from converter {COLUMNS}.0; this is {artifact.converter}."
    assert (await client.get(f"/api/recordings/{ready}")).json()["outdated"] == [sentence]
    assert sentence in (await client.get(f"/recordings/{ready}")).text


async def test_how_long_an_export_is_kept_stands_beside_its_link(
    client: httpx.AsyncClient, sender: Sender, ready: str
) -> None:
    await client.post(f"/api/recordings/{ready}/exports", json={"format": "csv"})
    await sender.work_off()
    made = {each["purpose"]: each for each in (await client.get(f"/api/recordings/{ready}")).json()["artifacts"]}
    assert made["default"]["expires_at"] is None
    assert made["export"]["expires_at"] > made["export"]["created_at"]
    assert "kept until" in (await client.get(f"/recordings/{ready}")).text
    (job,) = (await sender.context.documents.jobs.find([Equals("kind", "export")])).items
    assert job.asked_by, "so that nobody waits for all of somebody else's"
