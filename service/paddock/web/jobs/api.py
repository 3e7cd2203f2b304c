"""``/api/jobs``: what is queued, running, done and dead."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.job import Job, JobState
from paddock.domain.roles import Permission
from paddock.usecases.jobs import jobs
from paddock.web.kernel.injected import After, Limit, TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.partial import Fields, Partial, only
from paddock.web.kernel.problems import responses
from paddock.web.recordings.answers import failure_resource
from paddock.web.recordings.resources import FailureResource, Instant


class JobResource(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work that must not be lost."""

    id: Annotated[str, Meta(description="The same work has the same id.", examples=["convert-a3f9c210…"])]
    kind: Annotated[str, Meta(description="What is done.", examples=["convert"])]
    subject: Annotated[str, Meta(description="The id of what it works on.")]
    state: Annotated[JobState, Meta(description="`queued → running → done`, or `dead` after the last try.")]
    progress: Annotated[float, Meta(description="0 to 1.", examples=[0.42])]
    tries: Annotated[int, Meta(description="How often it was begun.", examples=[1])]
    created_at: Instant
    due_at: Instant
    updated_at: Instant
    error: Annotated[FailureResource | None, Meta(description="Why it failed last.")] = None


class JobPage(msgspec.Struct, frozen=True):
    """Some jobs, those that changed last first."""

    items: tuple[JobResource, ...]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


@get("/", needs=Permission.READ, responses=responses(422), summary="List jobs")
async def list_jobs(
    context: TheContext,
    states: Annotated[
        list[JobState] | None,
        QueryParameter(name="state", description="Only jobs in these states; may be repeated."),
    ] = None,
    fields: Fields = "",
    limit: Limit = 50,
    after: After = None,
) -> JobPage | Partial:
    """Jobs, those that changed last first. Follow `next` for more."""
    page = await jobs.find_jobs(context, tuple(states or ()), limit=limit, after=after)
    return only(JobPage(tuple(job_resource(job) for job in page.items), page.next), fields, items=JobResource)


@get("/{job_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="One job")
async def show_job(
    context: TheContext,
    job_id: Annotated[str, PathParameter(description="As in the list; `convert-` and a recording's id, for one.")],
    fields: Fields = "",
) -> JobResource | Partial:
    """How far it is, and why it failed."""
    return only(job_resource(await jobs.get_job(context, job_id)), fields)


@post(
    "/{job_id:str}/retry",
    needs=Permission.CONVERT,
    status_code=200,
    responses=responses(404, 409),
    summary="Retry a dead job",
)
async def retry_job(
    context: TheContext,
    principal: ThePrincipal,
    job_id: Annotated[str, PathParameter(description="The dead job.")],
) -> JobResource:
    """Gives a dead job its tries again."""
    return job_resource(await jobs.retry(context, principal, job_id))


def job_resource(job: Job) -> JobResource:
    """What the API says of a job."""
    return JobResource(
        id=job.id,
        kind=job.kind,
        subject=job.subject,
        state=job.state,
        progress=job.progress,
        tries=job.tries,
        created_at=to_rfc3339(job.created_at),
        due_at=to_rfc3339(job.due_at),
        updated_at=to_rfc3339(job.updated_at),
        error=failure_resource(job.error),
    )


ROUTER = Router(
    "/api/jobs",
    route_handlers=[list_jobs, show_job, retry_job],
    before_request=refuse_unknown_parameters,
    tags=["jobs"],
)
