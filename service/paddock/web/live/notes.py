"""What people are told of a device that sends, beside its values."""

from __future__ import annotations

from paddock.usecases.live.live import LiveDevice
from paddock.web.kernel.words import duration


def notes_of(device: LiveDevice) -> tuple[str, ...]:
    """Sentences: that its clock is wrong, and how much of what it sends is not shown."""
    notes = []
    if device.clock_off_s is not None:
        days = abs(device.clock_off_s) / 86_400
        off = duration(abs(device.clock_off_s)) if days < 2 else f"{days:,.0f} days"
        way = "ahead" if device.clock_off_s > 0 else "behind"
        notes.append(f"Its clock is {off} {way}: values are shown at the time when they came.")
    if device.left_out:
        notes.append(f"{device.left_out:,} values are not shown: it sends too much, or too many signals.")
    return tuple(notes)
