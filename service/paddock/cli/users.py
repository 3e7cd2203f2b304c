"""``paddock users``: the users of the Paddock in this data directory or database, and links that let them in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from paddock.bootstrap import open_context
from paddock.cli.terminal import complain, local_time, out, print_json, print_rows
from paddock.domain.people import Person
from paddock.domain.principal import LOCAL_USER
from paddock.domain.roles import PEOPLE_ROLES, TeamRole
from paddock.settings import Settings, read_settings
from paddock.usecases.context import Context
from paddock.usecases.people import users
from paddock.web.people.api import link_address, user_resource

_ROLE = click.Choice([role.value for role in PEOPLE_ROLES])
_T = TypeVar("_T")


@click.group("users", invoke_without_command=True)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--json", "as_json", is_flag=True, help="For programs: as the API has them.")
@click.pass_context
def command(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """Show the users, and what each may; add them, give them roles, disable them.

    Without users whoever is at this machine may do everything. From the first one on everybody signs in.
    """
    ctx.obj = read_settings(data=data)
    if ctx.invoked_subcommand is None:
        _show(ctx.obj, as_json=as_json)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs: as the API has them.")
@click.pass_obj
def list_command(settings: Settings, as_json: bool) -> None:
    """Show the users, also those who are disabled."""
    _show(settings, as_json=as_json)


@command.command("add")
@click.argument("name")
@click.option("--role", type=_ROLE, default=TeamRole.VIEWER.value, show_default=True, help="What they may.")
@click.option("--email", default="", help="They may sign in with it instead of the name.")
@click.pass_obj
def add_command(settings: Settings, name: str, role: str, email: str) -> None:
    """Add NAME, and print the link by which they choose a password: it works once, within three days."""

    async def add(context: Context) -> str:
        person = await users.add_user(context, LOCAL_USER, name, role=role, email=email)
        return await _link(settings, context, person.id)

    click.echo(_run(settings, add))


@command.command("role")
@click.argument("name")
@click.argument("role", type=_ROLE)
@click.pass_obj
def role_command(settings: Settings, name: str, role: str) -> None:
    """Give NAME another role; it counts within a second."""
    person = _run(settings, lambda context: users.change_user(context, LOCAL_USER, name, role=role))
    out.print(f"{person.name} is {person.role.value}.")


@command.command("disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let them in again.")
@click.pass_obj
def disable_command(settings: Settings, name: str, undo: bool) -> None:
    """Let NAME in no more: what they have open ends within a second. The history keeps the name."""
    person = _run(settings, lambda context: users.change_user(context, LOCAL_USER, name, is_active=undo))
    out.print(f"{person.name} is {'let in again' if person.is_active else 'disabled'}.")


@command.command("reset")
@click.argument("name")
@click.pass_obj
def reset_command(settings: Settings, name: str) -> None:
    """Print a link by which NAME chooses another password: it works once, within three days."""
    click.echo(_run(settings, lambda context: _link(settings, context, name)))


async def _link(settings: Settings, context: Context, user: str) -> str:
    issued = await users.password_link(context, LOCAL_USER, user)
    return link_address(settings, issued.text)


def _show(settings: Settings, *, as_json: bool) -> None:
    found = _run(settings, users.list_users)
    if as_json:
        print_json([user_resource(person) for person in found])
        return
    if not found:
        complain("there are no users: `paddock users add NAME --role admin` makes the first one.")
        return
    print_rows(
        ("name", "role", "e-mail", "since", ""),
        [
            (each.name, each.role.value, each.email or "–", local_time(each.created_at), _state(each))
            for each in found
        ],
    )


def _state(person: Person) -> str:
    if not person.is_active:
        return "disabled"
    return "" if person.password_hash else "no password yet"


def _run(settings: Settings, act: Callable[[Context], Awaitable[_T]]) -> _T:
    async def run() -> _T:
        async with open_context(settings) as context:
            return await act(context)

    return asyncio.run(run())
