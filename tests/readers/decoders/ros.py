"""Random types of ROS messages, written as ``ros2msg`` and as ``ros2idl``, and random messages of them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NUMBERS = {
    "bool": "boolean",
    "byte": "octet",
    "int8": "int8",
    "uint8": "uint8",
    "int16": "short",
    "uint16": "unsigned short",
    "int32": "long",
    "uint32": "uint32",
    "int64": "long long",
    "uint64": "unsigned long long",
    "float32": "float",
    "float64": "double",
}
"""By their names in ``ros2msg``, those in IDL."""
_TEXTS = ("", "box", "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n", "a,b", "x" * 40)
_TIMES = ("builtin_interfaces/Time", "builtin_interfaces/Duration")


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    """A number, ``string``, one of the times, or the name of another type."""
    count: int | str | None = None
    """Always so many; ``[]`` and ``[<=5]`` for as many as a message says; None for one."""


@dataclass
class Types:
    """Types by name; the last one is that of the messages."""

    fields: dict[str, list[Field]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return list(self.fields)[-1]

    def ros2msg(self) -> str:
        sections: list[str] = []
        for name, fields in reversed(self.fields.items()):
            lines = ["# What a comment says.", "int32 LIMIT=5", "string GREETING='a # b'"]
            for each in fields:
                count = (
                    each.count if isinstance(each.count, str) else "" if each.count is None else f"[{each.count}]"
                )
                default = " 3  # a default" if each.kind == "int32" and each.count is None else ""
                lines.append(f"{each.kind}{count} {each.name}{default}")
            head = [f"MSG: {name}"] if sections else []
            sections.append("\n".join([*head, *lines, ""]))
        if any(each.kind in _TIMES for fields in self.fields.values() for each in fields):
            for name, seconds in (("Time", "int32"), ("Duration", "int32")):
                sections.append(f"MSG: builtin_interfaces/{name}\n{seconds} sec\nuint32 nanosec\n")
        return ("=" * 80 + "\n").join(sections)

    def ros2idl(self) -> str:
        files = []
        for full, fields in reversed(self.fields.items()):
            package, _, name = full.partition("/")
            typedefs, members = [], []
            for number, each in enumerate(fields):
                package_of, _, last = each.kind.partition("/")
                kind = NUMBERS.get(each.kind) or (f"{package_of}::msg::{last}" if last else each.kind)
                if isinstance(each.count, int):
                    alias = f"{name}_{number}__{each.count}"
                    typedefs.append(f"typedef {kind} {alias}[{each.count}];")
                    kind = alias
                elif each.count:
                    bound = each.count.strip("[<=]")
                    kind = f"sequence<{kind}, {bound}>" if bound else f"sequence<{kind}>"
                members.append(f'@verbatim (language="comment", text="(it)" "two") {kind} {each.name};')
            constants = f'module {name}_Constants {{ const long LIMIT = 5; const string GREETING = "}}"; }};'
            body = "\n".join([constants, *typedefs, f"struct {name} {{", *members, "};"])
            if not members:
                body = body.replace("{\n};", "{ uint8 structure_needs_at_least_one_member; };")
            modules = f"module {package} {{ module msg {{\n{body}\n}}; }};"
            files.append(f"IDL: {package}/msg/{name}\n// made by a test\n{modules}\n")
        files += [
            f"IDL: builtin_interfaces/msg/{name}\nmodule builtin_interfaces {{ module msg {{ struct {name} "
            "{ int32 sec; unsigned long nanosec; }; }; };\n"
            for name in ("Time", "Duration")
        ]
        return "".join("=" * 80 + f"\n{each}" for each in files)


def random_types(chosen: random.Random) -> Types:
    types = Types()
    for number in range(chosen.randrange(1, 5)):
        inner = [*types.fields]
        fields = []
        for place in range(chosen.randrange(0 if number < 2 else 1, 7)):
            kind = chosen.choice([*NUMBERS, "string", *_TIMES, *inner, *inner, *inner])
            count = chosen.choice([None, None, None, 3, 1, "[]", "[]", "[<=4]"])
            fields.append(Field(f"f{place}", kind, count))
        types.fields[f"pkg{number % 2}/Type{number}"] = fields
    if not types.fields[types.name]:
        types.fields[types.name] = [Field("only", "uint16")]
    return types


def random_message(types: Types, chosen: random.Random, name: str | None = None) -> dict[str, Any]:
    found = {}
    for each in types.fields[name or types.name]:
        if each.count is None:
            found[each.name] = _value(types, chosen, each.kind)
        else:
            count = each.count if isinstance(each.count, int) else chosen.randrange(5)
            found[each.name] = [_value(types, chosen, each.kind) for _ in range(count)]
    return found


def _value(types: Types, chosen: random.Random, kind: str) -> Any:
    if kind == "string":
        return chosen.choice(_TEXTS)
    if kind in _TIMES:
        return {"sec": chosen.randrange(1 << 31), "nanosec": chosen.randrange(10**9)}
    if kind == "bool":
        return chosen.random() < 0.5
    if kind == "float32":
        return chosen.randrange(-(1 << 20), 1 << 20) / 8
    if kind == "float64":
        return chosen.choice((chosen.random(), float("inf"), -0.0))
    if kind in NUMBERS:
        bits = int("".join(character for character in kind if character.isdigit()) or 8)
        low = -(1 << bits - 1) if kind.startswith("int") else 0
        return chosen.randrange(low, low + (1 << bits))
    return random_message(types, chosen, kind)


def as_columns(types: Types, message: Mapping[str, Any] | Any, name: str | None = None) -> dict[str, Any]:
    """A message as Arrow gives it back: bytes for lists of them, whole numbers for times."""
    found: dict[str, Any] = {}
    for each in types.fields[name or types.name]:
        value = message[each.name] if isinstance(message, Mapping) else getattr(message, each.name)
        if each.count is None:
            found[each.name] = _column(types, value, each.kind)
        elif isinstance(each.count, str) and each.kind in ("uint8", "byte"):
            found[each.name] = bytes(value)
        else:
            found[each.name] = [_column(types, item, each.kind) for item in value]
    return found


def _column(types: Types, value: Any, kind: str) -> Any:
    if kind in _TIMES:
        seconds, rest = (
            (value["sec"], value["nanosec"]) if isinstance(value, Mapping) else (value.sec, value.nanosec)
        )
        return seconds * 10**9 + rest
    return as_columns(types, value, kind) if kind in types.fields else value
