"""Foxglove and Lichtblick: viewers on the web that open a log by its link.

They read the log from the reader's browser, in ranges, so the store must allow their origins (CORS), and the link
must be one that a page served over https may load: https itself, or this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import msgspec

from paddock.errors import NotFound


class Viewer(msgspec.Struct, frozen=True):
    """One viewer, and how it is told what to open."""

    name: str
    label: str
    origin: str
    path: str

    def address(self, link: str) -> str:
        """The viewer's page with this log open; both document these parameters."""
        return f"{self.origin}{self.path}?ds=remote-file&ds.url={quote(link, safe='')}"


VIEWERS = {
    viewer.name: viewer
    for viewer in (
        Viewer("foxglove", "Foxglove", "https://app.foxglove.dev", "/~/view"),
        Viewer("lichtblick", "Lichtblick", "https://lichtblick-suite.github.io", "/lichtblick/"),
    )
}
VIEWER_ORIGINS = tuple(viewer.origin for viewer in VIEWERS.values())
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def find_viewer(name: str) -> Viewer:
    """The viewer of this name.

    Raises:
        NotFound: there is none (code ``no_such_viewer``).
    """
    if name not in VIEWERS:
        raise NotFound(f"{name[:40]!r} is no viewer: use one of {', '.join(VIEWERS)}.", code="no_such_viewer")
    return VIEWERS[name]


def viewers_can_load(link: str) -> bool:
    """Whether browsers let a page on https read this link."""
    parts = urlsplit(link)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK


def allowed_origin(headers: Mapping[str, str]) -> dict[str, str]:
    """What lets a viewer, and no other site, read an object through its link."""
    origin = headers.get("origin", "")
    if origin not in VIEWER_ORIGINS:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag",
    }


def preflight(headers: Mapping[str, str]) -> dict[str, str]:
    """The answer to a browser that asks before it reads."""
    allowed = allowed_origin(headers)
    if "Access-Control-Allow-Origin" in allowed:
        allowed["Access-Control-Allow-Methods"] = "GET, HEAD"
        allowed["Access-Control-Allow-Headers"] = "Range, If-Range, If-None-Match"
        allowed["Access-Control-Max-Age"] = "600"
        if headers.get("access-control-request-private-network") == "true":
            allowed["Access-Control-Allow-Private-Network"] = "true"
    return allowed
