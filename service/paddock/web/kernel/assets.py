"""The style sheets, scripts and images of the pages, which lie beside the routes of their feature."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from litestar import Router, get
from litestar.params import FromPath

from paddock.errors import NotFound
from paddock.web.kernel.conditional import Conditional
from paddock.web.kernel.permission import Anyone

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""Named here, because what mimetypes says depends on the machine, and browsers refuse scripts of other types."""

_JSDOC = re.compile(rb"^[ \t]*/\*\*.*?\*/$", re.MULTILINE | re.DOTALL)
"""A comment on lines of its own, in which a script says its types."""


def as_served(path: Path) -> bytes:
    """A file as browsers get it. JSDoc, a quarter of a script, is empty lines then: others keep their numbers."""
    content = path.read_bytes()
    if path.suffix != ".js":
        return content
    return _JSDOC.sub(lambda said: b"\n" * said[0].count(b"\n"), content)


def asset_routes(folders: Mapping[str, Path]) -> Router:
    """Serves what browsers load from folders, read once: ``find/list.js``, never a module or a template.

    Browsers ask each time, so a new version is never half old.

    Args:
        folders: by the beginning of their addresses: ``/kernel``, or nothing.
    """
    assets = {
        f"{beginning}/{path.relative_to(folder).as_posix()}": as_served(path)
        for beginning, folder in folders.items()
        for path in folder.rglob("*")
        if path.suffix in _TYPES
    }

    @get("/{path:path}", needs=Anyone.AT_ALL)
    async def asset(path: FromPath[str]) -> Conditional:
        if path not in assets:
            raise NotFound("There is no such file: reload the page.", code="no_such_page")
        return Conditional(assets[path], media_type=_TYPES[Path(path).suffix])

    return Router("/static", route_handlers=[asset], include_in_schema=False)
