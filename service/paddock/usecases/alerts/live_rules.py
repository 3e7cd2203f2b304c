"""Rules on what devices send, while it comes. What is remembered of each signal survives a restart."""

from __future__ import annotations

import math
import time
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from paddock.domain.alerts import AlertSource, Raising
from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.instants import NS_PER_S
from paddock.domain.rule_evaluation import (
    NOTHING_YET,
    Firing,
    RuleWatches,
    Watch,
    as_number,
    evaluate,
    text_values,
)
from paddock.domain.rules import Rule, applies_to, signals_of_rule, words_of
from paddock.usecases.alerts.alerts import clear_alert, end_alert, raise_alert
from paddock.usecases.alerts.rules import rules_that_are_on
from paddock.usecases.catalogue.catalogue import load_catalogue
from paddock.usecases.context import Context
from paddock.usecases.live.maths import LiveMaths

LOOK_AGAIN_S = 0.5
"""How old the rules may be that are applied."""
SET_BACK_NS = 10 * NS_PER_S
"""A clock that goes back by more was set: what comes is looked at anew."""
_NEXT_NS = 1_000
"""Between two alerts of one batch: they are listed by microseconds."""
MAX_SIGNALS = 5_000
"""Signals of a device that a rule may mean by the catalogue or a role."""


class LiveSample(NamedTuple):
    """One message of a device, as the recorder decoded it."""

    topic: str
    time_ns: int
    """As the device says, or when it came."""
    values: Mapping[str, object]
    """By field path: numbers, booleans, texts; others are passed over."""
    received_ns: int
    """When it came."""


class _Column:
    """What came of one signal."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.received: list[int] = []
        self.values: list[object] = []


class _Device:
    """One device as the rules see it."""

    def __init__(self, watches: Mapping[str, Watch]) -> None:
        self.watches = dict(watches)
        self.signals: dict[str, str] = {}
        """Name and type of those that came."""
        self.car = ""
        self.watched: dict[str, list[Rule]] = {}
        """The rules that look at a signal."""
        self.resolved: tuple[object, ...] = ()
        """What ``watched`` was made from."""


class LiveRules:
    """Applies all rules to what the recorder hands it. One for a process, and one process that does it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._devices: dict[str, _Device] = {}
        self._rules: tuple[Rule, ...] = ()
        self._catalogue = Catalogue()
        self._maths = LiveMaths(context)
        self._looked = -LOOK_AGAIN_S

    async def take(self, device_id: str, car: str, samples: Sequence[LiveSample]) -> None:
        """Look at what came of one device; alerts are raised and cleared when this returns.

        Samples that were looked at before are passed over, so that the same may come again after a kill.

        Raises:
            Unavailable: the documents do not answer: call it again with the same.
        """
        await self._look()
        if not self._rules and device_id not in self._devices:
            return
        device = await self._device(device_id)
        samples = [*samples, *self._computed(device_id, samples)]
        _note_signals(samples, device)
        await self._resolve(device_id, device, car)
        watches = dict(device.watches)
        found = []
        for name, column in _columns(samples, device.watched).items():
            for rule in device.watched[name]:
                key = _key(rule, name)
                watches[key], fired = _evaluated(rule, watches.get(key, NOTHING_YET), column)
                found += [(column.received[each.sample], rule, name, each) for each in fired]
        told: dict[str, int] = {}
        for received_ns, rule, name, firing in sorted(found, key=lambda each: each[0]):
            key = _alert_key(rule.id, device_id, name)
            # What came in one batch came at one moment, and an alert tells by it what it knows already.
            told[key] = max(received_ns, told.get(key, 0) + _NEXT_NS)
            await self._tell(device_id, car, told[key], rule, name, firing)
        await self._keep(device_id, device, watches)

    def _computed(self, device_id: str, samples: Sequence[LiveSample]) -> list[LiveSample]:
        """The maths channels that rules look at."""
        if not samples:
            return []
        first_ns, last_ns = samples[0].received_ns, samples[-1].received_ns
        computed = self._maths.computed(device_id, samples, first_ns, last_ns)
        return [LiveSample(each.topic, each.time_ns, each.values, last_ns) for each in computed]

    async def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked >= LOOK_AGAIN_S:
            self._rules = await rules_that_are_on(self._context)
            if self._rules:
                self._catalogue = await load_catalogue(self._context)
            await self._maths.refresh(frozenset(rule.said.signal for rule in self._rules))
            self._looked = now

    async def _device(self, device_id: str) -> _Device:
        if device_id not in self._devices:
            kept = await self._context.documents.rule_watches.get(device_id)
            self._devices[device_id] = _Device(kept.watches if kept else {})
        return self._devices[device_id]

    async def _resolve(self, device_id: str, device: _Device, car: str) -> None:
        """Which rules look at which signals: looked up again when there are other rules, names or signals."""
        made_from = (self._rules, self._catalogue.version, car, len(device.signals))
        if made_from == device.resolved:
            return
        catalogue = CarCatalogue(self._catalogue, car)
        device.watched = {}
        for rule in self._rules:
            if applies_to(rule, car):
                for name in signals_of_rule(rule.said.signal, device.signals.items(), catalogue):
                    device.watched.setdefault(name, []).append(rule)
        device.resolved = made_from
        watching = {_key(rule, name) for name, rules in device.watched.items() for rule in rules}
        for key in device.watches.keys() - watching:
            if device.watches.pop(key).firing:
                rule_id, _, name = key.split(":", 2)
                await end_alert(self._context, _alert_key(rule_id, device_id, name))

    async def _tell(
        self, device_id: str, car: str, received_ns: int, rule: Rule, name: str, firing: Firing
    ) -> None:
        key = _alert_key(rule.id, device_id, name)
        if not firing.firing:
            await clear_alert(self._context, key, at=received_ns)
            return
        raising = Raising(
            key=key,
            text=f"{rule.name}: {name} is {_spoken(rule, firing.value)} ({words_of(rule.said)})",
            severity=rule.said.severity,
            source=AlertSource.RULE,
            device=device_id,
            car=car,
            rule=rule.id,
            signal=name,
            value=None if rule.said.text else firing.value,
            moment_ns=firing.since_ns,
        )
        await raise_alert(self._context, raising, at=received_ns)

    async def _keep(self, device_id: str, device: _Device, watches: dict[str, Watch]) -> None:
        """Keep the watches of a device, in its document only where more than their time has changed.

        After a kill the same samples come again: by their own time they are passed over as known.
        """
        changed = any(
            key not in device.watches or _without_time(watch) != _without_time(device.watches[key])
            for key, watch in watches.items()
        )
        if changed:
            await self._context.documents.rule_watches.put_many([RuleWatches(id=device_id, watches=watches)])
        device.watches = watches


