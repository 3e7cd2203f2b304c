"""``/health``: whether the service can do its work."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get
from msgspec import Meta

from paddock import __version__
from paddock.usecases.backup.state import backup_state
from paddock.usecases.jobs.jobs import count_jobs
from paddock.usecases.streams.recorder_state import recorder_state
from paddock.web.kernel.injected import TheContext
from paddock.web.kernel.permission import Anyone
from paddock.web.kernel.problems import responses


class HealthResource(msgspec.Struct, frozen=True):
    """The service answers and its documents do."""

    status: Annotated[str, Meta(description="Always `ok`; else the answer is a 503 problem.", examples=["ok"])]
    version: Annotated[str, Meta(description="Of the running code.", examples=[__version__])]
    jobs: Annotated[
        dict[str, int], Meta(description="How many jobs are in each state.", examples=[{"queued": 0, "running": 1}])
    ]
    backups: Annotated[
        str,
        Meta(
            description="`good`; `old` or `failed` when somebody has to see to it; `none` where they are set up "
            "and there is none; `unused` where nobody set any up.",
            examples=["good"],
        ),
    ]
    recorder: Annotated[
        str,
        Meta(
            description="Whether what devices send becomes recordings: `good`; `behind` or `stopped` when somebody "
            "has to see to it; `unused` where there is no device.",
            examples=["good"],
        ),
    ]


@get("/health", needs=Anyone.AT_ALL, responses=responses(503), tags=["health"], summary="Health")
async def health(context: TheContext) -> HealthResource:
    """Reads the documents, so that a lost database is a 503 and not an ok."""
    counts = await count_jobs(context)
    backups, recorder = await backup_state(context), await recorder_state(context)
    return HealthResource(
        "ok",
        __version__,
        {state.value: count for state, count in counts.items()},
        backups.health.value,
        recorder.health.value,
    )


ROUTER = Router("/", route_handlers=[health])
