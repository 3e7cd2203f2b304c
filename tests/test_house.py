"""The rules of the house, checked by machines: layers, types, style."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["mypy"],
        ["lint-imports", "--no-cache"],
    ],
    ids=lambda command: " ".join(command),
)
def test_the_rules_of_the_house(command: list[str]) -> None:
    run = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_nothing_but_the_agreed_names_at_the_top() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    top = {Path(name).parts[0] for name in tracked}
    agreed = {
        "flake.nix",
        "flake.lock",
        "nix",
        "README.md",
        "pyproject.toml",
        "service",
        "lambdas",
        "infra",
        "tests",
    }
    assert {name for name in top if not name.startswith(".")} <= agreed


def test_the_map_in_readme_is_true() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    package = REPOSITORY / "service" / "paddock"
    for folder in sorted(path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"):
        assert f"  {folder}/" in readme, f"the map of the house misses {folder}/"
