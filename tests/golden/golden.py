"""The digests that were taken, and what is wrong where an output is another one today."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.golden.outputs import COLUMNS, Made

FILE = Path(__file__).with_name("golden.json")
_MOST_SAID = 6
_TAKE = "run `python -m tests.golden` to take the new digests"


class Known(msgspec.Struct, frozen=True):
    """One output as it was when its digests were taken."""

    columns: int
    number: int
    digests: dict[str, str]


class Problem(msgspec.Struct, frozen=True):
    """Why an output is not what was taken."""

    message: str
    can_be_taken: bool
    """False where a number has to be raised first."""


def read() -> dict[str, Known]:
    """What was taken, by output."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Known])


def write(made: Mapping[str, Made]) -> None:
    """Take the outputs as they are now."""
    known = {name: Known(each.columns, each.number, each.digests) for name, each in made.items()}
    content = msgspec.json.encode(known, order="sorted")
    FILE.write_bytes(msgspec.json.format(content, indent=1) + b"\n")


def problems(known: Mapping[str, Known], made: Mapping[str, Made]) -> list[Problem]:
    """What has to be done, the columns first: where they changed, whatever is made from them did."""
    found = []
    columns = _problem(COLUMNS, known.get(COLUMNS), made[COLUMNS])
    if columns is not None and not columns.can_be_taken:
        return [columns]
    for name in sorted(known.keys() - made.keys()):
        found.append(Problem(f"{name} is not made any more: {_TAKE}.", can_be_taken=True))
    by_output = {name: _problem(name, known.get(name), each) for name, each in made.items()}
    refused = [name for name, problem in by_output.items() if problem and not problem.can_be_taken]
    if len({name.partition("/")[0] for name in refused}) > 1:
        number = made[COLUMNS].number
        found.append(
            Problem(
                f"The outputs of {', '.join(refused)} changed at once, so it is something that they share: raise "
                f"{made[COLUMNS].where} from {number} to {number + 1}, and {_TAKE}. If nothing was meant to "
                "change, look for the mistake instead.",
                can_be_taken=False,
            )
        )
    return [*found, *(problem for problem in by_output.values() if problem)]


def _problem(name: str, known: Known | None, made: Made) -> Problem | None:
    if known is None:
        return Problem(f"{name} is new: {_TAKE}.", can_be_taken=True)
    if made.number < known.number or made.columns < known.columns:
        return Problem(
            f"The number of {name} was {known.number} and is {made.number}: numbers only rise, because files of "
            "the higher one may be stored somewhere.",
            can_be_taken=False,
        )
    changed = [each for each in known.digests if each in made.digests and known.digests[each] != made.digests[each]]
    raised = made.number > known.number or made.columns > known.columns
    if changed and not raised:
        return Problem(
            f"The output of {name} changed, for {_some(changed)}. Files that are stored would be taken for "
            f"what this code makes: raise {made.where} from {known.number} to {known.number + 1}, and {_TAKE}. If "
            "nothing was meant to change, look for the mistake instead.",
            can_be_taken=False,
        )
    if raised or known.digests.keys() != made.digests.keys():
        return Problem(f"{name} has another number or other inputs than were taken: {_TAKE}.", can_be_taken=True)
    return None


def _some(inputs: list[str]) -> str:
    more = len(inputs) - _MOST_SAID
    return "; ".join(inputs[:_MOST_SAID]) + (f"; and {more} more" if more > 0 else "")
