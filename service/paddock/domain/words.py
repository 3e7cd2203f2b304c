"""Words that the site, the command line and the doctor share."""

from __future__ import annotations

LOSS_REASONS = {
    "truncated_chunk": "a chunk is cut off",
    "damaged_chunk": "a chunk is damaged",
    "bad_crc": "the checksum of a chunk is wrong, what decodes was kept",
    "bad_size": "a chunk has more in it than it says, all of it was kept",
    "too_much": "what follows unpacks to a thousand times the size of the log, and was left out",
    "garbage": "bytes that are no record",
    "bad_length": "a record has a wrong length",
    "cut_off": "the last record is cut off",
    "truncated_message": "a message is cut off",
    "large_message": "a message is larger than 256 MiB",
    "impossible_time": "a message's log_time is after the year 2262",
    "bad_record": "a record makes no sense",
    "bad_attachment": "an attachment cannot be read",
    "bad_attachment_crc": "the checksum of an attachment is wrong, it was kept",
    "bad_data_crc": "the checksum of all before it is wrong: some of it was altered, what can be read was kept",
    "bad_summary_crc": "the checksum of the summary is wrong; nothing was taken from it on trust",
}
"""What happened, by the ``reason`` of a ``Loss``."""


def counted(number: int, noun: str) -> str:
    """``1 message``, ``2,000 messages``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(size_bytes: int) -> str:
    """``645 kB``, ``73.4 MB``: up to three digits and a decimal unit, as file managers and stores have them.

    In whole numbers, so that ``web/kernel/words.js`` says exactly the same.
    """
    unit, factor = "B", 1
    for larger in ("kB", "MB", "GB"):
        if _divided(size_bytes, factor) < 1000:
            break
        unit, factor = larger, factor * 1000
    whole = _divided(size_bytes, factor)
    if unit == "B" or whole >= 100:
        return f"{whole} {unit}"
    tenths = _divided(size_bytes * 10, factor)
    return f"{tenths // 10}.{tenths % 10} {unit}"


_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def encodable(text: str) -> str:
    """A text that UTF-8 can say: bytes of a file name that are none, lone surrogates in Python, become U+FFFD."""
    return text.translate(_SURROGATES)


def printable(text: str) -> str:
    """A text for a terminal, which control characters could command: they become ``\\x1b`` and the like.

    Line ends and tabs stay.
    """
    return text.translate(_CONTROLS | _SURROGATES)


_BEGIN_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def isolated(name: str) -> str:
    """A name inside a sentence: marks in it that turn the direction of writing round do not reach the rest.

    The name itself stays as it is (Unicode Standard Annex #9). In HTML the style sheet does the same for whatever
    has an element of its own.
    """
    if _DIRECTION_MARKS.isdisjoint(name):
        return name
    begun = ended = 0
    for character in name:
        if character in "\u2066\u2067\u2068":
            begun += 1
        elif character == _END_ISOLATE and begun:
            begun -= 1
        elif character == _END_ISOLATE:
            ended += 1
    # What the name ends without having begun it is begun before it, so that it never ends ours.
    return _BEGIN_ISOLATE * (ended + 1) + name + _END_ISOLATE * (begun + 1)


def _divided(number: int, by: int) -> int:
    """Rounded, a half up."""
    return (number + by // 2) // by
