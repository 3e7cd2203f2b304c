"""A text as a QR code, which a phone reads off a screen."""

from __future__ import annotations

import io

import segno

_PIXELS = 6
"""Per module of a picture; a phone reads it from a screen at arm's length."""
_WHITE_ON_BLACK, _PLAIN = "\x1b[97;40m", "\x1b[0m"


def terminal_qr(text: str) -> str:
    """Half blocks, two modules a character; colours are named, because terminals are dark or light."""
    drawn = io.StringIO()
    segno.make_qr(text).terminal(drawn, compact=True)
    return "".join(f"{_WHITE_ON_BLACK}{line}{_PLAIN}\n" for line in drawn.getvalue().splitlines())


def png_qr(text: str) -> bytes:
    """A picture."""
    drawn = io.BytesIO()
    segno.make_qr(text).save(drawn, kind="png", scale=_PIXELS)
    return drawn.getvalue()


def svg_qr(text: str) -> str:
    """A picture for a page, as an element; black on white in dark pages as well."""
    return str(segno.make_qr(text).svg_inline(scale=4, light="#fff", omitsize=False))
