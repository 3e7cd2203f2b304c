"""``paddock checks``: a team's checklists, what they find in a log, and what a running Paddock found by them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from paddock.cli.dbc_option import dbc_option
from paddock.cli.spooled import spooled
from paddock.cli.terminal import out, print_json, print_rows
from paddock.client import Checked, Checklist, Client
from paddock.columns.checks import evaluate
from paddock.domain.can_database import Databases
from paddock.domain.catalogue import CarCatalogue, Catalogue, log_units
from paddock.domain.check_results import Moment, Outcome, RuleResult, outcome_of
from paddock.domain.checklists import ChecklistText, read_checklists
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.maths_binding import Names
from paddock.settings import read_settings
from paddock.usecases.checks.looking import Log, looks_in
from paddock.usecases.intake.open_log import open_log

_FAILED = 3
"""Exit code where a rule is not met."""
_MARKS = {"passed": "✓", "failed": "✗", "skipped": "–"}


@click.command("checks")
@click.argument("log", required=False, metavar="[LOG]")
@click.option(
    "--list",
    "lists",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of checklists, to look at the file LOG without a service.",
)
@click.option(
    "--add",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Have Paddock keep the checklists of a file, and check every log that comes in.",
)
@click.option("--server", help="Where Paddock runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@click.option("--json", "as_json", is_flag=True, help="For programs; the team's checklists are what --list takes.")
@dbc_option
def command(
    log: str | None,
    lists: Path | None,
    add: Path | None,
    server: str | None,
    as_json: bool,
    databases: Databases,
) -> None:
    """Check LOG, a file, by the checklists of --list, or show what Paddock found in LOG, a recording's id.

    Without LOG the team's checklists are shown. It ends with 3 where a rule is not met.
    """
    if lists is not None:
        if log is None:
            raise click.UsageError("Which log is to be checked? Give its file before --list.")
        _check_file(Path(log), read_checklists(lists.read_bytes()), databases, as_json=as_json)
        return
    if log is not None and Path(log).is_file():
        raise click.UsageError(f"By which checklists? Give a file of them: paddock checks {log} --list FILE.json")
    with Client(server or read_settings().base_url) as client:
        if add is not None:
            for said in read_checklists(add.read_bytes()):
                made = client.add_checklist(said.name, said.rules, cars=said.cars)
                out.print(f"{made.name} is kept. Logs are checked as they come in.", soft_wrap=True)
        elif log is None:
            _show_lists(client.checklists(), as_json=as_json)
        else:
            _show_recording(client, log, as_json=as_json)


def _check_file(log: Path, lists: Sequence[ChecklistText], databases: Databases, *, as_json: bool) -> None:
    rules = [rule for each in lists for rule in each.rules]
    with open_log(log) as opened, spooled(opened, log.name, databases) as columns:
        summary = columns.summary
        catalogue = CarCatalogue(Catalogue(), log_units=log_units(summary.signals))
        names = Names({each.name: each.dtype for each in summary.signals}, catalogue, {})
        span = (summary.started_ns or 0, summary.ended_ns or 0)
        known = Log(summary.channels, summary.signals, catalogue, names, span)
        came = iter(evaluate(columns, looks_in(known, rules), span))
    found = [(each.name, [next(came) for _ in each.rules]) for each in lists]
    if as_json:
        print_json({"items": [_list(name, results, span[0]) for name, results in found]})
    else:
        for name, results in found:
            said = [
                (each.outcome.value, each.name or each.words, each.said, _first(each, span[0])) for each in results
            ]
            _print(name, said)
    if any(each.outcome is Outcome.FAILED for _, results in found for each in results):
        raise click.exceptions.Exit(_FAILED)


def _first(result: RuleResult, began_ns: int) -> str:
    return _seconds((result.moments[0].start_ns - began_ns) / NS_PER_S) if result.moments else ""


def _list(name: str, results: Sequence[RuleResult], began_ns: int) -> dict[str, Any]:
    return {
        "name": name,
        "outcome": outcome_of(each.outcome for each in results),
        "failed": sum(each.outcome is Outcome.FAILED for each in results),
        "rules": [
            {
                "name": each.name,
                "words": each.words,
                "outcome": each.outcome,
                "said": each.said,
                "count": each.count,
                "total_s": each.total_ns / NS_PER_S,
                "moments": [_moment(moment, began_ns) for moment in each.moments],
            }
            for each in results
        ],
    }


def _moment(moment: Moment, began_ns: int) -> dict[str, Any]:
    return {
        "start_s": (moment.start_ns - began_ns) / NS_PER_S,
        "end_s": (moment.end_ns - began_ns) / NS_PER_S,
        "time": to_rfc3339(moment.start_ns),
        "signals": moment.signals,
        "worst": moment.worst,
    }


def _show_lists(checklists: Sequence[Checklist], *, as_json: bool) -> None:
    if as_json:
        print_json({"items": checklists})
        return
    print_rows(
        ("id", "checklist", "version", "cars", "rule"),
        [
            (each.id, each.name, str(each.version), ", ".join(each.cars) or "all", rule.name or rule.words)
            for each in checklists
            for rule in each.rules
        ],
    )


def _show_recording(client: Client, recording: str, *, as_json: bool) -> None:
    checked: Checked = client.get(recording).checked()
    if as_json:
        print_json(checked)
    else:
        for each in checked:
            said = [
                (
                    rule.outcome,
                    rule.name or rule.words,
                    rule.said,
                    _seconds(rule.moments[0].start_s) if rule.moments else "",
                )
                for rule in each.rules
            ]
            old = ", which is not today's" if each.outdated else ""
            _print(f"{each.name}, version {each.version}{old}", said)
        if checked.unchecked:
            out.print(f"Not checked by {', '.join(checked.unchecked)}.", soft_wrap=True)
    if any(each.failed for each in checked):
        raise click.exceptions.Exit(_FAILED)


def _seconds(start_s: float) -> str:
    return f"{start_s:.1f} s"


def _print(title: str, rows: Sequence[tuple[str, str, str, str]]) -> None:
    out.print(title, soft_wrap=True)
    print_rows(
        ("", "rule", "what was wrong", "at"),
        [(f"{_MARKS[outcome]} {outcome}", rule, said, at) for outcome, rule, said, at in rows],
    )
