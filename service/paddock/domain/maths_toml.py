"""The maths channels in a ``signals.toml``, behind the entries of the catalogue.

::

    [[maths]]
    name = "wheel_slip"
    text = "VehicleData.current_rpms.RL / gear * 2*pi/60 * 0.2032 / VNData.vn_vel_m_s.x - 1"
    car = "HT09"
    constants = { gear = 11.86 }
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from paddock.domain.catalogue_toml import parsed_toml, toml_value
from paddock.domain.maths_channels import MAX_CHANNELS, MathsChannel, MathsText, check_said
from paddock.errors import Rejected

TABLE = "maths"


def read_maths(text: str) -> tuple[MathsText, ...] | None:
    """The channels that a ``signals.toml`` describes; None of a file that says nothing of any.

    Raises:
        Rejected: it is no TOML, or a channel cannot be (code ``bad_catalogue``).
    """
    tables = parsed_toml(text).get(TABLE)
    if tables is None:
        return None
    if not isinstance(tables, list) or len(tables) > MAX_CHANNELS:
        raise _bad(f"A file has at most {MAX_CHANNELS} maths channels, each begun by a line [[maths]].")
    return tuple(_channel(table, number + 1) for number, table in enumerate(tables))


def write_maths(channels: Iterable[MathsChannel]) -> str:
    """The text that ``read_maths`` reads back as the same channels; empty without any."""
    blocks = []
    for channel in channels:
        said = msgspec.to_builtins(channel.said)
        lines = [f"[[{TABLE}]]", *(f"{key} = {toml_value(value)}" for key, value in said.items())]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _channel(table: object, number: int) -> MathsText:
    try:
        return check_said(msgspec.convert(table, MathsText, strict=False))
    except (msgspec.ValidationError, Rejected) as error:
        named = table.get("name") if isinstance(table, dict) else None
        raise _bad(f"Maths channel {number}{f', {named},' if isinstance(named, str) else ''}: {error}") from None


def _bad(message: str) -> Rejected:
    return Rejected(message[:1_000], code="bad_catalogue")
