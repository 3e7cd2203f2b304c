"""The ``paddock …`` that a text names, and whether the command line has them."""

from __future__ import annotations

import re
import shlex

import click

from paddock.cli import COMMANDS, group

_BEFORE = r"(?:uv run |sudo )?"


def named_in_prose(text: str) -> set[str]:
    """All that stand in backticks or begin a line of a Markdown text."""
    inline = re.findall(rf"`{_BEFORE}(paddock [^`\n]+)`", text)
    lines = re.findall(rf"^\s*{_BEFORE}(paddock (?!=)[^\n#>|]+)", text, re.MULTILINE)
    return {command.split(" & ")[0].strip() for command in inline + lines}


def unknown(line: str) -> str:
    """What of a ``paddock …`` is no command, subcommand or option; empty when all of it is known."""
    words = shlex.split(line.replace("…", "").replace("<", "").replace(">", ""))[1:]
    if not words or words[0].startswith("-"):
        return ""
    if words[0] not in COMMANDS:
        return words[0]
    command = group.get_command(click.Context(group), words[0])
    while isinstance(command, click.Group) and len(words) > 1 and not words[1].startswith("-"):
        if words[1] not in command.commands:
            return words[1]
        command, words = command.commands[words[1]], words[1:]
    assert command is not None
    options = {name for each in command.params for name in each.opts} | {"--help"}
    used = {word.split("=")[0] for word in words[1:] if word.startswith("-") and not word.lstrip("-").isdigit()}
    return " ".join(sorted(used - options))
