"""The column ``setup`` of a table: ``setup.spring_front`` is a value of the run's setup sheet."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from paddock.domain.recording import Recording
from paddock.domain.setup_values import Value, text_of
from paddock.usecases.context import Context
from paddock.usecases.setups.fields import load_setup_fields


async def setup_column(context: Context, recordings: Sequence[Recording]) -> dict[str, pa.Array]:
    """The column by its name, a struct with every field of the team's sheets, null for a run without a sheet; none
    where a team has no field.

    Args:
        recordings: that of each row.
    """
    fields = await load_setup_fields(context)
    sheets = [recording.setup_values for recording in recordings]
    arrays, kinds = [], []
    for field in fields:
        is_text = fields.is_text(field.id)
        kinds.append(pa.field(field.id, pa.string() if is_text else pa.float64()))
        values = [(_text if is_text else _number)(sheet.get(field.id)) for sheet in sheets]
        arrays.append(pa.array(values, kinds[-1].type))
    without = pa.array([not sheet for sheet in sheets], pa.bool_())
    return {"setup": pa.StructArray.from_arrays(arrays, fields=kinds, mask=without)} if arrays else {}


def _text(value: Value | None) -> str | None:
    return None if value is None else text_of(value)


def _number(value: Value | None) -> float | None:
    """What is no number stands there from a time when the field was a text."""
    return value if isinstance(value, float) else None
