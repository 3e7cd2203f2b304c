"""The last minutes of all devices, in the memory of the site: one thread writes them, all who watch read them."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from paddock.domain.instants import NS_PER_S
from paddock.usecases.live.tape import Samples, Tape, by_time

Value: TypeAlias = float | int | str | bool | None

MAX_SIGNALS = 3_000
"""For one device; a car has 800 to 1,500. What else it names is left out here, and counted."""
MAX_ALL_SIGNALS = 20_000
"""For all devices together; those that were silent longest are forgotten first."""
LONGEST_TEXT = 200
MOST_STATES = 50
"""A text with more values is no state."""
LONGEST_NAME = 300
LATEST_S, EARLIEST_S = 60, 86_400
"""A time that a device says counts if it lies within these of when it came: a minute ahead, a day behind. Otherwise
its clock is wrong, and what it sends is shown at the time when it came."""


class Sampled(Protocol):
    """One message, decoded."""

    @property
    def topic(self) -> str:
        """As recordings name it."""
        ...

    @property
    def time_ns(self) -> int:
        """When it was measured, as the device says, or when it came."""
        ...

    @property
    def values(self) -> Mapping[str, Value]:
        """By field path."""
        ...

    @property
    def enums(self) -> Mapping[str, Mapping[int, str]]:
        """What numbers are called, by field path."""
        ...


@dataclass
class LiveSignal:
    """One signal of a device."""

    number: int
    """Unlike that of any other signal, as long as this process runs."""
    device: str
    name: str
    """Topic and field path, as in a recording."""
    topic: str
    dtype: str
    """Arrow's word for its type: ``double``, ``int64``, ``bool`` or ``string``."""
    tape: Tape
    sequence: int = 0
    """That of what came last."""
    received_ns: int = 0
    """When that came."""
    version: int = 0
    """Rises when there is something new to say of it: another type, another text."""
    enums: Mapping[int, str] = field(default_factory=dict)
    """What its numbers are called."""
    texts: set[str] = field(default_factory=set)
    """The values of one whose values are texts, as long as they are few enough to be states."""

    @property
    def is_text(self) -> bool:
        """Whether its values are texts."""
        return self.tape.text


@dataclass
class LiveDevice:
    """One device and its signals."""

    id: str
    signals: dict[str, LiveSignal] = field(default_factory=dict)
    """By name."""
    known: dict[str, dict[str, LiveSignal]] = field(default_factory=dict)
    """By topic, then by the path of the field, as messages have them."""
    named: dict[str, tuple[Mapping[str, Mapping[int, str]], int]] = field(default_factory=dict)
    """By topic, the names of numbers that its signals have, and of how many fields they were."""
    received_ns: int = 0
    """When it sent last."""
    sequence: int = 0
    left_out: int = 0
    """Values of signals that are one too many, and messages of a device that sends too much to be looked at."""
    clock_off_s: float | None = None
    """By how much its clock is wrong, where it is so wrong that its times do not count."""


