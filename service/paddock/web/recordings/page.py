"""The page of one recording."""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from paddock.domain.principal import may
from paddock.domain.recording import RunFigures, Status
from paddock.domain.roles import Permission
from paddock.usecases.conversion.reprocess import is_asked, reprocess_one
from paddock.usecases.devices.radio import radio_of
from paddock.usecases.edit.edit import history_of
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.look.overview import overview
from paddock.usecases.look.worksheets import default_plots
from paddock.usecases.maths.standing import standing_of
from paddock.usecases.setups.sheets import setup_of
from paddock.web.checks.resources import checks_of_recording
from paddock.web.databases.decoding import decoding_of
from paddock.web.edit.api import History, change_resources
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TeamFields, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.laps.of_recording import labels_of, laps_of_recording
from paddock.web.recordings.answers import detail
from paddock.web.recordings.resources import RecordingResource
from paddock.web.sync.choices import choices

HISTORY_SHOWN = 20


@get("/recordings/{recording_id:str}", needs=Permission.READ)
async def recording_page(
    context: TheContext, principal: ThePrincipal, team_fields: TeamFields, recording_id: FromPath[str]
) -> Page:
    """One recording: what it is, where its metadata came from, what it lost, its files and channels."""
    recording = await get_recording(context, recording_id, deleted=None)
    item = await detail(context, recording)
    if recording.deleted_at is not None:
        return Page("recordings/deleted.html", principal=principal, item=item)
    again = item.status is Status.READY and await is_asked(context, recording)
    is_empty = item.status is Status.READY and not again and recording.message_count == 0
    has_signals = bool(item.channels) and not is_empty
    laps = await laps_of_recording(context, recording)
    changes = await history_of(context, recording, limit=HISTORY_SHOWN)
    return Page(
        "recordings/recording.html",
        principal=principal,
        item=item,
        fields=team_fields,
        setup=await setup_of(context, recording),
        laps=laps if has_signals else None,
        labels=await labels_of(context, recording, laps.signals) if has_signals else {},
        decoding=await decoding_of(context, recording),
        radio=await radio_of(context, recording),
        checks=await checks_of_recording(context, recording) if has_signals else None,
        may_check=may(principal, Permission.EDIT_CHECKLISTS),
        maths=await standing_of(context, recording, await contents_of(context.documents, recording)),
        choices=await choices(context, team_fields, subject=recording.id),
        history=History(change_resources(changes.items, first=True), changes.next),
        panels=await overview(context, recording) if has_signals else (),
        begin=await default_plots(context, recording) if has_signals else (),
        has_signals=has_signals,
        has_figures=any(value is not None for value in _figures(recording.highlights)),
        is_empty=is_empty,
        unsettled=_unsettled(item) or again,
        again=again,
        converter=recording.converter,
    )


@post("/recordings/{recording_id:str}/reprocess", needs=Permission.CONVERT)
async def reprocess_and_show(
    context: TheContext, principal: ThePrincipal, recording_id: FromPath[str], accept: FromQuery[bool] = False
) -> Redirect:
    """The button's form, which works without JavaScript; the page follows the conversion."""
    recording = await reprocess_one(context, principal, recording_id, accept=accept)
    return Redirect(f"/recordings/{recording.short_id}", status_code=303)


def _figures(of: RunFigures) -> tuple[float | None, ...]:
    return of.distance_m, of.max_speed_m_s, of.min_cell_voltage_v, of.max_cell_temperature_c


def _unsettled(item: RecordingResource) -> bool:
    return item.status not in (Status.READY, Status.FAILED)


ROUTER = pages(recording_page, reprocess_and_show)
