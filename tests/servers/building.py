"""Servers in Go, built once per machine for the tests."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest


def built_from(source: Path) -> Path:
    """The program of the Go files in ``source``, built anew when they change; skips where Go is missing."""
    digest = hashlib.sha256()
    for name in ("main.go", "go.mod", "go.sum"):
        if (source / name).exists():
            digest.update((source / name).read_bytes())
    build = ["build", "-buildvcs=false", "-o", f"{{folder}}/{source.name}", "."]
    return built_once(source.name, digest.hexdigest()[:16], build, source=source)


def built_once(
    name: str,
    version: str,
    arguments: Sequence[str],
    *,
    source: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """The program ``name``, kept in the user's cache; skips the test where Go is missing.

    Args:
        version: another one is built anew.
        arguments: of ``go``; ``{folder}`` stands for an empty folder in which the program appears under its name.
        source: where ``go`` runs.
        environment: more of it; ``{folder}`` stands for the same.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "paddock-tests" / f"{name}-{version}"
    program = folder / name
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        pytest.skip(f"{name} is built with Go, which is not installed")
    unfinished = folder / "building"
    unfinished.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two sessions at once build it once
        if not program.exists():
            built = subprocess.run(
                [go, *(each.format(folder=unfinished) for each in arguments)],
                cwd=source,
                env={
                    **os.environ,
                    **{key: value.format(folder=unfinished) for key, value in (environment or {}).items()},
                },
                capture_output=True,
                text=True,
                check=False,
            )
            assert built.returncode == 0, built.stderr
            (unfinished / name).rename(program)
    return program
