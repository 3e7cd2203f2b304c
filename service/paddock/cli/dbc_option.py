"""``--dbc``: the CAN databases that a command decodes frames by."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from paddock.cli.terminal import complain
from paddock.domain.can_database import CanDatabase, Databases
from paddock.domain.words import counted
from paddock.errors import Rejected

_MOST_NOTICES = 5


def dbc_option(command: Any) -> Any:
    """Adds the option; it comes as ``databases``."""
    return click.option(
        "--dbc",
        "databases",
        multiple=True,
        metavar="[BUS=]FILE",
        callback=lambda _context, _parameter, given: _read(given),
        help="CAN database of a log of frames; with BUS= of that bus alone. May be repeated.",
    )(command)


def _read(given: Iterable[str]) -> Databases:
    databases: dict[str, CanDatabase] = {}
    for each in given:
        bus, _, file = each.rpartition("=") if not Path(each).exists() else ("", "", each)
        if bus in databases:
            raise click.BadParameter(f"two databases for {bus or 'all buses'}: name the bus of each, can0={file}.")
        databases[bus] = _read_file(Path(file))
    return databases


def _read_file(path: Path) -> CanDatabase:
    # Not needed where no database is given.
    from paddock.readers.databases import read_database

    try:
        database = read_database(path.read_bytes(), path.name)
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be read: {error.strerror}.") from None
    except Rejected as error:
        raise click.BadParameter(error.message) from None
    for notice in database.notices[:_MOST_NOTICES]:
        complain(f"{path.name}: {notice}")
    if (more := len(database.notices) - _MOST_NOTICES) > 0:
        complain(f"{path.name}: {counted(more, 'more such line')}.")
    return database
