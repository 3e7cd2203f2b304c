"""The topics of a device: ``devices/{id}/data``, ``/alerts`` and ``/actions``."""

from __future__ import annotations

from collections.abc import Mapping

from paddock.device_log.entry import Kind


def topics_of(device_id: str) -> Mapping[str, Kind]:
    """What a device may publish to."""
    return {f"devices/{device_id}/{kind}": kind for kind in Kind}


def actions_topic(device_id: str) -> str:
    """Where a device hears what is asked of it; the only topic to which it may subscribe."""
    return f"devices/{device_id}/{Kind.ACTIONS}"
