"""The rules of the house, checked by machines: layers, types, style."""

import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

from paddock import __version__
from tests.conftest import REPOSITORY
from tests.long_first import LONGEST

BIN = Path(sys.executable).parent


RULES = [
    "ruff check",
    "ruff format --check",
    "mypy",
    "mypy infra tests/infra/conftest.py",
    "lint-imports --no-cache",
]


@pytest.mark.parametrize("rule", RULES)
def test_the_rules_of_the_house(rule: str) -> None:
    if "infra" in rule:
        pytest.importorskip("aws_cdk", reason="AWS CDK is not installed: uv sync --group infra")
    command = rule.split()
    run = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_longest_files_are_there() -> None:
    assert [name for name in LONGEST if not (REPOSITORY / name).is_file()] == []


def test_mypy_reads_all_of_aws_cdk_that_infra_imports() -> None:
    """What it does not read is ``Any``, to which no rule applies."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (read,) = [each["module"] for each in settings if each.get("follow_imports") == "normal"]
    code = "".join(path.read_text() for path in (REPOSITORY / "infra").rglob("*.py"))
    imported = {"aws_cdk", *(f"aws_cdk.{name}" for name in re.findall(r"from aws_cdk import (aws_\w+)", code))}
    assert imported | set(re.findall(r"^from (aws_cdk\.\w+) import", code, re.MULTILINE)) == set(read)


def test_the_rules_run_before_each_commit() -> None:
    hooks = (REPOSITORY / ".pre-commit-config.yaml").read_text()
    entries = re.findall(r"^ +entry: uv run (?:--group infra )?(.+)$", hooks, re.MULTILINE)
    assert entries == [*RULES, "pytest -m fast"]
    assert hooks.count("entry:") == len(entries)
    assert re.findall(r"repo: (.+)", hooks) == ["local"], "no hook is fetched from elsewhere"


def test_no_docstring_is_half_a_sentence() -> None:
    """One that begins with "Of", "Likewise" or "The same for …" needs what stands before it to be understood."""
    half = r"Of |Likewise|The same([.,;]| (as|by|of|for|to|without|with|beside|since|on|from) )"
    found = subprocess.run(
        ["git", "grep", "--untracked", "-nE", f'"{{3}}({half})', "--", "*.py"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""


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
    # A folder that has moved away leaves what Python compiled of it.
    rooms = (path for path in package.iterdir() if path.name != "__pycache__" and any(path.glob("*.*")))
    for folder in sorted(path.name for path in rooms):
        assert f"  {folder}/" in readme, f"the map of the house misses {folder}/"
    for room in sorted(path.parent.name for path in (package / "usecases").glob("*/__init__.py")):
        assert f"\n    {room}/" in readme, f"the map of the house misses usecases/{room}/"


def test_a_version_is_the_same_everywhere_and_has_a_date() -> None:
    """The newest dated heading of the changelog is what the package and ``paddock --version`` say."""
    changelog = (REPOSITORY / "service" / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    assert headings[0] == "Unreleased"
    released = [re.fullmatch(r"(\d+\.\d+\.\d+), (\d{4}-\d{2}-\d{2})", heading) for heading in headings[1:]]
    assert all(released), headings
    versions = [tuple(map(int, found[1].split("."))) for found in released if found]
    days = [date.fromisoformat(found[2]) for found in released if found]
    assert versions == sorted(set(versions), reverse=True)
    assert days == sorted(days, reverse=True)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    newest = ".".join(map(str, versions[0]))
    assert (project["version"], __version__) == (newest, newest)
