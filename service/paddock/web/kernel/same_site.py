"""Browsers and other sites: by what name we were asked for, which page asks, and what our pages may load."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from paddock.domain.peers import read_address
from paddock.errors import Rejected

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def security_headers(sends_to: Iterable[str] = ()) -> dict[str, str]:
    """What every answer tells browsers.

    Args:
        sends_to: other origins to which scripts may speak.
    """
    policy = CONTENT_SECURITY_POLICY
    if others := " ".join(sends_to):
        policy += f"; connect-src 'self' {others}"
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }


def own_names() -> frozenset[str]:
    """This machine's, without asking a name server, which beside a track may take long to say nothing."""
    name = socket.gethostname().lower()
    return frozenset(("localhost", name, name.partition(".")[0]))


def refuse_wrong_host(headers: Mapping[str, str], is_ours: Callable[[str], bool], what_to_do: str) -> None:
    """Let in who asks for an address or one of our names: another name can be pointed at us (DNS rebinding).

    Args:
        headers: of the request.
        is_ours: whether a name, in lower case, is one of ours.
        what_to_do: the end of the sentence for who is refused.

    Raises:
        Rejected: with the code ``wrong_host``, a 403.
    """
    host = _part_of(f"//{headers.get('host', '')}", "hostname")
    # An address is always fine: rebinding needs a name.
    if not is_ours(host) and read_address(host) is None:
        raise Rejected(f"This Paddock is not {host[:80] or 'a nameless host'}: {what_to_do}.", code="wrong_host")


def refuse_cross_site(headers: Mapping[str, str]) -> None:
    """Let in what no page of another site asks for.

    Raises:
        Rejected: with the code ``cross_site``, a 403.
    """
    origin = headers.get("origin")
    same = origin is None or _part_of(origin, "netloc") == headers.get("host", "").lower()
    if not same or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Rejected(
            "A page of another site may not change or follow anything here: open Paddock's own page, do it there.",
            code="cross_site",
        )


def _part_of(url: str, part: str) -> str:
    """Empty where it has none, or cannot be read."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number that a port has
        return str(getattr(parts, part) or "").lower()
    except ValueError:
        return ""
