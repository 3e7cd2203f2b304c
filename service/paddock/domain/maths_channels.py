"""Maths channels: what a team computes from signals, as documents with versions."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.catalogue import Entry
from paddock.domain.catalogue_defaults import Role
from paddock.domain.maths_language.fault import Fault, Span
from paddock.domain.maths_language.parser import parse
from paddock.domain.maths_language.tokens import MAX_LENGTH
from paddock.domain.maths_language.tree import Name, walk
from paddock.domain.maths_language.units import read_unit
from paddock.errors import Rejected

MAX_CHANNELS = 200
"""For all cars together: each is computed of every recording."""
MAX_CONSTANTS = 50
FIELD = "value"
"""The one field of a maths channel's topic: ``wheel_slip.value`` is its signal, ``wheel_slip`` its name."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_MAX_TEXT = 300
_RESERVED = frozenset(("and", "or", "not", "pi", "e", "true", "false", "missing", "t", "time_ns", "meta"))

Text = Annotated[str, Meta(max_length=2 * MAX_LENGTH)]
_Short = Annotated[str, Meta(max_length=2_000)]


class MathsText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What a team says of one maths channel; for one car it goes before the one for all cars."""

    name: Annotated[
        str, Meta(max_length=2_000, description="What it is called from then on.", examples=["wheel_slip"])
    ] = ""
    text: Annotated[
        Text, Meta(description="The expression; may begin with `name =`.", examples=["abs(VNData.vn_vel_m_s.x)"])
    ]
    unit: Annotated[
        str,
        Meta(max_length=2_000, description="Left out, it is derived from those of the signals.", examples=["m/s"]),
    ] = ""
    car: Annotated[
        str, Meta(max_length=2_000, description="Holds for this car alone; empty for all.", examples=["HT09"])
    ] = ""
    constants: Annotated[
        dict[_Short, float],
        Meta(max_length=1_000, description="Numbers by name, for the expression.", examples=[{"gear": 11.86}]),
    ] = {}
    note: Annotated[str, Meta(max_length=2_000, description="What it is for.")] = ""
    in_mat: Annotated[bool, Meta(description="Whether the MATLAB file that every recording has holds it.")] = False


class MathsChannel(msgspec.Struct, frozen=True, kw_only=True):
    """One maths channel, as a document. Its text never changes but with its version."""

    id: str
    """See ``channel_id``."""
    name: str
    text: str
    unit: str = ""
    """As said, or as derived when it was saved; empty where nobody knows."""
    is_unit_said: bool = False
    car: str = ""
    constants: dict[str, float] = {}
    note: str = ""
    in_mat: bool = False
    version: int = 1
    """Raised by every change of what is computed."""
    edition: int = 1
    """Raised by every change: what an edit has to name."""
    person: str = ""
    """Who changed it last."""
    changed_at: int = 0

    @property
    def signal(self) -> str:
        """The name of its signal in recordings."""
        return f"{self.name}.{FIELD}"

    @property
    def said(self) -> MathsText:
        """What the team says of it."""
        return MathsText(
            name=self.name,
            text=self.text,
            unit=self.unit if self.is_unit_said else "",
            car=self.car,
            constants=self.constants,
            note=self.note,
            in_mat=self.in_mat,
        )


class MathsVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel was before: a text with its constants, for who looks at what was computed then."""

    id: str
    """``channel:version``."""
    channel: str
    version: int
    name: str
    text: str
    unit: str = ""
    car: str = ""
    constants: dict[str, float] = {}
    person: str = ""
    changed_at: int = 0


class DerivedChannel(msgspec.Struct, frozen=True, kw_only=True):
    """What one maths channel became in one recording."""

    channel: str
    """The id of the ``MathsChannel``."""
    name: str
    version: int
    slug: str = ""
    """Where its columns are; empty where it could not be computed."""
    unit: str = ""
    in_mat: bool = False
    error: str = ""
    """Why it could not be, as a sentence."""
    position: int | None = None
    """Where in its text that is."""
    used: tuple[str, ...] = ()
    """The signals that it was computed from."""


