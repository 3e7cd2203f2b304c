"""Nix for the tests: from Debian's packages, with a store of its own, and our stub in the place of nixpkgs."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

STUB = "tests/nix/nixpkgs"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paddock-tests"
CONFIGURATION = f"""\
experimental-features = nix-command flakes
sandbox = false
sandbox-paths = /bin /usr /lib /lib64 /etc {sys.prefix} {sys.base_prefix} {REPOSITORY / "service"}
substituters =
build-users-group =
flake-registry =
"""
"""Nothing is fetched, and a build sees this machine's programs, because those of nixpkgs are not to be had."""


@dataclass(frozen=True)
class Nix:
    """The program, and a copy of what git knows of this folder, because a flake is copied as a whole."""

    program: str
    store: Path
    source: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``nix`` in the source's folder."""
        run = subprocess.run(
            [self.program, *arguments, "--store", self.store],
            cwd=self.source,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0 or not check, run.stderr
        return run

    def value(self, expression: str) -> Any:
        """What an expression comes to, of which ``flake``, ``lib``, ``pkgs`` and ``machine MODULE`` are known."""
        return json.loads(self("eval", "--impure", "--json", "--expr", _with_names(expression)).stdout)

    def refusal(self, expression: str) -> str:
        """What a person sees when an expression is refused: the last error, without the traces."""
        run = self("eval", "--impure", "--json", "--expr", _with_names(expression), check=False)
        assert run.returncode != 0, run.stdout
        return run.stderr.rpartition("error:")[2].strip()

    def build(self, expression: str) -> Path:
        """Where the output of a derivation is; the build runs on this machine's programs."""
        run = self._build(expression)
        assert run.returncode == 0, run.stderr
        return self.store / run.stdout.strip().lstrip("/")

    def refused_build(self, expression: str) -> str:
        """What a person sees when the build of a derivation fails."""
        run = self._build(expression)
        assert run.returncode != 0, run.stdout
        return run.stderr

    def _build(self, expression: str) -> subprocess.CompletedProcess[str]:
        # The path of a derivation's output is as good as the derivation: its context says how it is built.
        built = f'pkgs.runCommand "built" {{ }} "cp -r ${{{expression}}} $out"'
        arguments = ("build", "--impure", "--no-link", "--print-out-paths", "--print-build-logs", "--expr")
        return self(*arguments, _with_names(built), check=False)


def _with_names(expression: str) -> str:
    return f"with import ./tests/nix/names.nix; {expression}"


def installed_nix(store: Path, source: Path) -> Nix:
    """Nix on the PATH, else from Debian, kept in the user's cache; skips the test where neither is to be had."""
    environment = {"NIX_CONFIG": CONFIGURATION}
    if found := shutil.which("nix"):
        return Nix(found, store, source, environment)
    if shutil.which("apt-get") is None:
        pytest.skip("there is neither Nix nor apt-get, which would bring it")
    folder = CACHE / "nix-trixie"
    program = folder / "root" / "usr" / "bin" / "nix"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "nix.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two sessions at once install it once
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            got = subprocess.run(
                [REPOSITORY / "tests" / "nix" / "get-nix", folder], capture_output=True, text=True, check=False
            )
            if got.returncode:
                pytest.skip(f"nix cannot be had from this machine's Debian mirror: {got.stderr.strip()[-300:]}")
            (folder / "whole").touch()
    return Nix(str(program), store, source, environment)


def copied_source(folder: Path) -> Path:
    """What git tracks or would add, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    return folder


def installed_program(name: str, crate: str, version: str) -> Path:
    """A program written in Rust, built once and kept in the user's cache; skips the test where cargo is missing."""
    folder = CACHE / f"{crate}-{version}"
    program = folder / "bin" / name
    if program.exists():
        return program
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip(f"{name} is built with cargo, which is not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{crate}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            built = subprocess.run(
                # Looks at forty small files: to make it quick would take longer than all of that.
                [cargo, "install", "--debug", "--quiet", "--locked", f"{crate}@{version}", "--root", folder],
                capture_output=True,
                text=True,
                check=False,
            )
            assert built.returncode == 0, built.stderr
    return program
