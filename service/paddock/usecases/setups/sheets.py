"""The setup sheet of a run: shown beside the run before, copied from it, and changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from paddock.domain.fields import CAR
from paddock.domain.history import Change
from paddock.domain.principal import Principal
from paddock.domain.recording import Recording, with_setup
from paddock.domain.setup_comparisons import HAS_SHEET
from paddock.domain.setup_sheets import SetupFields
from paddock.domain.setup_values import PREFIX, SetupSheet, Value, changed, changes_between
from paddock.ports.documents import Condition, Equals, Exists, Sort, StartsWith
from paddock.usecases.context import Context
from paddock.usecases.edit.edit import change_recording, keep_edits
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.find.search import Search, conditions, in_every_spelling
from paddock.usecases.setups.fields import load_setup_fields

LAST = "last"
"""To be copied from: the run of this car before, where this one has no sheet yet."""
BLANK = ""


@dataclass(frozen=True)
class ShownSheet:
    """The sheet of a run with the run before."""

    recording: Recording
    fields: SetupFields
    previous: Recording | None
    """The last run of the car before this one that has a sheet."""
    last_change: Change | None
    """What somebody changed last on the sheet; None where nobody did."""

    @property
    def changes(self) -> dict[str, Value | None]:
        """What this run has otherwise than the run before; nothing while one of them has no sheet."""
        if self.recording.setup is None or self.previous is None:
            return {}
        return changes_between(self.previous.setup_values, self.recording.setup_values)


async def setup_of(context: Context, recording: Recording) -> ShownSheet:
    """The sheet of a run, empty where nobody filled one."""
    await keep_edits(context, recording)
    page = await context.documents.history.find(
        [Equals("recording", recording.id), StartsWith("field", PREFIX)],
        sort=Sort("at", descending=True),
        limit=1,
    )
    return ShownSheet(
        recording,
        await load_setup_fields(context),
        await previous_run(context, recording),
        page.items[0] if page.items else None,
    )


async def previous_run(context: Context, recording: Recording) -> Recording | None:
    """The last run of the same car before this one that has a sheet.

    Of a log whose start is not known yet it is the car's last run; runs that name no car are one car's.
    """
    search = Search(metadata={CAR.name: (CAR.of(recording.metadata),)}, before_ns=recording.started_ns)
    where: list[Condition] = [*conditions(await in_every_spelling(context, search)), Exists(HAS_SHEET)]
    page = await context.documents.recordings.find(where, sort=Sort("started_ns", descending=True), limit=2)
    return next((each for each in page.items if each.id != recording.id), None)


async def save_setup(
    context: Context,
    principal: Principal,
    recording_id: str,
    values: Mapping[str, Value | None],
    *,
    copy_from: str = LAST,
    version: int | None = None,
) -> Recording:
    """Change values of a run's sheet; the recording as it is then.

    Args:
        values: what is entered, by field; None and an empty text take a value away. All else stays.
        copy_from: what a run without a sheet begins with: ``LAST`` for the run of the car before, ``BLANK`` for
            nothing, or the id of a recording. With an id the sheet becomes a copy of that one also where there is
            one already.
        version: of the recording that was looked at. Edits of other fields since then are no conflict; without a
            version this one wins.

    Raises:
        NotFound: there is no such recording.
        Rejected: an unknown field, or a value that it cannot have (code ``bad_setup``).
        EditConflict: one of the fields was changed since that version to something else.
    """
    fields = await load_setup_fields(context)
    entered = fields.check(values)
    known = await get_recording(context, recording_id)
    if copy_from == LAST:
        source = await previous_run(context, known)
    else:
        source = await get_recording(context, copy_from) if copy_from else None
    replaces = copy_from not in (LAST, BLANK)
    copied = fields.copied(source.setup_values) if source else {}

    def edited(recording: Recording) -> Recording:
        if recording.setup is not None and not replaces:
            return with_setup(recording, entered)
        sheet = changed(copied, entered)
        copied_from = source.id if source and copied else ""
        setup = SetupSheet(sheet, copied_from) if sheet else None
        return msgspec.structs.replace(recording, setup=setup)

    return await change_recording(context, principal, known.id, edited, version)
