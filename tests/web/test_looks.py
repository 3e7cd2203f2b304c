"""Screenshots of every page, for people to look at, in ``test-artefacts/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock.domain.job import Job, JobState
from paddock.domain.recording import Failure, Loss, LossReport, Status
from paddock.usecases.services import Services
from tests.web.browsing import needs_chromium, open_page, screenshot, served
from tests.web.builders import STARTED_NS, build_artifact, build_channel, build_recording, metadata

pytestmark = needs_chromium

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}


def test_how_the_pages_look(browser: Any, tmp_path: Path) -> None:
    """Screenshots for people to look at; nothing is wider than the screen."""
    with served(tmp_path, with_worker=False) as site:
        damaged, broken = site.run(_a_test_day(site.services))
        pages = {
            "recordings": "/",
            "recording": f"/recordings/{damaged}",
            "recording-failed": f"/recordings/{broken}",
            "jobs": "/jobs",
            "upload": "/upload",
            "nothing-found": "/?q=nobody",
        }
        for look, options in LOOKS.items():
            with open_page(browser, **options) as page:
                for name, path in pages.items():
                    page.goto(site.url + path)
                    page.wait_for_timeout(100)
                    screenshot(page, f"{name}-{look}")
                    overflow = page.evaluate(
                        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    )
                    assert overflow <= 0, f"{path} is {overflow} px too wide ({look})"


async def _a_test_day(services: Services) -> tuple[str, str]:
    drivers, events = ("Adam", "Mei", "Jonas", "Priya"), ("Endurance", "Autocross", "Skidpad", "Acceleration")
    recordings = []
    for number in range(14):
        minutes = 25 * number
        known = metadata(
            car="HT09", driver=drivers[number % 4], event=events[number % 4], venue="Michigan Speedway"
        )
        recordings.append(
            build_recording(
                number,
                uploaded_at=STARTED_NS + minutes * 60_000_000_000,
                started_ns=STARTED_NS + minutes * 60_000_000_000,
                duration_ns=(95 + 61 * number) * 1_000_000_000,
                message_count=240_000 + 190_331 * number,
                size_bytes=9_400_000 + 11_731_000 * number,
                metadata={} if number == 9 else known,
            )
        )
    topics = ("VNData", "VehicleData", "BatteryPack", "InverterFL", "TirePressures", "DriverInputs", "Shutdown")
    lost = LossReport(
        missing=("footer", "summary"),
        losses=(Loss("truncated_chunk", 73_348_112, 52_208, 411),),
        lost_bytes=52_208,
        lost_records=411,
        lost_ns=120_000_000,
    )
    silent = build_channel("Aero", message_count=0, rate_hz=None, largest_gap_ns=None)
    damaged = build_recording(
        50,
        uploaded_at=STARTED_NS + 400 * 60_000_000_000,
        names=("HT09_endurance_stint2.mcap", "stint2 (copy).mcap"),
        loss=lost,
        channels=(*(build_channel(topic) for topic in topics), silent),
    )
    broken = build_recording(
        51,
        uploaded_at=STARTED_NS + 410 * 60_000_000_000,
        status=Status.FAILED,
        error=Failure(
            "unreadable", "The file ends after 10,912 bytes, inside its first chunk: no message can be read."
        ),
        loss=None,
        started_ns=None,
        duration_ns=None,
        message_count=None,
        metadata={},
        channels=(),
        file_metadata=(),
    )
    converting = build_recording(
        52,
        uploaded_at=STARTED_NS + 420 * 60_000_000_000,
        status=Status.CONVERTING,
        loss=None,
        started_ns=None,
        duration_ns=None,
        message_count=None,
        metadata={},
    )
    await services.documents.recordings.put_many([*recordings, damaged, broken, converting])
    await services.documents.artifacts.put_many([build_artifact(each) for each in [*recordings, damaged]])
    now = services.now()
    await services.documents.jobs.put_many(
        [
            Job(
                f"convert-{converting.id}",
                "convert",
                converting.id,
                now,
                now,
                JobState.RUNNING,
                0.42,
                1,
                updated_at=now,
            ),
            Job(
                f"convert-{broken.id}",
                "convert",
                broken.id,
                now,
                now,
                JobState.DEAD,
                0.1,
                5,
                error=broken.error,
                updated_at=now - 60_000_000_000,
            ),
            *(
                Job(
                    f"convert-{each.id}",
                    "convert",
                    each.id,
                    now,
                    now,
                    JobState.DONE,
                    1,
                    1,
                    updated_at=now - 90_000_000_000,
                )
                for each in recordings[:6]
            ),
        ]
    )
    return damaged.id[:16], broken.id[:16]
