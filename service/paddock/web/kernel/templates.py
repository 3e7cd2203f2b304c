"""The templates of a site's pages, and the words that they are written with."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from paddock import __version__
from paddock.domain.instants import to_rfc3339
from paddock.domain.principal import Principal, may
from paddock.domain.roles import Permission
from paddock.domain.words import isolated, size
from paddock.web.kernel import words


def templates(*folders: Path) -> jinja2.Environment:
    """The templates of folders; the first that has one of a name counts.

    A site gives them as globals what the kernel's ``base.html`` and ``error.html`` ask for: ``pages``, ``ways_on``.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        auto_reload=False,  # it would look at the file of every template for every page
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        size=size,
        isolated=isolated,
        duration=words.duration,
        gap=words.gap,
        number=words.number,
        plural=words.plural,
        significant=words.significant,
        utc=words.utc,
        rfc3339=to_rfc3339,
    )
    environment.filters["may"] = _may
    environment.filters["permissions"] = _permissions
    environment.filters["hidden_unless"] = _hidden_unless
    environment.globals["version"] = __version__
    return environment


def _hidden_unless(principal: Principal, permission: str) -> Markup:
    """The attribute of a button that only some may press; a page's script finds it all the same."""
    return Markup("") if _may(principal, permission) else Markup(" hidden")


def _permissions(principal: Principal | None) -> str:
    """All that somebody may, for scripts that draw buttons themselves."""
    return " ".join(each for each in Permission if principal is not None and may(principal, each))


def _may(principal: Principal, permission: str) -> bool:
    """Whether a page offers something: the route itself refuses who may not."""
    return may(principal, Permission(permission))
