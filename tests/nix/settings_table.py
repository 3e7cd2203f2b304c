"""The settings as NixOS reads them: ``python -m tests.nix.settings_table`` writes ``nix/settings.json``."""

from __future__ import annotations

import json
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from paddock.settings import SECRETS, Settings, help_texts, variable
from tests.conftest import REPOSITORY

TABLE = REPOSITORY / "nix" / "settings.json"
KINDS = {bool: "bool", int: "int", str: "str", Path: "path"}


def settings_table() -> str:
    """The table as JSON: of each variable its kind, its choices, its help, and whether it is a secret."""
    helps, hints = help_texts(), get_type_hints(Settings)
    rows = {
        variable(name): {**_kind(hints[name]), "help": helps[variable(name)], "secret": name in SECRETS}
        for name in Settings.__struct_fields__
    }
    return json.dumps(rows, indent=2) + "\n"


def _kind(hint: Any) -> dict[str, Any]:
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    if get_origin(hint) is Literal:
        return {"kind": "str", "choices": list(get_args(hint))}
    return {"kind": KINDS[hint]}


if __name__ == "__main__":
    TABLE.write_text(settings_table())
