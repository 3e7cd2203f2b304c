"""Storage: how many bytes the logs and what was derived from them take, by car and event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from paddock.domain.fields import CAR, EVENT, same_value
from paddock.ports.documents import Exists, Scalar
from paddock.usecases.context import Context
from paddock.usecases.find.facets import most_frequent_spellings


class Usage(msgspec.Struct, frozen=True):
    """What some recordings take."""

    car: str = ""
    """Empty when nobody said."""
    event: str = ""
    recordings: int = 0
    original_bytes: int = 0
    derived_bytes: int = 0
    """MATLAB files, exports, viewer copies; not the columns for plots, about as large as the MATLAB file."""

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return self.original_bytes + self.derived_bytes


class Storage(msgspec.Struct, frozen=True):
    """The whole store."""

    total: Usage
    groups: tuple[Usage, ...]
    """By car and event, the largest first."""
    by_format: tuple[tuple[str, int, int], ...]
    """Derived files: format, files, bytes; the largest first."""
    deleted_bytes: int
    """Originals of recordings that were deleted and not purged."""


async def storage_used(context: Context) -> Storage:
    """Sums made in the store; no document is read, and what is deleted counts until it is purged."""
    documents = context.documents
    # One after the other: ten thousand rows are made by Python threads, which only get into each other's way.
    artifacts = await documents.artifacts.sums("size_bytes", ("recording", "format"))
    recordings = await documents.recordings.sums("size_bytes", (CAR.path, EVENT.path, "id"))
    deleted = await documents.recordings.sums("size_bytes", ("deleted_at",), [Exists("deleted_at")])
    # Plain numbers in plain dictionaries, because there are as many groups as recordings to add up.
    derived: dict[Scalar, int] = {}
    formats: dict[Scalar, list[int]] = {}
    for group in artifacts:
        recording, format_ = group.values
        derived[recording] = derived.get(recording, 0) + group.sum
        numbers = formats.setdefault(format_, [0, 0])
        numbers[0] += group.count
        numbers[1] += group.sum
    cars, events = (_spelled_alike(group.values[place] for group in recordings) for place in (0, 1))
    found: dict[tuple[Scalar, Scalar], list[int]] = {}
    for group in recordings:
        car, event, recording = group.values
        numbers = found.setdefault((cars[car], events[event]), [0, 0, 0])
        numbers[0] += group.count
        numbers[1] += group.sum
        numbers[2] += derived.get(recording, 0)
    usages = (Usage(str(car), str(event), *numbers) for (car, event), numbers in found.items())
    groups = sorted(usages, key=lambda usage: (-usage.total_bytes, usage.car, usage.event))
    by_format = ((str(name), files, size_bytes) for name, (files, size_bytes) in formats.items())
    return Storage(
        total=_total(groups),
        groups=tuple(groups),
        by_format=tuple(sorted(by_format, key=lambda each: -each[2])),
        deleted_bytes=sum(group.sum for group in deleted),
    )


def _spelled_alike(values: Iterable[Scalar]) -> dict[Scalar, str]:
    """For each value the spelling that most recordings have of it."""
    spelled = {value: (str(value or ""), number) for value, number in Counter(values).items()}
    common = most_frequent_spellings(spelled.values())
    return {value: common[same_value(text)] for value, (text, _) in spelled.items()}


def _total(groups: Iterable[Usage]) -> Usage:
    total = Usage()
    for usage in groups:
        total = _plus(total, usage)
    return total


def _plus(known: Usage, more: Usage) -> Usage:
    return Usage(
        known.car,
        known.event,
        known.recordings + more.recordings,
        known.original_bytes + more.original_bytes,
        known.derived_bytes + more.derived_bytes,
    )
