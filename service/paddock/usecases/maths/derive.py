"""Derive: the job that computes the maths channels of one recording and keeps them as stored channels of it.

This is where a maths channel becomes a signal. Its columns are one more Parquet file among those of the log, its
statistics one more document among those of the log's signals, and the recording's contents list it; so whatever
reads these knows it, and nothing else has to.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from paddock.domain.catalogue import CarCatalogue
from paddock.domain.contents import Contents, contents_id
from paddock.domain.job import Job
from paddock.domain.keys import columns_key
from paddock.domain.maths_channels import of_car, state_of
from paddock.domain.recording import Recording, Status
from paddock.errors import Conflict, Unavailable
from paddock.ports.documents import Condition, Equals, OneOf
from paddock.usecases.alerts.ingest_rules import ask_rules
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.catalogue.signal_names import remember_names
from paddock.usecases.checks.asking import ask_checks
from paddock.usecases.contained import logged
from paddock.usecases.context import Context
from paddock.usecases.find.contents import find_contents
from paddock.usecases.maths.asking import may_use_laps
from paddock.usecases.maths.laps import laps_in
from paddock.usecases.maths.making import Made, Making
from paddock.usecases.maths.names import all_channels
from paddock.usecases.take_away.export import renew_default_file

_ROUNDS = 5
"""How often it begins again because somebody changed a channel meanwhile."""


async def derive(context: Context, job: Job, progress: Callable[[float], None]) -> None:
    """Bring the derived columns of a recording to the team's channels of today.

    Raises:
        Unavailable: it is being converted.
        Conflict: its columns are damaged (code ``columns_damaged``), or others do the same meanwhile.
    """
    for _ in range(_ROUNDS):
        recording = await context.documents.recordings.get(job.params["recording"])
        if recording is not None and recording.status is Status.CONVERTING:
            raise Unavailable("The log is still being converted.")
        if recording is None or recording.deleted_at is not None or not recording.build:
            return
        contents = await find_contents(context.documents, recording)
        channels = of_car(await all_channels(context), car_of(recording))
        laps = await laps_in(context, recording) if any(map(may_use_laps, channels)) else None
        catalogue = await load_catalogue(context)
        wanted = state_of(channels, f"{recording.build} {catalogue.version} {laps.digest if laps else ''}")
        if contents is None or contents.derived_state == wanted:
            return
        signals = await signals_of(context, recording)
        of_its_car = CarCatalogue(catalogue, car_of(recording))
        making = Making(context, recording, contents, signals, channels, of_its_car, laps)
        with tempfile.TemporaryDirectory(dir=context.scratch, prefix="derive-") as directory:
            made = []
            for number, channel in enumerate(channels):
                share = _Share(progress, number, len(channels))
                made.append(await making.make(channel, Path(directory) / f"{number}.parquet", share.tell))
            await _publish(context, recording, contents, made, wanted)


@dataclass(frozen=True)
class _Share:
    """The progress of one channel of several, as that of all."""

    progress: Callable[[float], None]
    number: int
    count: int

    def tell(self, share: float) -> None:
        self.progress((self.number + share) / self.count)


async def _publish(
    context: Context, recording: Recording, contents: Contents, made: Sequence[Made], state: str
) -> None:
    """Store the columns first, then list them: nobody finds a channel that cannot be read.

    Raises:
        Conflict: another worker listed others meanwhile (code ``derived_meanwhile``).
    """
    for each in made:
        if each.file is not None:
            await context.objects.put_file(columns_key(each.said.slug, recording.id, recording.build), each.file)
    summaries = {channel.slug: channel for channel in contents.channels}
    summaries |= {each.summary.slug: each.summary for each in made if each.summary is not None}
    derived = tuple(each.said for each in made)
    changes = {
        "channels": (*contents.own_channels, *(summaries[each.slug] for each in derived if each.slug)),
        "derived": derived,
        "derived_state": state,
    }
    where = [Equals("derived_state", contents.derived_state)]
    if await context.documents.contents.change(contents_id(recording.id, recording.build), changes, where) is None:
        raise Conflict("Another worker computes these channels.", code="derived_meanwhile", permanent=False)
    kept = {each.slug for each in derived if each.slug}
    gone = [each.slug for each in contents.derived if each.slug and each.slug not in kept]
    await _store_signals(context, recording, made, gone)
    in_mat = tuple(sorted(each.name for each in derived if each.slug and each.in_mat))
    slugs = {each.name: each.slug for each in derived if each.slug}
    changed = await context.documents.recordings.change(
        recording.id, {"derived": slugs, "derived_in_mat": in_mat}, [Equals("build", recording.build)]
    )
    for slug in gone:
        with logged("derived_columns_not_removed", recording=recording.id):
            await context.objects.delete(columns_key(slug, recording.id, recording.build))
    if changed is not None:
        await _tell(context, recording, changed)


async def _store_signals(context: Context, recording: Recording, made: Sequence[Made], gone: Sequence[str]) -> None:
    if gone:
        of_these: list[Condition] = [Equals("recording", recording.id), OneOf("channel", tuple(gone))]
        await context.documents.signals.delete(of_these)
    new = [
        msgspec.structs.replace(
            signal, id=f"{recording.id}:{signal.name}", recording=recording.id, unit=each.said.unit
        )
        for each in made
        for signal in each.signals
    ]
    await context.documents.signals.put_many(new)
    await remember_names(context, new, [each.summary for each in made if each.summary is not None])


async def _tell(context: Context, before: Recording, changed: Recording) -> None:
    """What follows from other derived signals: alert rules that look at them, and the default MATLAB file."""
    if changed.derived != before.derived:
        await ask_rules(context, changed)
        await ask_checks(context, changed)
    held = [{name: each.derived.get(name) for name in each.derived_in_mat} for each in (before, changed)]
    if held[0] != held[1]:
        await renew_default_file(context, "", changed)
