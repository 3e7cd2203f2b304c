"""``signals.toml``: the catalogue as a file that people read, edit and keep in Git.

::

    [[signals]]
    name = "VNData.vn_vel_m_s.x"
    aliases = ["vn_data.velocity.x"]
    cars = ["HT09"]
    label = "Ground speed"
    unit = "m/s"
    role = "speed"
    low = 0.0
    high = 40.0
    faults = ["LOOP_OPEN"]

Python reads TOML and does not write it. What is written here is one table of texts, numbers and lists of texts, so
twenty lines do it, and a dependency would have to be trusted and updated for as long as the project lives.
"""

from __future__ import annotations

import json
import re
import tomllib

import msgspec

from paddock.domain.catalogue import Catalogue, Entry, check_catalogue, check_entry, check_size, clash
from paddock.domain.catalogue_defaults import Role
from paddock.errors import Rejected

MAX_TOML_BYTES = 4 * 1024 * 1024
MAX_STRUCTURE = 1024 * 1024
"""Characters outside texts and comments: these cost time to read. Ten times what 5,000 entries have."""
_TABLE = "signals"
_HEADER = re.compile(r"\s*\[\[\s*[\"']?signals[\"']?\s*\]\]")
_POINTED = re.compile(r" - at `\$\.?(\w*)[^`]*`")
_UNKNOWN_KEY = re.compile(r"unknown field `(\w+)`")
_TEXT = re.compile(
    r'''"""(?:[^"\\]++|\\.|"(?!""))*+(?:"{3,5}|\Z)|"(?:[^"\\\n]++|\\.)*+"?'''
    r"""|'''(?:[^']++|'(?!''))*+(?:'{3,5}|\Z)|'[^'\n]*+'?|\#[^\n]*+""",
    re.DOTALL,
)
"""A text of any of the four kinds, or a comment, as TOML has them; what is cut off ends with the file or line."""
_NESTED_KEY = re.compile(r"(?:\.[ \t]*+[^\s.=\[\]{},]*+[ \t]*+){4}")
"""Four dots: a catalogue has none in its keys, and a number has one. tomllib takes quadratic time for each key."""
_HEAD = "# The team's signal catalogue. Of several signals for one role the first one that a log has is taken.\n"


def read_toml(text: str) -> Catalogue:
    """The catalogue that a ``signals.toml`` describes, with version 0.

    Raises:
        Rejected: it is no TOML, or says something that cannot be; the message has the line and what to do (code
            ``bad_catalogue``).
    """
    document = parsed_toml(text)
    document.pop("maths", None)  # ``maths_toml.py`` reads them
    tables = document.pop(_TABLE, [])
    if document:
        key = next(iter(document))
        raise _bad(f"{_at(_line_of_key(text, key))}{key[:40]!r} is not known here: entries begin with [[signals]].")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _bad("An entry begins with a line [[signals]], with two brackets on either side.")
    lines = _header_lines(text, len(tables))
    entries = tuple(_entry(table, text, lines[index]) for index, table in enumerate(tables))
    check_size(entries)
    if found := clash(entries):
        index, why = found
        raise _bad(_at(lines[index]) + why)
    catalogue = Catalogue(signals=entries)
    check_catalogue(catalogue)
    return catalogue


def parsed_toml(text: str) -> dict[str, object]:
    """What a ``signals.toml`` says, whatever that is.

    Raises:
        Rejected: it is no TOML, or would take long to read (code ``bad_catalogue``).
    """
    if len(text.encode(errors="surrogatepass")) > MAX_TOML_BYTES:
        raise Rejected("The catalogue is larger than 4 MiB: is it the right file?", code="bad_catalogue")
    _refuse_costly(text)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad(f"This is no TOML: {error}. Texts need quotes, and every key its own line.") from None
    except ValueError:  # Python reads no number of more than 4,300 digits.
        raise _bad("A number is too long to be one of a catalogue.") from None
    except RecursionError:
        raise _bad("This is nested too deeply to be a catalogue.") from None


def _refuse_costly(text: str) -> None:
    """Refuse what would take tomllib long, before it is read: time and memory are then those of the text's length.

    Raises:
        Rejected: more nesting or structure than any catalogue has.
    """
    pieces, size, at = [], 0, 0
    # One by one: a single call over the whole text would not let other threads go on meanwhile.
    for found in _TEXT.finditer(text):
        pieces.append(text[at : found.start()])
        size += found.start() - at + 1
        at = found.end()
        if size > MAX_STRUCTURE:
            break
    if size + len(text) - at > MAX_STRUCTURE:
        raise _bad("The catalogue has far more in it than 5,000 entries: is it the right file?")
    if _NESTED_KEY.search('"'.join([*pieces, text[at:]])):
        raise _bad("A key is nested too deeply to be one of a catalogue.")


def write_toml(catalogue: Catalogue) -> str:
    """The text that ``read_toml`` reads back as the same entries."""
    blocks = [_HEAD]
    for entry in catalogue.signals:
        lines = ["[[signals]]"]
        for key, value in msgspec.to_builtins(entry).items():
            if value is not None:
                lines.append(f"{key} = {toml_value(value)}")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def toml_value(value: object) -> str:
    """A text, number, list of these or table of numbers, as TOML writes it."""
    match value:
        case str():
            # A basic string of TOML is one of JSON, but that TOML has DEL escaped as well.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {toml_value(each)}' for key, each in value.items())} }}"
        case bool():
            return str(value).lower()
        case _:
            return repr(value)


def _entry(table: dict[str, object], text: str, line: int | None) -> Entry:
    try:
        entry = msgspec.convert(table, Entry)
        check_entry(entry)
    except msgspec.ValidationError as error:
        message = str(error)
        found = _POINTED.search(message) or _UNKNOWN_KEY.search(message)
        key = found.group(1) if found else ""
        said = _POINTED.sub(f" in {key}", message)
        allowed = f"An entry has {', '.join(Entry.__struct_fields__)}; roles are {', '.join(Role)}."
        raise _bad(f"{_at(_line_of_key(text, key, line))}{said}. {allowed}") from None
    except Rejected as error:
        raise _bad(_at(line) + error.message) from None
    return entry


def _header_lines(text: str, count: int) -> list[int | None]:
    """The line of each entry's header; none where headers cannot be told from texts, or entries are inline."""
    found = [number for number, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
    return list(found) if len(found) == count else [None] * count


def _line_of_key(text: str, key: str, after: int | None = 1) -> int | None:
    """The first line from ``after`` on that sets a key, or ``after`` itself."""
    if not key or after is None:
        return after
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if number >= after and pattern.match(line)), after)


def _at(line: int | None) -> str:
    return f"Line {line}: " if line else ""


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_catalogue")
