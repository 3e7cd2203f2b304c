"""The kinds of logs as the site's scripts know them."""

from __future__ import annotations

from paddock.domain.log_kinds import LOG_KINDS


def log_kinds() -> list[dict[str, object]]:
    """What a browser needs to tell a log from another file before it is sent."""
    return [
        {"label": kind.label, "suffix": kind.suffix, "mediaType": kind.media_type, "isText": kind.is_text}
        for kind in LOG_KINDS.values()
    ]
