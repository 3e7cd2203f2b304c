"""``paddock jobs``: what is queued, running, failed, and why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from rich.table import Table

from paddock.bootstrap import open_services
from paddock.cli.terminal import local_time, out
from paddock.domain.job import Job, JobState
from paddock.settings import Settings, read_settings
from paddock.usecases.jobs import find_jobs, retry


@click.group("jobs", invoke_without_command=True)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--dead", is_flag=True, help="Only those that gave up.")
@click.option("--all", "everything", is_flag=True, help="Also those that are done.")
@click.pass_context
def command(ctx: click.Context, data: Path | None, dead: bool, everything: bool) -> None:
    """Show what is queued, running and dead; ``paddock jobs retry ID`` tries a dead one again."""
    ctx.obj = read_settings(data=data)
    if ctx.invoked_subcommand is None:
        states = (JobState.DEAD,) if dead else (JobState.QUEUED, JobState.RUNNING, JobState.DEAD)
        asyncio.run(_show(ctx.obj, () if everything else states))


@command.command("retry")
@click.argument("job_ids", nargs=-1, required=True)
@click.pass_obj
def retry_command(settings: Settings, job_ids: tuple[str, ...]) -> None:
    """Give dead jobs their tries again."""
    asyncio.run(_retry(settings, job_ids))


async def _show(settings: Settings, states: tuple[JobState, ...]) -> None:
    async with open_services(settings) as services:
        page = await find_jobs(services, states, limit=200)
    if not page.items:
        out.print("No such jobs: everything is done.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "state", "tries", "since", "why"):
        table.add_column(heading, overflow="fold" if heading in ("job", "why") else "ellipsis")
    for job in page.items:
        table.add_row(job.id, _state(job), str(job.tries), local_time(job.updated_at), _why(job))
    out.print(table)


async def _retry(settings: Settings, job_ids: tuple[str, ...]) -> None:
    async with open_services(settings) as services:
        for job_id in job_ids:
            await retry(services, job_id)
            out.print(f"{job_id} is queued again.")


def _state(job: Job) -> str:
    return f"{job.state} {job.progress:.0%}" if job.state is JobState.RUNNING else str(job.state)


def _why(job: Job) -> str:
    return f"{job.error.code}: {job.error.message}" if job.error else ""
