"""The maths channels of one recording, each computed into a file of columns, or said why it cannot be."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from paddock.columns.containment import contained
from paddock.columns.derived import Derived, DerivedColumns, derived_channel
from paddock.columns.parquet_footer import footer_crc32
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.contents import Contents
from paddock.domain.maths_binding import Bound
from paddock.domain.maths_channels import FIELD, DerivedChannel, MathsChannel
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.parser import parse
from paddock.domain.maths_language.tree import Name, walk
from paddock.domain.recording import ChannelSummary, Recording, Signal
from paddock.errors import Conflict, PaddockError, Rejected
from paddock.formats.parquet import write_channel
from paddock.usecases.context import Context
from paddock.usecases.maths.laps import RecordedLaps, uses_laps
from paddock.usecases.maths.names import columns_for, names_in

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Made:
    """What became of one maths channel; without columns where they are there already or cannot be made."""

    said: DerivedChannel
    summary: ChannelSummary | None = None
    signals: tuple[Signal, ...] = ()
    file: Path | None = None


class Making:
    """Computes the channels of one recording, as far as they are not there already.

    Args:
        contents: of the recording; so are ``signals`` and ``laps``, None where nobody timed it.
        channels: those of its car.
        catalogue: as its car sees it.
    """

    def __init__(
        self,
        context: Context,
        recording: Recording,
        contents: Contents,
        signals: Sequence[Signal],
        channels: Sequence[MathsChannel],
        catalogue: CarCatalogue,
        laps: RecordedLaps | None,
    ) -> None:
        self._context = context
        self._recording = recording
        self._contents = contents
        self._by_name = {channel.name: channel for channel in channels}
        self._names = names_in(contents, signals, catalogue, channels)
        self._laps = laps
        self._topics = {channel.topic for channel in contents.own_channels}
        self._there = {each.slug for each in contents.derived if each.slug}

    async def make(self, channel: MathsChannel, target: Path, progress: Progress) -> Made:
        """One channel, its columns in ``target``; what is wrong with it is said, and costs it alone.

        Raises:
            Conflict: the recording's columns are damaged (code ``columns_damaged``).
            Unavailable: a store does not answer.
            OSError: the disk is full.
        """
        said = DerivedChannel(
            channel=channel.id,
            name=channel.name,
            version=channel.version,
            unit=channel.unit,
            in_mat=channel.in_mat,
        )
        try:
            if channel.name in self._topics:
                raise Rejected("This log has a topic that is called so.", code="name_taken")
            tree = parse(channel.text).tree
            bound = await asyncio.to_thread(self._names.bind, tree, channel.constants, channel.name)
            unit = channel.unit if channel.is_unit_said else str(bound.quantity.unit or "")
            said = msgspec.structs.replace(said, unit=unit, used=tuple(bound.signals))
            return await self._computed(channel, bound, said, target, progress)
        except Fault as fault:
            return Made(msgspec.structs.replace(said, error=fault.message, position=fault.span.start))
        except PaddockError as error:
            if not error.permanent or isinstance(error, Conflict):
                raise
            return Made(msgspec.structs.replace(said, error=error.message))
        except (OSError, asyncio.CancelledError):
            raise
        except BaseException as error:
            return Made(msgspec.structs.replace(said, error=f"It could not be computed ({contained(error)})."))

    async def _computed(
        self, channel: MathsChannel, bound: Bound, said: DerivedChannel, target: Path, progress: Progress
    ) -> Made:
        made = derived_channel(channel.name, self._fingerprint(channel, bound), bound.quantity.shape)
        said = msgspec.structs.replace(said, slug=made.slug)
        if made.slug in self._there:
            return Made(said)
        stored = await columns_for(self._context, self._recording, self._contents, bound)

        def write() -> Made:
            columns = DerivedColumns(Derived(stored, bound, self._laps), made, progress)
            write_channel(columns, made, target, {f"{channel.name}.{FIELD}": said.unit} if said.unit else {})
            (summary,) = columns.summary.channels
            size, crc32 = target.stat().st_size, footer_crc32(target)
            summary = msgspec.structs.replace(summary, stored_bytes=size, footer_crc32=crc32)
            return Made(said, summary, columns.summary.signals, target)

        return await asyncio.to_thread(write)

    def _fingerprint(self, channel: MathsChannel, bound: Bound) -> str:
        """What its values depend on: texts and constants of it and of what it is made of, signals, laps."""
        said: list[object] = [sorted(bound.signals)]
        if self._laps is not None and uses_laps(bound.tree):
            said.append(self._laps.digest)
        waiting, seen = [channel], set[str]()
        while waiting:
            each = waiting.pop()
            if each.name in seen:
                continue
            seen.add(each.name)
            said.append((each.name, each.text, sorted(each.constants.items())))
            names = (node.text for node in walk(parse(each.text).tree) if isinstance(node, Name))
            used = {name.removesuffix(f".{FIELD}") for name in names}
            waiting += [self._by_name[name] for name in sorted(used & self._by_name.keys())]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]
