"""A file of settings as systemd reads it (``EnvironmentFile=``): a line each, ``NAME=value``."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_TEXT = "\0\N{REPLACEMENT CHARACTER}"
"""What systemd does not take, and what stands for bytes that are no UTF-8."""
_ESCAPED_IN_QUOTES = '"\\$`'


def read_environment(text: str) -> tuple[dict[str, str], list[str]]:
    """The variables of a file, and a sentence for each line that systemd would pass over or take otherwise.

    A value may stand in single or double quotes; a backslash keeps the character behind it, and one at a line's end
    goes on in the next line. The sentences repeat no value: it may be a secret.
    """
    text = text.replace("\r\n", "\n")
    variables: dict[str, str] = {}
    mistakes: list[str] = []
    at = 0
    while at < len(text):
        number = text.count("\n", 0, at) + 1
        line = text[at:].split("\n", 1)[0]
        name, equals, _ = line.partition("=")
        if not line.strip() or line.lstrip()[0] in "#;":
            at += len(line) + 1
        elif any(character in line for character in _NO_TEXT):
            mistakes.append(f"Line {number} is not UTF-8 text.")
            at += len(line) + 1
        elif not equals or not _NAME.fullmatch(name.strip()):
            mistakes.append(f"Line {number} is not NAME=value, such as PADDOCK_PORT=8080.")
            at += len(line) + 1
        else:
            value, at, closed = _value(text, at + len(name) + 1)
            name = name.strip()
            if not closed:
                mistakes.append(f"Line {number} opens a quote that nothing closes.")
            if name in variables:
                mistakes.append(f"Line {number} sets {name} once more: keep one of the two.")
            variables[name] = value
    return variables, mistakes


def _value(text: str, at: int) -> tuple[str, int, bool]:
    """The value that begins at ``at``, where the next line begins, and whether all quotes are closed."""
    value, quote = "", ""
    # What stands in quotes or behind a backslash keeps its blanks; blanks around a bare value are dropped.
    bare, kept = False, 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "\\" and quote != "'":
            following = text[at : at + 1]
            at += 1
            if following != "\n":
                value += following if not quote or following in _ESCAPED_IN_QUOTES else f"\\{following}"
            kept = len(value)
            bare = bare or not quote
        elif quote:
            if character == quote:
                quote, kept = "", len(value)
            else:
                value += character
        elif character == "\n":
            break
        elif character in "\"'" and not bare:
            quote = character
        elif bare or not character.isspace():
            value += character
            bare = True
    return value[:kept] + value[kept:].rstrip(), at, not quote
