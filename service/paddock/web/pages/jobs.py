"""The jobs page: what is queued, running, failed and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from paddock.domain.export import ExportRequest
from paddock.domain.job import Job, JobState
from paddock.usecases import jobs
from paddock.web.conditional import Page
from paddock.web.injected import After, ThePrincipal, TheServices

PAGE_SIZE = 50
UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


@get("/jobs")
async def jobs_page(
    services: TheServices,
    principal: ThePrincipal,
    wanted: Annotated[JobState | None, QueryParameter(name="state")] = None,
    after: After = None,
) -> Page:
    """Jobs, those that changed last first, with the recording each works on."""
    page = await jobs.find_jobs(services, (wanted,) if wanted else (), limit=PAGE_SIZE, after=after)
    return Page(
        "jobs.html",
        principal=principal,
        jobs=page.items,
        subjects=await jobs.subjects_of(services, page.items),
        counts=await jobs.count_jobs(services),
        details=_details(page.items),
        states=tuple(JobState),
        state=wanted,
        next=page.next,
        after=after,
        unsettled=any(job.state in UNFINISHED for job in page.items),
    )


def _details(found: Sequence[Job]) -> dict[str, str]:
    """The format of each export, by job id: a recording may have many."""
    exports = (job for job in found if job.kind == "export" and "request" in job.params)
    return {job.id: msgspec.json.decode(job.params["request"], type=ExportRequest).format for job in exports}


@post("/jobs/retry")
async def retry_all_and_return(services: TheServices) -> Redirect:
    """Gives every dead job its tries again; after a full disk there are many."""
    await jobs.retry_all(services)
    return Redirect("/jobs", status_code=303)


@post("/jobs/{job_id:str}/retry")
async def retry_and_return(services: TheServices, job_id: FromPath[str]) -> Redirect:
    """The retry button's form, which works without JavaScript."""
    await jobs.retry(services, job_id)
    return Redirect("/jobs", status_code=303)
