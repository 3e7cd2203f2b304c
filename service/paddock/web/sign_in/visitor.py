"""Who asks, as their sessions remember it: from where, and with which browser or program."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import urlsplit

from paddock.settings import Settings
from paddock.web.kernel.credential import cookie_name
from paddock.web.kernel.injected import AnyRequest

# Most say to be several: what counts is the first of these that is in it.
_PROGRAMS = (
    ("Firefox/", "Firefox"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("python-httpx", "Python"),
    ("MATLAB", "MATLAB"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


class Visitor(TypedDict):
    """What the use cases of signing in are given."""

    address: str
    agent: str


def visitor_of(request: AnyRequest) -> Visitor:
    """The address that the edge found, and what the browser calls itself."""
    return Visitor(
        address=str(request.scope["state"].get("address", "")), agent=request.headers.get("user-agent", "")[:200]
    )


def session_text(request: AnyRequest, settings: Settings) -> str:
    """The session's text that a browser brought along; empty without one."""
    return request.cookies.get(cookie_name(settings), "")


def program_of(agent: str) -> str:
    """What a browser or program calls itself, in a word or two: ``Firefox on Linux``."""
    program = next((word for mark, word in _PROGRAMS if mark in agent), agent.partition(" ")[0].partition("/")[0])
    system = next((word for mark, word in _SYSTEMS if mark in agent), "")
    return " on ".join(filter(None, (program or "a program", system)))


def own_page(wanted: str) -> str:
    """A page of this site to go on to; the list of recordings for any other address."""
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    # Browsers take a backslash for a slash, and pass over line ends.
    return "/" if any(ord(each) <= 0x20 or each == "\\" for each in wanted) else wanted
