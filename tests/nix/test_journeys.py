"""The journeys on virtual machines, as far as they can be told here: the machines, the scripts, their commands."""

import ast
import re

import pytest

from tests.conftest import REPOSITORY
from tests.named_commands import unknown
from tests.nix.nix import Nix

JOURNEYS = sorted(path.stem for path in (REPOSITORY / "nix" / "tests").glob("*.nix"))


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_has_machines_and_a_script_of_commands_that_exist(nix: Nix, name: str) -> None:
    script = nix.build(f"flake.checks.${{builtins.currentSystem}}.{name}").read_text()
    ast.parse(script)
    commands = re.findall(r"(paddock (?!=)[^\"'\n]+)", re.sub(r"paddock[-./]", "", script))
    assert commands
    for command in commands:
        assert not unknown(re.split(r" \|\| | \| | > ", command)[0]), command
