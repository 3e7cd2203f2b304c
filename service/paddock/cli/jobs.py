"""``paddock jobs``: what is queued, running, failed, and why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from paddock.bootstrap import open_context
from paddock.cli.terminal import complain, local_time, out, print_json, print_rows
from paddock.domain.job import Job, JobState
from paddock.domain.principal import LOCAL_USER
from paddock.ports.documents import MAX_PAGE, Page
from paddock.settings import Settings, read_settings
from paddock.usecases.jobs.jobs import find_jobs, retry
from paddock.web.jobs.api import job_resource


@click.group("jobs", invoke_without_command=True)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--dead", is_flag=True, help="Only those that gave up.")
@click.option("--all", "everything", is_flag=True, help="Also those that are done.")
@click.option("--json", "as_json", is_flag=True, help="For programs: as the API has them.")
@click.pass_context
def command(ctx: click.Context, data: Path | None, dead: bool, everything: bool, as_json: bool) -> None:
    """Show what is queued, running and dead; ``paddock jobs retry ID`` tries a dead one again."""
    ctx.obj = read_settings(data=data)
    if ctx.invoked_subcommand is None:
        states = (JobState.DEAD,) if dead else (JobState.QUEUED, JobState.RUNNING, JobState.DEAD)
        found = asyncio.run(_find(ctx.obj, () if everything else states))
        if as_json:
            print_json([job_resource(job) for job in found.items])
        else:
            _print(found)


@command.command("retry")
@click.argument("job_ids", nargs=-1, required=True)
@click.pass_obj
def retry_command(settings: Settings, job_ids: tuple[str, ...]) -> None:
    """Give dead jobs their tries again."""
    asyncio.run(_retry(settings, job_ids))


async def _find(settings: Settings, states: tuple[JobState, ...]) -> Page[Job]:
    async with open_context(settings) as context:
        return await find_jobs(context, states, limit=MAX_PAGE)


def _print(found: Page[Job]) -> None:
    if not found.items:
        out.print("No such jobs: everything is done.")
        return
    print_rows(
        ("job", "state", "tries", "since", "why"),
        [(job.id, _state(job), str(job.tries), local_time(job.updated_at), _why(job)) for job in found.items],
    )
    if found.next is not None:
        complain(f"these are the last {len(found.items)}; --dead shows fewer.")


async def _retry(settings: Settings, job_ids: tuple[str, ...]) -> None:
    async with open_context(settings) as context:
        for job_id in job_ids:
            await retry(context, LOCAL_USER, job_id)
            out.print(f"{job_id} is queued again.")


def _state(job: Job) -> str:
    return f"{job.state} {job.progress:.0%}" if job.state is JobState.RUNNING else str(job.state)


def _why(job: Job) -> str:
    return f"{job.error.code}: {job.error.message}" if job.error else ""