def _note_signals(samples: Iterable[LiveSample], device: _Device) -> None:
    """Remember which signals the device has."""
    for sample in samples:
        for path, value in sample.values.items():
            name = f"{sample.topic}.{path}"
            if name in device.signals or len(device.signals) >= MAX_SIGNALS:
                continue
            if isinstance(value, int | float | str):
                device.signals[name] = _dtype(value)


def _columns(samples: Iterable[LiveSample], watched: Container[str]) -> dict[str, _Column]:
    """What came of each signal that a rule looks at."""
    columns: dict[str, _Column] = {}
    for sample in samples:
        for path, value in sample.values.items():
            name = f"{sample.topic}.{path}"
            if name in watched:
                column = columns.setdefault(name, _Column())
                column.times.append(sample.time_ns)
                column.received.append(sample.received_ns)
                column.values.append(value)
    return columns


def _dtype(value: object) -> str:
    return "bool" if isinstance(value, bool) else "string" if isinstance(value, str) else "double"


def _evaluated(rule: Rule, watch: Watch, column: _Column) -> tuple[Watch, list[Firing]]:
    times = np.array(column.times, np.int64)
    if watch.last_ns is not None and int(times.max()) < watch.last_ns - SET_BACK_NS:
        watch = Watch(firing=watch.firing)
    said = rule.said
    if said.text:
        texts = [value if isinstance(value, str) else None for value in column.values]
        found = evaluate(as_number(said), watch, times, text_values(said, texts))
    else:
        found = evaluate(said, watch, times, np.array([_number(value) for value in column.values], np.float64))
    return found.watch, found.firings


def _spoken(rule: Rule, value: float) -> str:
    return rule.said.text if rule.said.text and value else f"{value:g}"


def _without_time(watch: Watch) -> Watch:
    return msgspec.structs.replace(watch, last_ns=None)


def _number(value: object) -> float:
    """NaN for what is none."""
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan


def _key(rule: Rule, name: str) -> str:
    """The key of the watch of a rule on a signal. A changed rule begins a new one."""
    return f"{rule.id}:{rule.revision}:{name}"


def _alert_key(rule_id: str, device_id: str, name: str) -> str:
    return f"rule/{rule_id}/{device_id}/{name}"
