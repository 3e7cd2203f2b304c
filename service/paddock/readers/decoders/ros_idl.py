"""Schemas of ROS 2 in the language of OMG's IDL (``ros2idl``)."""

from __future__ import annotations

import re
from dataclasses import replace

from paddock.readers.decoders.decoded import Undecodable
from paddock.readers.decoders.ros_schema import Count, Definition, Message, Resolver, TypeName, short_name

_SEPARATOR = re.compile(r"^={3,}\s*\nIDL:[^\n]*$", re.MULTILINE)
_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|\#[^\n]*)|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|::|[A-Za-z_]\w*|\d[\w.]*|.""",
    re.DOTALL,
)
_PRIMITIVES = {
    "boolean": "bool",
    "octet": "uint8",
    "char": "uint8",
    "short": "int16",
    "unsigned short": "uint16",
    "long": "int32",
    "unsigned long": "uint32",
    "long long": "int64",
    "unsigned long long": "uint64",
    "float": "float32",
    "double": "float64",
    **{name: name for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")},
}
_MOST_WORDS = 3


def read_idl_message(name: str, text: str) -> Message:
    """The type of a schema with ``ros2idl``.

    Raises:
        Undecodable: it cannot be understood.
    """
    parser = _Parser()
    for section in _SEPARATOR.split(text):
        parser.read(section)
    return Resolver(parser.structs, parser.enums).message(short_name(name))


class _Parser:
    """Takes the definitions out of files."""

    def __init__(self) -> None:
        self.structs: dict[str, Definition] = {}
        self.enums: dict[str, dict[int, str]] = {}
        self._types: dict[str, TypeName] = {}
        """By the name of a typedef."""
        self._sizes: dict[str, int] = {}
        """Constants that are whole numbers."""
        self._tokens: list[str] = []
        self._at = 0
        self._modules: list[str] = []

    def read(self, text: str) -> None:
        """One file."""
        self._tokens = [match[0] for match in _TOKEN.finditer(text) if not match["skip"]]
        self._at = 0
        self._modules = []
        while self._at < len(self._tokens):
            self._definition()

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise Undecodable("its schema ends within a definition")
        self._at += 1
        return self._tokens[self._at - 1]

    def _is(self, token: str) -> bool:
        """Whether this is next, which then is passed."""
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._is(token):
            found = self._tokens[self._at] if self._at < len(self._tokens) else "its end"
            raise Undecodable(f"its schema has {found[:40]!r} where {token} should be")

    def _annotations(self) -> dict[str, list[str]]:
        """What stands between the parentheses of each, by name."""
        found: dict[str, list[str]] = {}
        while self._is("@"):
            name = self._next()
            while self._is("::"):
                name = self._next()
            said = found[name] = []
            if self._is("("):
                depth = 1
                while depth:
                    token = self._next()
                    depth += (token == "(") - (token == ")")
                    said.append(token)
        return found

    def _definition(self) -> None:
        self._annotations()
        match self._next():
            case "module":
                self._modules.append(self._next())
                self._expect("{")
            case "}":
                if not self._modules:
                    raise Undecodable("its schema closes what it did not open")
                self._modules.pop()
                self._is(";")
            case "struct":
                self._struct()
            case "enum":
                self._enum()
            case "typedef":
                kind = self._type()
                name, kind = self._declarator(kind)
                self._types[name] = kind
                self._expect(";")
            case "const":
                self._constant()
            case ";":
                pass
            case other:
                raise Undecodable(f"its schema has {other[:40]!r}, which is not known")

    def _named(self, name: str) -> str:
        return short_name("/".join([*self._modules, name]))

    def _struct(self) -> None:
        name = self._named(self._next())
        self._expect("{")
        members: Definition = []
        while not self._is("}"):
            self._annotations()
            kind = self._type()
            while True:
                member, whole = self._declarator(kind)
                members.append((member, whole))
                if not self._is(","):
                    break
            self._expect(";")
        self._is(";")
        if [member for member, _ in members] == ["structure_needs_at_least_one_member"]:
            members = []
        self.structs.setdefault(name, members)

    def _enum(self) -> None:
        name = self._named(self._next())
        self._expect("{")
        names: dict[int, str] = {}
        number = 0
        while not self._is("}"):
            said = self._annotations().get("value", [""])[0]
            number = int(said) if said.isdecimal() else number
            names[number] = self._next()
            number += 1
            self._is(",")
        self._is(";")
        self.enums.setdefault(name, names)

    def _constant(self) -> None:
        tokens = []
        while not self._is(";"):
            tokens.append(self._next())
        if len(tokens) > 2 and tokens[-2] == "=" and tokens[-1].isdecimal():
            self._sizes[tokens[-3]] = int(tokens[-1])

    def _size(self) -> int:
        token = self._next()
        size = int(token) if token.isdecimal() else self._sizes.get(token)
        if size is None:
            raise Undecodable(f"its schema has {token[:40]!r} where a size should be")
        return size

    def _declarator(self, kind: TypeName) -> tuple[str, TypeName]:
        """A name, with the sizes of an array after it."""
        name = self._next()
        counts: tuple[Count, ...] = ()
        while self._is("["):
            counts += (Count(self._size()),)
            self._expect("]")
        return name, replace(kind, counts=counts + kind.counts)

    def _type(self) -> TypeName:
        if self._is("sequence"):
            self._expect("<")
            inner = self._type()
            if self._is(","):
                self._size()
            self._expect(">")
            return replace(inner, counts=(Count(), *inner.counts))
        words = [self._next()]
        while len(words) < _MOST_WORDS and words[-1] in ("unsigned", "long"):
            if not (self._is("long") or self._is("short") or self._is("double")):
                break
            words.append(self._tokens[self._at - 1])
        text = " ".join(words)
        if text in _PRIMITIVES:
            return TypeName(_PRIMITIVES[text])
        if text in ("string", "wstring"):
            if self._is("<"):
                self._size()
                self._expect(">")
            return TypeName(text)
        if len(words) > 1:
            raise Undecodable(f"its schema has a {text}, which is not written alike everywhere")
        name = text
        while self._is("::"):
            name += f"/{self._next()}"
        return self._types.get(name.rpartition("/")[2], TypeName(name))
