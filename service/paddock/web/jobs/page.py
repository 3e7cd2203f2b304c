"""The jobs page: what is queued, running, failed and why, and the files that were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from paddock.domain.export_words import export_words, read_request
from paddock.domain.job import Job, JobState
from paddock.domain.original import DAMAGED_CODE, MISSING_CODE
from paddock.domain.roles import Permission
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import files_made
from paddock.usecases.jobs import jobs
from paddock.usecases.take_away.bundles import latest_bundles, states_of
from paddock.web.bundles.api import bundle_resource
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import After, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.recordings.answers import artifact_resource
from paddock.web.recordings.resources import ArtifactResource
from paddock.web.storage.backups import backup_warning

PAGE_SIZE = 50
BUNDLES = 5
"""How many of the latest the page begins with."""
UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
_KINDS = {
    "ingest": "Verify the upload",
    "convert": "Convert the log",
    "rules": "Apply the alert rules",
    "rule_preview": "Try an alert rule",
    "checks": "Run the checklists",
    "checks_all": "Run the checklists on recordings",
    "checklist_preview": "Try a checklist",
}


@dataclass(frozen=True)
class Row:
    """A job, in words."""

    job: Job
    what: str
    """What it makes of the log."""
    subject: jobs.Subject | None
    """None when the upload or recording is gone."""
    file: ArtifactResource | None
    """What came of an export that is done."""
    again: bool
    """Whether trying once more may help."""


@get("/jobs", needs=Permission.READ)
async def jobs_page(
    context: TheContext,
    principal: ThePrincipal,
    wanted: Annotated[JobState | None, QueryParameter(name="state")] = None,
    after: After = None,
) -> Page:
    """Jobs, those that changed last first, with the recording each works on; before them what was taken away."""
    page = await jobs.find_jobs(context, (wanted,) if wanted else (), limit=PAGE_SIZE, after=after)
    bundles = await latest_bundles(context, limit=BUNDLES) if not wanted and not after else ()
    taken = [bundle_resource(state) for state in await states_of(context, bundles)] if bundles else []
    return Page(
        "jobs/jobs.html",
        principal=principal,
        backup_warning=await backup_warning(context, principal),
        rows=await _rows(context, page.items),
        bundles=taken,
        counts=await jobs.count_jobs(context),
        states=tuple(JobState),
        state=wanted,
        next=page.next,
        after=after,
        unsettled=any(job.state in UNFINISHED for job in page.items) or not all(each.settled for each in taken),
    )


async def _rows(context: Context, found: Sequence[Job]) -> list[Row]:
    subjects = await jobs.subjects_of(context, found)
    made = await files_made(context, [job.subject for job in found if job.kind == "export"])
    files = {job.id: artifact_resource(*made[job.subject]) for job in found if job.subject in made}
    return [
        Row(
            job,
            _KINDS.get(job.kind) or f"Make {export_words(read_request(job.params.get('request', '')))}",
            subjects.get(job.id),
            files.get(job.id),
            job.error is None or job.error.code in (*jobs.PASSING, MISSING_CODE, DAMAGED_CODE),
        )
        for job in found
    ]


@post("/jobs/retry", needs=Permission.CONVERT)
async def retry_all_and_return(context: TheContext, principal: ThePrincipal) -> Redirect:
    """Gives every dead job its tries again; after a full disk there are many."""
    await jobs.retry_all(context, principal)
    return Redirect("/jobs", status_code=303)


@post("/jobs/{job_id:str}/retry", needs=Permission.CONVERT)
async def retry_and_return(context: TheContext, principal: ThePrincipal, job_id: FromPath[str]) -> Redirect:
    """The retry button's form, which works without JavaScript."""
    await jobs.retry(context, principal, job_id)
    return Redirect("/jobs", status_code=303)


ROUTER = pages(jobs_page, retry_and_return, retry_all_and_return)
