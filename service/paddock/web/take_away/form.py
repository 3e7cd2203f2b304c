"""What the take-away form needs to know, on a recording's page and on the page for several."""

from __future__ import annotations

from collections.abc import Sequence

from paddock.formats.registry import formats
from paddock.web.recordings.resources import RecordingResource


def take_away(items: Sequence[RecordingResource]) -> dict[str, object]:
    """What is behind ``form.html``, as JSON may have it."""
    return {
        "recordings": [
            {"id": item.id, "name": item.name, "sizeBytes": item.size_bytes, "duration": item.duration_s or 0.0}
            for item in items
        ],
        "formats": [
            {"name": each.name, "label": each.label, "layouts": list(each.layouts)} for each in formats().values()
        ],
    }