class Live:
    """What every device sent in the last minutes. All methods may be called on any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._devices: dict[str, LiveDevice] = {}
        self._number = 0
        self.sequence = 0
        """The position of the last entry of the log that is in here."""
        self.since = 0
        """All that came after this one is in here, as far as the last minutes go."""
        self.catches_up = False
        """Whether what came before the start of the site is still being taken."""

    def unchanged(self) -> AbstractContextManager[bool]:
        """A context: while its block runs, nobody else changes anything. Blocks are short; pages wait for them."""
        return self._lock

    def begin(self, sequence: int) -> None:
        """Begin at this position of the log: what is taken from now on follows it."""
        with self._lock:
            self.since = self.sequence = sequence

    def passed(self, sequence: int) -> None:
        """Note that the log was read up to this position, whether or not there was anything to take."""
        with self._lock:
            self.sequence = max(self.sequence, sequence)

    def take(self, device_id: str, sequence: int, received_ns: int, messages: Iterable[Sampled]) -> None:
        """One entry of the log, decoded.

        Args:
            device_id: who sent it.
            sequence: its position in the log, above all before.
            received_ns: when it came.
            messages: what it says.
        """
        with self._lock:
            device = self._devices.get(device_id) or self._devices.setdefault(device_id, LiveDevice(device_id))
            for message in messages:
                time_ns = self._time(device, message.time_ns, received_ns)
                topic = message.topic
                known = device.known.get(topic) or {}
                for path, value in message.values.items():
                    signal = known.get(path)
                    # Most values are one more number of a signal that is there.
                    if (
                        signal is not None
                        and type(value) is float
                        and signal.dtype == "double"
                        and time_ns > signal.tape.last_ns
                    ):
                        signal.tape.append(sequence, time_ns, value)
                        signal.sequence, signal.received_ns = sequence, received_ns
                    elif value is not None:
                        self._add(device, topic, path, sequence, time_ns, received_ns, value)
                if message.enums:
                    _name(device, message)
            device.received_ns, device.sequence = received_ns, sequence
            self.sequence = max(self.sequence, sequence)

    def _time(self, device: LiveDevice, time_ns: int, received_ns: int) -> int:
        off_s = (time_ns - received_ns) / NS_PER_S
        wrong = not -EARLIEST_S <= off_s <= LATEST_S
        device.clock_off_s = off_s if wrong else None
        return received_ns if wrong else time_ns

    def _add(
        self,
        device: LiveDevice,
        topic: str,
        path: str,
        sequence: int,
        time_ns: int,
        received_ns: int,
        value: float | str | bool,
    ) -> None:
        signal = device.known.get(topic, {}).get(path)
        if signal is None:
            name = f"{topic}.{path}" if path else topic
            signal = device.signals.get(name) or self._new_signal(device, name, topic, value)
            if signal is None:
                device.left_out += 1
                return
            device.known.setdefault(topic, {})[path] = signal
        if isinstance(value, str):
            value = value[:LONGEST_TEXT]
            if not signal.is_text:
                signal.tape, signal.dtype = signal.tape.as_text(), "string"
                signal.version += 1
            if value not in signal.texts and len(signal.texts) < MOST_STATES:
                signal.texts.add(value)
                signal.version += 1
        elif signal.is_text:
            value = str(value)
        elif signal.dtype != "double" and signal.dtype != _dtype(value):
            signal.dtype, signal.tape.steps = "double", False
            signal.version += 1
        tape = signal.tape
        # What a device sends once more after a lost acknowledgement has the same time, in another entry.
        if time_ns <= tape.last_ns and sequence != signal.sequence and tape.has(time_ns):
            return
        tape.append(sequence, time_ns, value if isinstance(value, str) else _number(value))
        signal.sequence, signal.received_ns = sequence, received_ns

    def _new_signal(
        self, device: LiveDevice, name: str, topic: str, value: float | str | bool
    ) -> LiveSignal | None:
        if len(device.signals) >= MAX_SIGNALS or len(name) > LONGEST_NAME:
            return None
        if self._number and sum(len(each.signals) for each in self._devices.values()) >= MAX_ALL_SIGNALS:
            self._forget_a_silent_one(device)
        self._number += 1
        dtype = _dtype(value)
        tape = Tape(text=dtype == "string", steps=dtype != "double")
        signal = device.signals[name] = LiveSignal(self._number, device.id, name, topic, dtype, tape)
        return signal

    def _forget_a_silent_one(self, but: LiveDevice) -> None:
        others = [each for each in self._devices.values() if each is not but and each.signals]
        if others:
            del self._devices[min(others, key=lambda each: each.received_ns).id]

    def devices(self) -> list[LiveDevice]:
        """All that sent something in the last minutes, by id."""
        with self._lock:
            return [self._devices[name] for name in sorted(self._devices)]

    def device(self, device_id: str) -> LiveDevice | None:
        """One of them; None where it sent nothing."""
        return self._devices.get(device_id)

    def signals(self, device_id: str) -> list[LiveSignal]:
        """Those of a device, by name."""
        with self._lock:
            device = self._devices.get(device_id)
            return [device.signals[name] for name in sorted(device.signals)] if device else []

    def leave_out(self, device_id: str, values: int) -> None:
        """Count what a device sent and nobody will be shown."""
        with self._lock:
            device = self._devices.get(device_id) or self._devices.setdefault(device_id, LiveDevice(device_id))
            device.left_out += values

    def span(self, device_id: str, names: Iterable[str], after: int = -1) -> dict[str, Samples]:
        """All that is held of some signals, by time; those that are not there are left out.

        Args:
            device_id: whose.
            names: of signals.
            after: the position of the log after which it came.
        """
        with self._lock:
            device = self._devices.get(device_id)
            return {
                name: by_time(device.signals[name].tape.between(after, self.sequence)[0])
                for name in names
                if device and name in device.signals
            }


def _name(device: LiveDevice, message: Sampled) -> None:
    """Have signals know what their numbers are called; the same names are looked at once."""
    topic, enums = message.topic, message.enums
    known, count = device.named.get(topic, ({}, 0))
    if known is enums and count == len(enums):
        return
    for path, names in enums.items():
        signal = device.known.get(topic, {}).get(path)
        if signal is not None and signal.enums != names:
            signal.enums = names
            signal.version += 1
    device.named[topic] = enums, len(enums)


def _dtype(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return "bool"
    return {int: "int64", float: "double"}.get(type(value), "string")


def _number(value: float | bool) -> float:
    try:
        return float(value)
    except OverflowError:  # JSON knows integers of any length
        return math.inf if value > 0 else -math.inf
