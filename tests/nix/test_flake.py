"""The flake evaluates for both systems, is formatted, has no dead code, and locks what it says."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.nix.nix import STUB, Nix, installed_program

ON_THE_STUB = ("--override-input", "nixpkgs", f"path:{STUB}", "--no-write-lock-file")
SYSTEMS = ("x86_64-linux", "aarch64-linux")


def test_every_output_evaluates_for_both_systems(nix: Nix) -> None:
    checked = nix("flake", "check", "--no-build", "--all-systems", *ON_THE_STUB).stderr
    for system in SYSTEMS:
        assert f"packages.{system}.default" in checked
        assert f"checks.{system}." in checked
    for machine in ("cloud", "base-station"):
        assert f"nixosConfigurations.{machine}" in checked


def test_the_flake_has_the_outputs_that_readme_names(nix: Nix) -> None:
    shown = json.loads(nix("flake", "show", "--json", "--all-systems", *ON_THE_STUB).stdout)
    for output in ("packages", "apps", "devShells", "checks", "formatter"):
        assert set(shown[output]) == set(SYSTEMS), output
    assert set(shown["apps"]["x86_64-linux"]) == {"default", "stack", "deploy"}
    assert set(shown["packages"]["x86_64-linux"]) == {"default", "lambda-images"}
    assert set(shown["nixosModules"]) == {"paddock", "base-station"}
    assert set(shown["nixosConfigurations"]) == {"cloud", "base-station"}


def test_one_input_locked_to_the_release_of_nixos_that_is_named(nix: Nix) -> None:
    """Offline: were the lock to lack what flake.nix asks for, Nix would have to fetch it."""
    locked = json.loads(nix("flake", "metadata", "--json", "--no-update-lock-file").stdout)["locks"]["nodes"]
    assert set(locked) == {"root", "nixpkgs"}
    assert locked["nixpkgs"]["original"]["ref"] == "nixos-26.05"
    assert locked["nixpkgs"]["locked"]["rev"] == "8eeec934ae0dbeca3d7868c059568a65c08b2fc3"


def nix_files() -> list[Path]:
    folders = (REPOSITORY / "nix", REPOSITORY / "tests" / "nix")
    return [REPOSITORY / "flake.nix", *(path for folder in folders for path in sorted(folder.rglob("*.nix")))]


@pytest.mark.parametrize(
    ("program", "crate", "version", "arguments"),
    [
        ("nixfmt", "nixfmt_rs", "0.5.3", ("--check",)),
        ("deadnix", "deadnix", "1.3.1", ("--fail", "--no-lambda-pattern-names")),
    ],
)
def test_nix_files_are_formatted_and_have_no_dead_code(
    program: str, crate: str, version: str, arguments: tuple[str, ...]
) -> None:
    command = [installed_program(program, crate, version), *arguments, *nix_files()]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
