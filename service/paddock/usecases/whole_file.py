"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paddock.errors import Unavailable


@dataclass
class Whole:
    """A file in the making."""

    aside: Path
    """Write here."""
    target: Path
    """It ends here; may be changed until then, within the folder."""


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Whole]:
    """A path beside ``target`` that becomes it when the block ends well, and is removed when it does not.

    Raises:
        Unavailable: the disk is full, or the place cannot be written.
    """
    whole = Whole(target.with_name(f".{target.name}.{os.getpid()}.part"), target)
    try:
        yield whole
        whole.aside.replace(whole.target)
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}.", code="not_written") from error
    finally:
        whole.aside.unlink(missing_ok=True)
