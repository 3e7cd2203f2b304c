"""What the team's catalogue says of live signals: the same as of those of a recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from paddock.domain.catalogue import CarCatalogue, Catalogue, Described
from paddock.domain.catalogue_defaults import Role
from paddock.domain.catalogue_faults import faults
from paddock.usecases.catalogue.catalogue import load_catalogue
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import all_devices
from paddock.usecases.live.live import LiveSignal
from paddock.usecases.live.tape import Samples
from paddock.usecases.look.plots import Drawing

DRAWINGS: Mapping[str, Drawing] = {
    "double": Drawing.LINE,
    "int64": Drawing.STEPS,
    "bool": Drawing.STEPS,
    "string": Drawing.SEGMENTS,
}


class LiveSignalResource(msgspec.Struct, frozen=True, kw_only=True):
    """One signal that a device sends."""

    number: Annotated[int, Meta(description="By which `samples` of the WebSocket name it.", examples=[7])]
    device: Annotated[str, Meta(description="Who sends it.", examples=["ht09"])]
    name: Annotated[str, Meta(description="Topic and field path.", examples=["VNData.vn_vel_m_s.x"])]
    topic: Annotated[str, Meta(description="The topic it is on.", examples=["VNData"])]
    dtype: Annotated[str, Meta(description="`double`, `int64`, `bool` or `string`.", examples=["double"])]
    drawing: Annotated[Drawing, Meta(description="How it is drawn.")]
    label: Annotated[str, Meta(description="Its name for people.", examples=["Speed"])]
    unit: Annotated[str, Meta(description="By the team's catalogue or its name; may be empty.", examples=["m/s"])]
    role: Annotated[Role, Meta(description="What overviews use it as; `none` for most.", examples=["speed"])]
    enums: Annotated[dict[str, str], Meta(description="Names by number.", examples=[{"1": "READY"}])] = {}
    faults: Annotated[list[bool | int | str], Meta(description="Values of a state that are faults.")] = []
    low: Annotated[float | None, Meta(description="The catalogue's lower limit.")] = None
    high: Annotated[float | None, Meta(description="The catalogue's upper limit.")] = None
    period_s: Annotated[
        float | None, Meta(description="Seconds from one sample to the next, of the last ones.", examples=[0.01])
    ] = None
    received_ago_s: Annotated[float, Meta(description="How long ago the last sample came.", examples=[0.02])] = 0.0
    count: Annotated[int, Meta(description="How many samples came.", examples=[12_000])] = 0
    min: Annotated[float | None, Meta(description="Smallest value of the last minutes; null for texts.")] = None
    max: Annotated[float | None, Meta(description="Largest value of the last minutes.")] = None
    last: Annotated[float | str | bool | None, Meta(description="The value that came last.")] = None


async def cars_of(context: Context) -> Mapping[str, str]:
    """The car of each device that has one, by the device's id."""
    return {each.id: each.car for each in await all_devices(context)}


async def describer(context: Context) -> Describer:
    """What says of a device's signal what it is, by today's catalogue; the one of before while that is the same."""
    by = (await load_catalogue(context), await cars_of(context))
    last = context.watching.describe
    if not isinstance(last, Describer) or last.by != by:
        last = context.watching.describe = Describer(*by, context.now)
    return last


class Describer:
    """Says of a device's signal what it is.

    Args:
        catalogue: the team's.
        cars: of each device that has one.
        now_ns: a clock.
    """

    def __init__(self, catalogue: Catalogue, cars: Mapping[str, str], now_ns: Callable[[], int]) -> None:
        self.by = (catalogue, cars)
        self._now_ns = now_ns
        self._known: dict[str, CarCatalogue] = {}

    def __call__(self, device: str, signal: LiveSignal) -> LiveSignalResource:
        """What JSON says of a signal."""
        catalogue, cars = self.by
        car = cars.get(device, "")
        if car not in self._known:
            self._known[car] = CarCatalogue(catalogue, car)
        return resource(signal, self._known[car].describe(signal.name, signal.dtype), self._now_ns())


def resource(signal: LiveSignal, described: Described, now_ns: int) -> LiveSignalResource:
    """One signal as JSON has it, without its statistics."""
    return LiveSignalResource(
        number=signal.number,
        device=signal.device,
        name=signal.name,
        topic=signal.topic,
        dtype=signal.dtype,
        drawing=DRAWINGS[signal.dtype],
        label=described.label,
        unit=described.unit,
        role=described.role,
        enums={str(number): name for number, name in signal.enums.items()},
        faults=fault_values(signal, described),
        low=described.low,
        high=described.high,
        period_s=signal.tape.period_s(),
        received_ago_s=round(max(0, now_ns - signal.received_ns) / 1e9, 3),
        count=signal.tape.total,
    )


def fault_values(signal: LiveSignal, described: Described) -> list[bool | int | str]:
    """Which values of a state are faults; none of a number that has no names."""
    states: Mapping[str, Sequence[Any]] = {
        "bool": (False, True),
        "string": sorted(signal.texts),
        "int64": sorted(signal.enums),
    }
    return faults(described, states.get(signal.dtype, ()), signal.enums)


def statistics(samples: Samples) -> dict[str, Any]:
    """Smallest, largest and last value of the last minutes."""
    if not len(samples.values):
        return {}
    last = samples.values[-1]
    if samples.values.dtype == object:
        return {"last": str(last)}
    numbers = samples.values[samples.values == samples.values]
    low, high = (float(numbers.min()), float(numbers.max())) if len(numbers) else (None, None)
    return {"min": low, "max": high, "last": float(last)}
