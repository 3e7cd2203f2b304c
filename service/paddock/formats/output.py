"""Where a file goes that somebody asked for: the one place that decides it, for every command and client method.

Nothing that exists is destroyed: a file never lands on one of its inputs, by whatever name or link, nor on another
file unless that was asked for: it becomes ``name (2)``, and where the same bytes are there already, these are left
as they are. A name that ends in a slash is a folder, which is made when it is missing, and so is
one that is there as a folder. A file's suffix says what its bytes are. It is written aside, in the folder where it
will be, and gets its name when it is whole.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import secrets
import shutil
import stat
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from paddock.errors import Rejected, Unavailable
from paddock.formats.archive import open_entry
from paddock.formats.registry import ZIP_SUFFIX, Format, formats


@dataclass
class NewFile:
    """A file in the making."""

    aside: Path
    """Write here."""
    target: Path
    """It ends here; when the block has ended, this is where it is."""
    suffix: str
    """What the bytes at ``aside`` are, where that is known only once they are written; empty for anything."""


def names_folder(asked: str | os.PathLike[str]) -> bool:
    """Whether a folder is meant: it ends in a slash, or is there as one."""
    text = os.fspath(asked)
    return text.replace(os.sep, "/").rpartition("/")[2] in ("", ".", "..") or Path(text).is_dir()


def target_of(asked: str | os.PathLike[str], name: str) -> Path:
    """The file that is meant: ``asked`` itself, or ``name`` in it where it is a folder."""
    return Path(asked) / name if names_folder(asked) else Path(asked)


def suffixes_of(form: Format) -> tuple[str, ...]:
    """The suffixes that a file of a format may get."""
    return (form.suffix, form.suffix + ZIP_SUFFIX) if form.per_topic else (form.suffix,)


def format_named(name: str) -> Format | None:
    """The format that a file name says."""
    plain = name.lower().removesuffix(ZIP_SUFFIX)
    found = (form for form in formats().values() if plain.endswith(_names(form)))
    return next(found, None)


@contextlib.contextmanager
def new_file(
    target: Path,
    suffixes: Sequence[str] = (),
    *,
    inputs: Iterable[Path] = (),
    replace: bool = False,
) -> Iterator[NewFile]:
    """A path beside ``target`` that becomes it when the block ends well, and is removed when it does not.

    Args:
        target: the file to be; its folder is made when it is missing.
        suffixes: what the bytes may be, the likeliest first: the name gets that suffix when it has none, and where
            it says a zip of it, it becomes one. Empty where any name will do.
        inputs: files that are read meanwhile.
        replace: whether a file that is there may go.

    Raises:
        Rejected: the target is an input (code ``is_input``), its name says something else (``bad_suffix``), or a
            folder or the like has the name (``no_file``).
        Unavailable: the disk is full, or the place cannot be written.
    """
    read = {identity for path in inputs if (identity := _identity(path)) is not None}
    _check_kind(target)
    for suffix in suffixes or ("",):
        _check(target.with_name(fitting(target.name, suffix)), read)
    # Short, because the name of the target may be as long as names can be.
    aside = target.with_name(f".paddock-{os.getpid()}-{secrets.token_hex(6)}.part")
    new = NewFile(aside, target, suffixes[0] if suffixes else "")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield new
        name = fitting(target.name, new.suffix)
        if new.suffix and name.lower().endswith(ZIP_SUFFIX) and not new.suffix.endswith(ZIP_SUFFIX):
            _zip(aside, fitting(name[: -len(ZIP_SUFFIX)], new.suffix))
        new.target = _placed(aside, target.with_name(name), read, replace)
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror or error}.", code="not_written") from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def fitting(name: str, suffix: str) -> str:
    """``name`` with the suffix of what is in the file: ``speed`` and ``speed.csv`` are ``speed.csv.zip`` of a zip.

    A name that says a zip of it stays.

    Raises:
        Rejected: it says another format.
    """
    if not suffix:
        return name
    said, plain = name.lower(), suffix.removesuffix(ZIP_SUFFIX)
    own = next((_names(form) for form in formats().values() if form.suffix == plain), (plain,))
    if said.removesuffix(ZIP_SUFFIX).endswith(own):
        return name if suffix == plain or said.endswith(ZIP_SUFFIX) else name + ZIP_SUFFIX
    if (other := format_named(name)) is not None:
        raise Rejected(
            f"{name} is the name of a file in the format {other.name}, and this one ends in {suffix}: "
            "give it another name, or leave the ending out.",
            code="bad_suffix",
        )
    return name if said.endswith(ZIP_SUFFIX) else name + suffix


def _names(form: Format) -> tuple[str, ...]:
    return (form.suffix, *form.other_suffixes)


def full_suffix(name: str) -> str:
    """``.csv.zip`` of a name that has it; otherwise what follows its last dot."""
    form = format_named(name)
    if form is not None and name.lower().endswith(form.suffix + ZIP_SUFFIX):
        return name[-len(form.suffix + ZIP_SUFFIX) :]
    return Path(name).suffix


def _identity(path: Path) -> tuple[int, int] | None:
    """What every name and link of one file shares; None where there is none. ``-`` is what stdin reads."""
    try:
        found = os.fstat(0) if os.fspath(path) == "-" else path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def refuse_stdout_into(inputs: Iterable[Path]) -> None:
    """Raise ``Rejected`` (code ``is_input``) where stdout goes into one of the inputs, as by ``>> run.mcap``."""
    out = os.fstat(1)
    if stat.S_ISREG(out.st_mode) and (out.st_dev, out.st_ino) in set(map(_identity, inputs)):
        raise Rejected("stdout goes into the file that is read: send it to another one.", code="is_input")


def _check(target: Path, read: set[tuple[int, int]]) -> None:
    if _identity(target) in read:
        raise Rejected(f"{target} is the file that is read: choose another name.", code="is_input")
    _check_kind(target)


def _check_kind(target: Path) -> None:
    with contextlib.suppress(OSError):
        if not stat.S_ISREG(target.stat().st_mode):
            raise Rejected(f"{target} is there and no file: choose another name.", code="no_file")


def _placed(aside: Path, target: Path, read: set[tuple[int, int]], replace: bool) -> Path:
    """Give the whole file its name; where it is then."""
    if replace:
        _check(target, read)
        return aside.replace(target)
    suffix = full_suffix(target.name)
    stem = target.name.removesuffix(suffix)
    candidate, count = target, 1
    while not _linked(aside, candidate):
        if candidate.is_file() and filecmp.cmp(aside, candidate, shallow=False):
            return candidate
        count += 1
        candidate = target.with_name(f"{stem} ({count}){suffix}")
    return candidate


def _linked(aside: Path, target: Path) -> bool:
    """Whether the file has its name now; False when another one has it, also one that came a moment ago."""
    try:
        os.link(aside, target)
    except FileExistsError:
        return False
    except OSError:
        # A file system without links, such as that of a memory stick.
        if os.path.lexists(target):
            return False
        aside.replace(target)
    return True


def _zip(made: Path, name: str) -> None:
    """Make a zip of a file, in its place."""
    inner = made.with_name(f"{made.name}.inner")
    made.replace(inner)
    try:
        with (
            zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            open_entry(archive, name) as entry,
            inner.open("rb") as file,
        ):
            shutil.copyfileobj(file, entry, 1 << 20)
    finally:
        inner.unlink()