def channel_id(name: str, car: str) -> str:
    """One name is one channel per car."""
    return hashlib.sha256(f"{name}\n{car.casefold()}".encode()).hexdigest()[:16]


def check_said(said: MathsText) -> MathsText:
    """What is said, without spaces around, and with the name that its text may begin with.

    Raises:
        Rejected: it cannot be (code ``bad_maths``; a ``Fault`` where a place in the text is at fault).
    """
    parsed = parse(said.text)
    name = said.name.strip() or parsed.name
    if parsed.name and name != parsed.name:
        raise _bad(f"The channel is called {name[:60]}, and its text says {parsed.name[:60]} =: say one name.")
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise _bad(f"{name[:60]!r} is no name of a channel: take up to 60 letters, digits and _, like wheel_slip.")
    for text in (said.unit, said.car, said.note):
        if len(text) > _MAX_TEXT or not text.isprintable():
            raise _bad(f"A text is too long or has control characters: {text[:40]!r}.")
    if said.unit.strip():
        _check_unit(said.unit)
    _check_constants(said.constants)
    return msgspec.structs.replace(
        said,
        name=name,
        text=said.text.strip(),
        unit=said.unit.strip(),
        car=said.car.strip(),
        note=said.note.strip(),
    )


def _check_unit(text: str) -> None:
    try:
        read_unit(text)
    except ValueError:
        raise _bad(f"{text[:40]!r} is no unit: write it like m/s, N·m, 1/s or °C.") from None


def _check_constants(constants: dict[str, float]) -> None:
    if len(constants) > MAX_CONSTANTS:
        raise _bad(f"A channel has at most {MAX_CONSTANTS} constants.")
    for name, value in constants.items():
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise _bad(f"{name[:60]!r} is no name of a constant: take letters, digits and _, like gear.")
        if not math.isfinite(value):
            raise _bad(f"The constant {name} is no number.")


def entries_of(channels: Iterable[MathsChannel]) -> tuple[Entry, ...]:
    """The channels as entries of the signal catalogue: the team knows its signal by its name."""
    return tuple(
        Entry(
            each.name,
            aliases=(each.signal,),
            cars=(each.car,) if each.car else (),
            label=each.name,
            unit=each.unit,
            role=Role.NONE,
        )
        for each in channels
    )


def names_channel(text: str, name: str) -> bool:
    """Whether an expression names a channel."""
    return bool(_places(text, name))


def renamed_in(text: str, name: str, new_name: str) -> str:
    """An expression with a channel under its new name."""
    for place in reversed(_places(text, name)):
        said = text[place.start : place.end]
        text = text[: place.start] + new_name + said.removeprefix(name) + text[place.end :]
    return text


def _places(text: str, name: str) -> list[Span]:
    """Where an expression names a channel, in order."""
    try:
        nodes = list(walk(parse(text).tree))
    except Fault:
        return []
    named = (name, f"{name}.{FIELD}")
    return sorted(node.span for node in nodes if isinstance(node, Name) and not node.quoted and node.text in named)


def of_car(channels: Iterable[MathsChannel], car: str) -> tuple[MathsChannel, ...]:
    """Those that hold for a car, by name: one for this car goes before the one for all."""
    folded = car.strip().casefold()
    found: dict[str, MathsChannel] = {}
    for channel in channels:
        own = channel.car.casefold()
        if own == folded or not own:
            known = found.get(channel.name)
            if known is None or not known.car:
                found[channel.name] = channel
    return tuple(found[name] for name in sorted(found))


def state_of(channels: Sequence[MathsChannel], more: str = "") -> str:
    """What tells whether a recording's derived columns are those of these channels.

    Args:
        more: whatever else they depend on, such as the signal catalogue's version.
    """
    said = [(channel.id, channel.version, channel.in_mat, channel.unit) for channel in channels]
    return hashlib.sha256(msgspec.json.encode((said, more))).hexdigest()[:16]


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_maths")
