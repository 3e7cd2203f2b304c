"""Names with marks that turn the direction of writing round: the rest of the page keeps its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock.domain.history import MiscFile
from paddock.domain.job import Job, JobState
from paddock.domain.principal import Principal, PrincipalKind
from paddock.domain.recording import Attachment, Failure, Loss, LossReport, Signal, Status
from paddock.domain.roles import TeamRole
from paddock.domain.words import isolated
from paddock.usecases.edit.delete import delete_recordings
from paddock.usecases.edit.edit import edit_recording
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.builders import (
    build_artifact,
    build_channel,
    build_id,
    build_recording,
    insert_with_contents,
    metadata,
)

pytestmark = needs_chromium

TURNED = "a\u2069b\u202ecd ef.mcap"
"""Shown backwards from the override on; before it, an end that it never began."""
PERSON = Principal(PrincipalKind.MEMBER, f"Mei {TURNED}", TeamRole.ADMIN)

BACKWARDS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.querySelector("body"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data;
    if (/[\\u202a-\\u202e\\u2066-\\u2069]/.test(text) && !text.includes("\\u2068")) continue;
    // Of a sentence with a name in it, what follows the name.
    const from = text.lastIndexOf("\\u2069") + 1;
    const words = [...text.slice(from).matchAll(/[a-z0-9]{2,}/gi)];
    for (const word of words) {
      const box = (at) => {
        const range = document.createRange();
        range.setStart(node, from + at);
        range.setEnd(node, from + at + 1);
        return range.getBoundingClientRect();
      };
      const [first, last] = [box(word.index), box(word.index + word[0].length - 1)];
      if (first.width && first.top === last.top && first.left > last.left) found.push(word[0]);
    }
  }
  return found;
}"""


def test_no_line_is_turned_round_by_a_name(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        documents = site.context.documents
        said = metadata(car=TURNED, driver=TURNED, event=TURNED, venue=TURNED)
        common: dict[str, Any] = {
            "names": (TURNED, "other.mcap"),
            "uploaded_by": TURNED,
            "metadata": said,
            "files": (MiscFile("4be1c3d29f0a7b5c", TURNED, 3, 1, TURNED),),
            "loss": LossReport(losses=(Loss("garbage", 1, 2),), undecodable={TURNED: 3}, lost_bytes=2),
        }
        inside: dict[str, Any] = {
            "channels": (build_channel(TURNED), build_channel("VNData")),
            "file_metadata": ((TURNED, {TURNED: TURNED}),),
            "attachments": (Attachment(TURNED, "text/plain", 3, 1, 1, 0),),
            "loss": common["loss"],
        }
        one = build_recording(1, **common)
        broken = build_recording(
            2,
            status=Status.FAILED,
            error=Failure("not_mcap", f"{isolated(TURNED)} is no MCAP log: send the .mcap file itself."),
            **{**common, "loss": None},
        )
        gone = build_recording(3, **common)
        site.run(documents.recordings.insert(broken))
        site.run(insert_with_contents(documents, one, gone, **inside))
        site.run(documents.artifacts.put_many([build_artifact(one)]))
        site.run(edit_recording(site.context, PERSON, one.id, metadata={"notes": TURNED}))
        site.run(delete_recordings(site.context, PERSON, [gone.id]))
        seen = Signal(f"{one.id}:{TURNED}.x", one.id, f"{TURNED}.x", "float", TURNED)
        site.run(documents.signals.put_many([seen]))
        job = Job(f"convert-{one.id}", "convert", one.id, 1, 1, JobState.QUEUED, error=broken.error, updated_at=2)
        site.run(documents.jobs.insert(job))
        for path in (
            *("/", "/?day=all", f"/?car={TURNED}", "/deleted", "/jobs", "/storage", "/signals?show=unknown"),
            *(f"/recordings/{build_id(number)}" for number in (1, 2, 3)),
            *("/compare", f"/export?recording={one.id}"),
        ):
            page.goto(f"{site.url}{path}")
            page.wait_for_load_state("networkidle")
            assert page.evaluate(BACKWARDS) == [], path
        page.goto(f"{site.url}/recordings/{one.id}")
        screenshot(page, "turned-names-light")
        page.add_style_tag(content="* { unicode-bidi: normal !important }")
        assert page.evaluate(BACKWARDS), "this test sees what it looks for"
        page.evaluate("localStorage.clear()")


def test_scripts_keep_names_to_themselves_as_the_server_does(browser: Any, tmp_path: Path) -> None:
    names = [TURNED, "run.mcap", "\u2067\u2067", "\u2069\u2069\u2066", "\u202c"]
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        page.goto(f"{site.url}/upload")
        said = page.evaluate(
            "async (names) => names.map((await import('/static/kernel/words.js')).isolated)", names
        )
    assert said == [isolated(name) for name in names]
