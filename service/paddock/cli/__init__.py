"""The command ``paddock``. One module per command; what they do is in the use cases.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with losses (``recover``, ``doctor``), with
a rule that is not met (``checks``) or with something to choose (``sync``), 130 interrupted.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys

import click

from paddock import __version__
from paddock.allocator import keep_freed_memory
from paddock.domain.words import printable
from paddock.errors import PaddockError
from paddock.processes import do_without_pandas

# numpy's linear algebra starts a thread per core that spins; nothing here uses it.
os.putenv("OPENBLAS_NUM_THREADS", "1")

COMMANDS = {
    "up": "Run Paddock here: the web service and the worker.",
    "upload": "Send logs to a running Paddock.",
    "offload": "Take logs off the cars, and send them to Paddock.",
    "export": "Make and download a file of a recording.",
    "sql": "Ask all recordings in SQL.",
    "season": "Lay out the season's tables for Athena, Spark and other engines.",
    "signals": "Take the team's signal catalogue out, or put one in.",
    "fields": "Show the metadata fields of recordings; add fields of your own.",
    "setup": "Show how the car was set up in a run; enter what was changed, compare runs.",
    "databases": "Show the CAN databases that decode logs of frames; add and retire them.",
    "devices": "Show what sends live; add devices, give them tokens, disable them.",
    "alerts": "Show what is wrong with devices, cars and logs; acknowledge it.",
    "convert": "Convert logs to MATLAB and other formats, without a service.",
    "info": "Show what is in a log.",
    "laps": "Show the laps of a log, without a service.",
    "checks": "Check a log by a team's checklists; show and add these.",
    "doctor": "Say what is wrong with a log, and what would be lost.",
    "recover": "Write a clean log from a damaged one.",
    "simulate": "Write a log of simulated laps.",
    "jobs": "Show what is queued, running and failed; retry.",
    "health": "Say whether site, worker and stores of this machine do their work.",
    "sync": "Bring a Paddock at the track and one in the cloud to say the same.",
    "car": "Run in the car: serve its logs, start and stop its recorder.",
    "worker": "Run a worker alone (up starts one by itself).",
    "recorder": "Make recordings of what devices send, alone (up does it by itself).",
    "broker": "Take in what devices send by MQTT, alone (up does it by itself).",
    "config": "Check settings without starting anything.",
    "migrate": "Prepare database and bucket.",
    "reprocess": "Convert again after a new version.",
    "redrive": "Send again what the functions gave up.",
    "users": "Show the users; add them, give them roles, disable them.",
    "vpn": "Say who is let in; make their tunnels.",
    "fsck": "Compare documents and objects, and mend.",
    "backup": "Back up all documents, prove backups, restore one.",
    "mirror": "Keep a second copy of the logs, proved by hash.",
}


class _LazyGroup(click.Group):
    """Imports a command's module when it is used, so that ``--help`` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        # What is imported stays: the garbage collector need not look at it, now or later.
        gc.disable()
        command: click.Command = importlib.import_module(f"paddock.cli.{cmd_name}").command
        gc.freeze()
        gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup)
@click.version_option(__version__, prog_name="paddock")
def group() -> None:
    """Paddock: a race team's data cloud. Logs come off the car, engineers get them in MATLAB."""


def main() -> None:
    """Run the command line: one line per error, and an exit code."""
    do_without_pandas()
    keep_freed_memory()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets its code; the command goes on.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        # Commands return nothing; a number here is that of a ``click.exceptions.Exit``.
        sys.exit(group(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except PaddockError as error:
        click.echo(f"paddock: {printable(error.message)}", err=True)
        sys.exit(1)
    except (KeyboardInterrupt, click.Abort):
        click.echo("paddock: interrupted.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away (`paddock info x | head`).
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        # A folder that may not be written, a disk that is full: the system's words, and where.
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
        click.echo(f"paddock: {printable(where)}{error.strerror or error}.", err=True)
        sys.exit(1)
