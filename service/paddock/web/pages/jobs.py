"""The jobs page: what is queued, running, failed and why."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from paddock.domain.job import JobState
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
        states=tuple(JobState),
        state=wanted,
        next=page.next,
        after=after,
        unsettled=any(job.state in UNFINISHED for job in page.items),
    )


@post("/jobs/{job_id:str}/retry")
async def retry_and_return(services: TheServices, job_id: FromPath[str]) -> Redirect:
    """The retry button's form, which works without JavaScript."""
    await jobs.retry(services, job_id)
    return Redirect("/jobs", status_code=303)
