"""What the names in an expression mean in one recording.

A name is, in this order: a constant of the channel or of the language, a signal of the recording, another maths
channel, a signal that the team's catalogue knows by this name or alias, the only signal that is called so behind
its topic, or the signal that plays a role, like ``speed`` or ``role.speed``. In quotes it is a signal, whatever
else is called so.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from paddock.domain.catalogue import CarCatalogue, Described
from paddock.domain.catalogue_defaults import Role
from paddock.domain.maths_channels import FIELD, MathsChannel
from paddock.domain.maths_language.checking import BUILT_IN, Quantity, Shape, check
from paddock.domain.maths_language.fault import Fault, Span
from paddock.domain.maths_language.parser import parse
from paddock.domain.maths_language.tree import Binary, Call, Name, Node, Number, Unary, children, walk
from paddock.domain.maths_language.units import signal_unit
from paddock.domain.near_misses import did_you_mean
from paddock.domain.signal_names import item_dtype, read_element

MAX_INLINED = 2_000
"""Parts of an expression with all other channels that it is made of."""
MAX_LEVELS = 150
_ROLE = "role."
_FLOATS = frozenset(("halffloat", "float", "double"))
_STEPS = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))


@dataclass(frozen=True)
class Bound:
    """An expression that names signals of one recording, and nothing else."""

    tree: Node
    signals: Mapping[str, Quantity]
    """What each of them is, in the order of the text."""

    def resolve(self, name: Name) -> Quantity:
        """For ``check``."""
        return self.signals[name.text]

    @cached_property
    def quantity(self) -> Quantity:
        """What the whole expression is.

        Raises:
            Fault: its units do not go together.
        """
        return check(self.tree, self.resolve)


class Names:
    """What names mean in one recording.

    Args:
        signals: Arrow's word for the type of each signal of the log, lists and their elements too.
        catalogue: as the recording's car sees it.
        channels: the maths channels of the car, by name.
    """

    def __init__(
        self, signals: Mapping[str, str], catalogue: CarCatalogue, channels: Mapping[str, MathsChannel]
    ) -> None:
        self._signals = signals
        self._catalogue = catalogue
        self._channels = channels

    def bind(self, tree: Node, constants: Mapping[str, float], own_name: str = "") -> Bound:
        """The expression with every name as a signal of the recording.

        Args:
            constants: of the channel.
            own_name: of the channel, which may not be made of itself.

        Raises:
            Fault: a name that means nothing here, or a channel that is made of itself.
        """
        bound = self._bound(tree, constants, (own_name,) if own_name else ())
        if sum(1 for _ in walk(bound)) > MAX_INLINED or _levels(bound) > MAX_LEVELS:
            raise Fault("With the channels that it is made of, this is too large to compute.", tree.span)
        names = [node for node in walk(bound) if isinstance(node, Name)]
        if not names and any(isinstance(node, Call) for node in walk(bound)) and self._playing(Role.SPEED):
            # ``distance()`` alone has the instants of the speed.
            names = [Name(self._playing(Role.SPEED), tree.span, quoted=True)]
        return Bound(bound, {name.text: self._quantity(name) for name in names})

    def _bound(self, node: Node, constants: Mapping[str, float], within: tuple[str, ...]) -> Node:
        match node:
            case Name():
                return self._named(node, constants, within)
            case Unary():
                return replace(node, of=self._bound(node.of, constants, within))
            case Binary():
                left = self._bound(node.left, constants, within)
                return replace(node, left=left, right=self._bound(node.right, constants, within))
            case Call():
                given = tuple(self._bound(each, constants, within) for each in node.arguments)
                return replace(node, arguments=given)
            case _:
                return node

    def _named(self, name: Name, constants: Mapping[str, float], within: tuple[str, ...]) -> Node:
        text = name.text
        if not name.quoted:
            value = constants.get(text, BUILT_IN.get(text))
            if value is not None:
                return Number(value, name.span)
            channel = self._channels.get(text.removesuffix(f".{FIELD}"))
            if channel is not None and text not in self._signals:
                return self._of_channel(channel, name.span, within)
        return Name(self._signal(name), name.span, quoted=True)

    def _of_channel(self, channel: MathsChannel, span: Span, within: tuple[str, ...]) -> Node:
        if channel.name in within:
            way = " → ".join((*within[within.index(channel.name) :], channel.name))
            raise Fault(f"{channel.name} would be made of itself: {way}.", span)
        if len(within) > 20:
            raise Fault("More than 20 channels are made of each other here.", span)
        try:
            inner = self._bound(parse(channel.text).tree, channel.constants, (*within, channel.name))
        except Fault as fault:
            raise Fault(f"{channel.name}, which is used here, cannot be computed: {fault.message}", span) from None
        if sum(1 for _ in walk(inner)) > MAX_INLINED:
            raise Fault(f"With {channel.name} this is too large to compute.", span)
        return _placed(inner, span)

    def _signal(self, name: Name) -> str:
        """The signal of the recording that a name means."""
        text = name.text
        for meant in (text, *self._catalogue.names_of(text)):
            if self._has(meant):
                return meant
        ending = [each for each in self._signals if each.endswith(f".{text}")]
        if len(ending) == 1:
            return ending[0]
        if len(ending) > 1:
            raise Fault(
                f"{text[:60]} is the end of several signals, such as {ending[0]}: write one whole.", name.span
            )
        if not name.quoted and (playing := self._playing(text)):
            return playing
        raise Fault(f"There is no signal {text[:100]} in this recording.{self._meant(text)}", name.span)

    def _has(self, name: str) -> bool:
        if name in self._signals:
            return True
        element = read_element(name)
        return element is not None and self._signals.get(element[0], "").startswith(("list<", "large_list<"))

    def _playing(self, text: str) -> str:
        role = text.removeprefix(_ROLE)
        if role not in set(Role) - {Role.NONE}:
            return ""
        players = self._roles.get(Role(role), ())
        return players[0].name if players else ""

    @cached_property
    def _roles(self) -> Mapping[Role, tuple[Described, ...]]:
        names = ((name, dtype) for name, dtype in self._signals.items() if read_element(name) is None)
        return self._catalogue.resolve(names)

    def _meant(self, text: str) -> str:
        names: Iterable[str] = (*self._signals, *self._channels)
        hint = did_you_mean(text, names)
        if hint or "." not in text:
            return hint
        topic = text.partition(".")[0]
        fields = [each for each in self._signals if each.startswith(f"{topic}.")]
        close = difflib.get_close_matches(text, fields[:500], n=2, cutoff=0.3)
        return f" Did you mean {' or '.join(close)}?" if close else ""

    def _quantity(self, name: Name) -> Quantity:
        text = name.text
        dtype = self._signals.get(text, "")
        if not dtype and (element := read_element(text)):
            dtype = item_dtype(self._signals[element[0]])
        if dtype.startswith(("list<", "large_list<")):
            raise Fault(f"{text[:100]} is a list: take one element of it, like {text[:100]}[0].", name.span)
        if dtype in _FLOATS:
            shape = Shape.LINE
        elif dtype in _STEPS:
            shape = Shape.STEPS
        elif dtype == "bool":
            shape = Shape.CONDITION
        elif dtype.startswith(("timestamp", "duration")):
            shape = Shape.STEPS
        else:
            raise Fault(f"{text[:100]} is {dtype}, which nothing is computed from.", name.span)
        if shape is Shape.CONDITION:
            return Quantity(shape)
        return Quantity(shape, signal_unit(self._catalogue.unit_of(text, dtype)))


def _placed(node: Node, span: Span) -> Node:
    """The same tree, all of it at one place of another text."""
    match node:
        case Unary():
            return replace(node, of=_placed(node.of, span), span=span)
        case Binary():
            return replace(node, left=_placed(node.left, span), right=_placed(node.right, span), at=span, span=span)
        case Call():
            return replace(node, arguments=tuple(_placed(each, span) for each in node.arguments), span=span)
        case _:
            return replace(node, span=span)


def _levels(node: Node) -> int:
    """How deep a tree is, without a call for each level."""
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        at, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += ((child, level + 1) for child in children(at))
    return deepest
