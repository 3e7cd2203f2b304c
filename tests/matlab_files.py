"""MATLAB files as scipy reads them."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any


def loadmat(file: Path | IO[bytes], **options: Any) -> dict[str, Any]:
    """``scipy.io.loadmat``, imported by the tests that read such a file and not by all that are collected."""
    import scipy.io

    loaded: dict[str, Any] = scipy.io.loadmat(file, **options)
    return loaded
