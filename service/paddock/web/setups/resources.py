"""What the JSON API says about setup sheets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.recording import Recording
from paddock.domain.setup_fields import SetupField, SetupKind
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.setup_values import Value
from paddock.usecases.setups.compare import ComparedSetups
from paddock.usecases.setups.fields import is_own
from paddock.usecases.setups.sheets import ShownSheet
from paddock.web.recordings.resources import ID_EXAMPLE, Instant, LogName, RecordingId

SetupValue = float | str
Values = Annotated[
    dict[str, SetupValue],
    Meta(description="By field: a number, or a text.", examples=[{"spring_front": 35.0, "tire_set": "R25B"}]),
]


class SetupFieldResource(msgspec.Struct, frozen=True, kw_only=True):
    """One field of setup sheets."""

    name: Annotated[str, Meta(description="In `values`, in searches and in SQL.", examples=["spring_front"])]
    label: Annotated[str, Meta(description="What pages call it.", examples=["Front spring"])]
    unit: Annotated[str, Meta(description="Of a number; may be empty.", examples=["N/mm"])]
    kind: Annotated[SetupKind, Meta(description="What its values are.")]
    choices: Annotated[tuple[str, ...], Meta(description="The values of a choice.")] = ()
    group: Annotated[str, Meta(description="The heading that it stands under.", examples=["Springs and bars"])]
    column: Annotated[bool, Meta(description="Whether lists of recordings and laps show it.")]
    own: Annotated[bool, Meta(description="Whether the team added it.")]


class RunResource(msgspec.Struct, frozen=True, kw_only=True):
    """A run whose sheet is shown."""

    recording: RecordingId
    name: LogName
    started_at: Annotated[Instant | None, Meta(description="When it began; null where nobody knows.")] = None
    metadata: Annotated[dict[str, str], Meta(description="Car, driver and the like.")]
    values: Values


class SetupChangeResource(msgspec.Struct, frozen=True, kw_only=True):
    """One value that is otherwise than in the run before."""

    name: Annotated[str, Meta(examples=["spring_front"])]
    label: Annotated[str, Meta(examples=["Front spring"])]
    unit: Annotated[str, Meta(examples=["N/mm"])]
    before: Annotated[SetupValue | None, Meta(description="Null where the sheet before does not say it.")]
    after: Annotated[SetupValue | None, Meta(description="Null where this sheet does not say it.")]


class SheetResource(RunResource, frozen=True, kw_only=True):
    """The setup sheet of a run; without values while nobody filled one."""

    version: Annotated[int, Meta(description="Send it with a change, so that no other one is lost.", examples=[3])]
    copied_from: Annotated[
        str | None, Meta(description="The recording whose sheet it began as.", examples=[ID_EXAMPLE])
    ] = None
    changed_at: Annotated[Instant | None, Meta(description="When somebody changed it last.")] = None
    changed_by: Annotated[str, Meta(description="Who that was.", examples=["Adam"])] = ""
    previous: Annotated[RunResource | None, Meta(description="The last run of the car before with a sheet.")] = None
    changes: Annotated[
        tuple[SetupChangeResource, ...], Meta(description="What is otherwise than in that run.")
    ] = ()


class ComparedRowResource(msgspec.Struct, frozen=True, kw_only=True):
    """One field on all the sheets."""

    name: Annotated[str, Meta(examples=["spring_front"])]
    label: Annotated[str, Meta(examples=["Front spring"])]
    unit: Annotated[str, Meta(examples=["N/mm"])]
    group: Annotated[str, Meta(examples=["Springs and bars"])]
    values: Annotated[tuple[SetupValue | None, ...], Meta(description="In the order of the runs.")]
    differs: Annotated[bool, Meta(description="Whether the sheets say different things.")]


class LogRowResource(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the configuration in the logs themselves."""

    record: Annotated[str, Meta(description="The metadata record, or the topic.", examples=["setup"])]
    key: Annotated[str, Meta(examples=["regen_limit"])]
    values: Annotated[tuple[str | None, ...], Meta(description="In the order of the runs.")]
    differs: Annotated[bool, Meta(description="Whether the logs say different things.")]


class ComparisonResource(msgspec.Struct, frozen=True, kw_only=True):
    """Setups beside each other."""

    runs: tuple[RunResource, ...]
    rows: Annotated[tuple[ComparedRowResource, ...], Meta(description="What any of the sheets says.")]
    log: Annotated[
        tuple[LogRowResource, ...],
        Meta(description="The logs' metadata records, and the last values of topics called a configuration."),
    ]


def field_resource(field: SetupField) -> SetupFieldResource:
    """One field as JSON has it."""
    return SetupFieldResource(
        name=field.id,
        label=field.label,
        unit=field.unit,
        kind=field.kind,
        choices=field.choices,
        group=field.group,
        column=field.column,
        own=is_own(field),
    )


def run_resource(recording: Recording, fields: SetupFields) -> RunResource:
    """A run with the values of its sheet."""
    return RunResource(
        recording=recording.id,
        name=recording.name,
        started_at=None if recording.started_ns is None else to_rfc3339(recording.started_ns),
        metadata={name: said.value for name, said in recording.metadata.items() if said.value},
        values=fields.shown_all(recording.setup_values),
    )


def sheet_resource(shown: ShownSheet) -> SheetResource:
    """The sheet of a run as JSON has it."""
    recording, fields, last = shown.recording, shown.fields, shown.last_change
    previous = shown.previous
    return SheetResource(
        **msgspec.structs.asdict(run_resource(recording, fields)),
        version=recording.version,
        copied_from=recording.setup.copied_from or None if recording.setup else None,
        changed_at=None if last is None else to_rfc3339(last.at),
        changed_by="" if last is None else last.principal,
        previous=None if previous is None else run_resource(previous, fields),
        changes=() if previous is None else change_resources(shown.changes, previous.setup_values, fields),
    )


def change_resources(
    changes: Mapping[str, Value | None], before: Mapping[str, Value], fields: SetupFields
) -> tuple[SetupChangeResource, ...]:
    """What was changed since a run, in the order of forms."""
    return tuple(
        SetupChangeResource(
            name=name,
            label=fields.label(name),
            unit=fields.unit(name),
            before=fields.shown(name, before.get(name)),
            after=fields.shown(name, changes[name]),
        )
        for name in fields.named(before, dict.fromkeys(changes, ""))
        if name in changes
    )


def comparison_resource(compared: ComparedSetups, *, only_differing: bool) -> ComparisonResource:
    """Setups beside each other as JSON has them."""
    fields = compared.fields
    return ComparisonResource(
        runs=tuple(run_resource(each, fields) for each in compared.recordings),
        rows=tuple(
            ComparedRowResource(
                name=row.name,
                label=row.label,
                unit=row.unit,
                group=row.group,
                values=tuple(fields.shown(row.name, value) for value in row.values),
                differs=row.differs,
            )
            for row in compared.rows
            if row.differs or not only_differing
        ),
        log=tuple(
            LogRowResource(record=row.record, key=row.key, values=row.values, differs=row.differs)
            for row in compared.log
            if row.differs or not only_differing
        ),
    )
