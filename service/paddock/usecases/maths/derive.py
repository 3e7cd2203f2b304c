"""Derive: the job that computes the maths channels of one recording and keeps them as stored channels of it.

This is where a maths channel becomes a signal. Its columns are one more Parquet file among those of the log, its
statistics one more document among those of the log's signals, and the recording's contents list it; so whatever
reads these knows it, and nothing else has to.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from paddock.columns.containment import contained
from paddock.columns.derived import Derived, DerivedColumns, derived_channel
from paddock.columns.parquet_footer import footer_crc32
from paddock.columns.stored import StoredColumns
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.contents import Contents, contents_id
from paddock.domain.job import Job
from paddock.domain.keys import columns_key
from paddock.domain.maths_binding import Bound, Names
from paddock.domain.maths_channels import DerivedChannel, MathsChannel, of_car, state_of
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.parser import parse
from paddock.domain.maths_language.tree import Name, walk
from paddock.domain.recording import ChannelSummary, Recording, Signal, Status
from paddock.errors import Conflict, PaddockError, Rejected, Unavailable
from paddock.formats.parquet import write_channel
from paddock.ports.documents import Condition, Equals, OneOf
from paddock.usecases.alerts.ingest_rules import ask_rules
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue, signals_of
from paddock.usecases.catalogue.signal_names import remember_names
from paddock.usecases.contained import logged
from paddock.usecases.context import Context
from paddock.usecases.find.contents import find_contents
from paddock.usecases.maths.asking import may_use_laps
from paddock.usecases.maths.laps import RecordedLaps, laps_in, uses_laps
from paddock.usecases.maths.names import all_channels, columns_for, names_in
from paddock.usecases.take_away.export import renew_default_file

_ROUNDS = 5
"""How often it begins again because somebody changed a channel meanwhile."""


@dataclass(frozen=True)
class Made:
    """What became of one maths channel; without columns where they are there already or cannot be made."""

    said: DerivedChannel
    summary: ChannelSummary | None = None
    signals: tuple[Signal, ...] = ()
    file: Path | None = None


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
        with tempfile.TemporaryDirectory(dir=context.scratch, prefix="derive-") as directory:
            made = await _make_all(context, recording, contents, channels, laps, Path(directory), progress)
            await _publish(context, recording, contents, made, wanted)


async def _make_all(
    context: Context,
    recording: Recording,
    contents: Contents,
    channels: Sequence[MathsChannel],
    laps: RecordedLaps | None,
    directory: Path,
    progress: Callable[[float], None],
) -> list[Made]:
    catalogue = CarCatalogue(await load_catalogue(context), car_of(recording))
    names = names_in(contents, await signals_of(context, recording), catalogue, channels)
    by_name = {channel.name: channel for channel in channels}
    known = {each.slug: each for each in contents.derived if each.slug}
    topics = {channel.topic for channel in contents.own_channels}
    made = []
    for number, channel in enumerate(channels):
        target = directory / f"{number}.parquet"

        def told(share: float, number: int = number) -> None:
            progress((number + share) / len(channels))

        made.append(
            await _make(context, recording, contents, channel, by_name, names, known, topics, laps, target, told)
        )
    return made


async def _make(
    context: Context,
    recording: Recording,
    contents: Contents,
    channel: MathsChannel,
    by_name: Mapping[str, MathsChannel],
    names: Names,
    known: Mapping[str, DerivedChannel],
    topics: set[str],
    laps: RecordedLaps | None,
    target: Path,
    progress: Callable[[float], None],
) -> Made:
    """One channel; what is wrong with it is said, and costs itself alone."""
    said = DerivedChannel(
        channel=channel.id, name=channel.name, version=channel.version, unit=channel.unit, in_mat=channel.in_mat
    )
    try:
        if channel.name in topics:
            raise Rejected("This log has a topic that is called so.", code="name_taken")
        bound = await asyncio.to_thread(names.bind, parse(channel.text).tree, channel.constants, channel.name)
        version = _fingerprint(channel, by_name, bound, laps)
        unit = channel.unit if channel.is_unit_said else str(bound.quantity.unit or "")
        said = msgspec.structs.replace(said, unit=unit, used=tuple(bound.signals))
        slug = derived_channel(channel.name, version, bound.quantity.shape).slug
        if slug in known:
            return Made(msgspec.structs.replace(said, slug=slug))
        columns = await columns_for(context, recording, contents, bound)
        return await asyncio.to_thread(
            _compute, columns, bound, channel.name, version, said, laps, target, progress
        )
    except Fault as fault:
        return Made(msgspec.structs.replace(said, error=fault.message, position=fault.span.start))
    except PaddockError as error:
        if not error.permanent or isinstance(error, Conflict):
            raise
        return Made(msgspec.structs.replace(said, error=error.message))
    except OSError:
        raise
    except BaseException as error:
        return Made(msgspec.structs.replace(said, error=f"It could not be computed ({contained(error)})."))


def _compute(
    columns: StoredColumns,
    bound: Bound,
    name: str,
    version: str,
    said: DerivedChannel,
    laps: RecordedLaps | None,
    target: Path,
    progress: Callable[[float], None],
) -> Made:
    channel = derived_channel(name, version, bound.quantity.shape)
    derived = DerivedColumns(Derived(columns, bound, laps), channel, progress)
    write_channel(derived, channel, target, {f"{name}.value": said.unit} if said.unit else {})
    (summary,) = derived.summary.channels
    stored = msgspec.structs.replace(summary, stored_bytes=target.stat().st_size, footer_crc32=footer_crc32(target))
    return Made(msgspec.structs.replace(said, slug=channel.slug), stored, derived.summary.signals, target)


def _fingerprint(
    channel: MathsChannel, by_name: Mapping[str, MathsChannel], bound: Bound, laps: RecordedLaps | None
) -> str:
    """What its values depend on: its text, those of the channels it is made of, which signals these mean, laps."""
    said: list[object] = [sorted(bound.signals)]
    if laps is not None and uses_laps(bound.tree):
        said.append(laps.digest)
    waiting, seen = [channel], set[str]()
    while waiting:
        each = waiting.pop()
        if each.name in seen:
            continue
        seen.add(each.name)
        said.append((each.name, each.text, sorted(each.constants.items())))
        used = {node.text.removesuffix(".value") for node in walk(parse(each.text).tree) if isinstance(node, Name)}
        waiting += [by_name[name] for name in sorted(used & by_name.keys())]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]


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
    held = [{name: each.derived.get(name) for name in each.derived_in_mat} for each in (before, changed)]
    if held[0] != held[1]:
        await renew_default_file(context, "", changed)
