"""An output that changes has another number, or older files would be served as if this code had made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from paddock.domain.log_kinds import LOG_KINDS
from paddock.domain.maths_language.functions import FUNCTIONS
from paddock.readers.registry import PROBE_BYTES, kind_of
from tests.golden import __main__ as command
from tests.golden import golden
from tests.golden.golden import Known, problems, read
from tests.golden.logs import golden_logs
from tests.golden.maths import TEXTS
from tests.golden.outputs import COLUMNS, Made, make

CSV = Made(1, 3, "the number of '' in the layouts of FORMAT in service/paddock/formats/csv.py", {"json": "a"})
MADE = {COLUMNS: Made(3, 3, "COLUMNS in service/paddock/__init__.py", {"json": "c"}), "csv": CSV}
KNOWN = {name: Known(made.columns, made.number, made.digests) for name, made in MADE.items()}
CHANGED = {"json": "another"}


@pytest.mark.slow("every format and layout")
def test_no_output_changes_without_its_number() -> None:
    assert [problem.message for problem in problems(read(), make())] == []


def test_there_is_a_log_of_every_kind() -> None:
    kinds = [kind_of(log.content[:PROBE_BYTES]) for log in golden_logs().values()]
    assert {kind.name for kind in kinds if kind is not None} == LOG_KINDS.keys()


def test_there_is_a_maths_channel_of_every_function() -> None:
    assert [name for name in FUNCTIONS if not any(f"{name}(" in text for text in TEXTS)] == []


def test_what_is_as_it_was_is_no_problem() -> None:
    assert problems(KNOWN, MADE) == []


def test_a_change_says_which_number_to_raise_and_what_to_run() -> None:
    (problem,) = problems(KNOWN, MADE | {"csv": CSV._replace(digests=CHANGED)})
    assert not problem.can_be_taken
    for words in ("csv changed", "json", CSV.where, "from 1 to 2", "`python -m tests.golden`"):
        assert words in problem.message


@pytest.mark.parametrize("raised", [{"number": 2}, {"columns": 4}])
def test_with_a_higher_number_the_change_can_be_taken(raised: dict[str, Any]) -> None:
    (problem,) = problems(KNOWN, MADE | {"csv": CSV._replace(digests=CHANGED, **raised)})
    assert problem.can_be_taken and "`python -m tests.golden`" in problem.message


def test_other_columns_explain_all_that_is_made_from_them() -> None:
    changed = {name: made._replace(digests=CHANGED) for name, made in MADE.items()}
    (problem,) = problems(KNOWN, changed)
    assert "raise COLUMNS in service/paddock/__init__.py from 3 to 4" in problem.message


def test_formats_that_change_at_once_share_what_changed() -> None:
    formats = {"csv": CSV, "arrow/flat": CSV._replace(where="the number of 'flat'")}
    known = KNOWN | {name: Known(made.columns, made.number, made.digests) for name, made in formats.items()}
    changed = {name: made._replace(digests=CHANGED) for name, made in formats.items()}
    first, *others = problems(known, MADE | changed)
    assert "csv, arrow/flat changed at once" in first.message and "raise COLUMNS" in first.message
    assert len(others) == 2 and not first.can_be_taken


def test_a_format_that_comes_or_goes_has_to_be_taken() -> None:
    (new,) = problems({COLUMNS: KNOWN[COLUMNS]}, MADE)
    (gone,) = problems(KNOWN, {COLUMNS: MADE[COLUMNS]})
    assert new.can_be_taken and "csv is new" in new.message
    assert gone.can_be_taken and "csv is not made any more" in gone.message


def test_a_number_never_falls() -> None:
    (problem,) = problems(KNOWN | {"csv": Known(3, 2, {"json": "a"})}, MADE)
    assert not problem.can_be_taken and "only rise" in problem.message


def test_the_command_takes_nothing_before_the_number_is_raised(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "golden.json"
    monkeypatch.setattr(golden, "FILE", file)
    monkeypatch.setattr(command, "FILE", file)

    def run(csv: Made) -> int:
        monkeypatch.setattr(command, "make", lambda: MADE | {"csv": csv})
        return command.main()

    assert run(CSV) == 0
    taken = file.read_bytes()
    assert run(CSV._replace(digests=CHANGED)) == 1
    assert "raise the number" in capsys.readouterr().err and file.read_bytes() == taken
    assert run(CSV._replace(digests=CHANGED, number=2)) == 0
    assert problems(golden.read(), MADE | {"csv": CSV._replace(digests=CHANGED, number=2)}) == []
