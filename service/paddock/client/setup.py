"""Setup sheets, as the service says them."""

from __future__ import annotations

import msgspec

SetupValue = float | str


class SetupField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of setup sheets."""

    name: str
    """In ``set_setup``, in searches and in SQL."""
    label: str
    unit: str = ""
    kind: str = "number"
    """``number``, ``text`` or ``choice``."""
    choices: tuple[str, ...] = ()
    group: str = ""
    column: bool = False
    own: bool = False
    """Whether the team added it."""


class SetupChange(msgspec.Struct, frozen=True, kw_only=True):
    """One value that is otherwise than in the run before."""

    name: str
    label: str
    unit: str = ""
    before: SetupValue | None = None
    after: SetupValue | None = None


class SetupRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run with the values of its sheet."""

    recording: str
    name: str
    started_at: str | None = None
    metadata: dict[str, str] = {}
    values: dict[str, SetupValue] = {}


class SetupSheet(SetupRun, frozen=True, kw_only=True):
    """The sheet of a run; without values while nobody filled one."""

    version: int
    copied_from: str | None = None
    changed_at: str | None = None
    changed_by: str = ""
    previous: SetupRun | None = None
    """The last run of the car before that has a sheet."""
    changes: tuple[SetupChange, ...] = ()
    """What is otherwise than in that run."""


class ComparedValue(msgspec.Struct, frozen=True, kw_only=True):
    """One field on several sheets, in the order of the runs."""

    name: str
    label: str
    values: tuple[SetupValue | None, ...]
    differs: bool
    unit: str = ""
    group: str = ""


class ComparedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the configuration in the logs themselves."""

    record: str
    key: str
    values: tuple[str | None, ...]
    differs: bool


class SetupComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Setups beside each other."""

    runs: tuple[SetupRun, ...]
    rows: tuple[ComparedValue, ...]
    log: tuple[ComparedEntry, ...]
