"""Every option of NixOS that our modules set exists: our stub of nixpkgs would take any."""

import json
import re
from pathlib import Path

import pytest

from tests.nix.nix import Nix

HERE = Path(__file__).parent
KNOWN: list[str] = json.loads((HERE / "option-names.json").read_text())
"""Names of NixOS 24.11's options, of the areas that we need."""
LOOKED_UP: dict[str, str] = json.loads((HERE / "options-looked-up.json").read_text())
"""More of them, each with the module of nixpkgs that declares it."""

EVERYTHING = """machine {
  services.paddock = { enable = true; openFirewall = true; mongodb.enable = true; vpn.enable = true;
    names = { site = "paddock.example.org"; mqtt = "mqtt.example.org"; }; mqtt.public = true;
    backup = { enable = true; to = "/mnt/backups"; mirrorTo = "/mnt/copies"; };
    station = { enable = true; sources = [ "/srv/logs" ]; servers = [ "https://10.77.0.1" ]; keyFile = "/key";
      keepFree = "5GB"; limits = [ "1MB/s" ]; webhookFile = "/webhook"; tokenFile = "/token"; }; };
}"""


def segments(name: str) -> tuple[str, ...]:
    return tuple(part.strip('"') for part in re.findall(r'"[^"]*"|[^.]+', name))


ALL = {segments(name) for name in (*KNOWN, *LOOKED_UP)}
# The stem of a set of options, such as systemd.services, says nothing of what is in it.
STEMS = {name[:length] for name in ALL for length in range(1, len(name))}


def alike(known: tuple[str, ...], path: list[str]) -> bool:
    return all(one in ("<name>", "*", other) for one, other in zip(known, path, strict=False))


def exists(path: list[str]) -> bool:
    """Whether an option has this path, or holds it as its value (``serviceConfig.Type``), or is a set of such."""
    if any(len(known) <= len(path) and alike(known, path) for known in ALL - STEMS):
        return True
    return any(len(known) > len(path) and alike(known, path) for known in ALL)


@pytest.mark.parametrize(
    "machine",
    ["flake.nixosConfigurations.cloud.config", "flake.nixosConfigurations.base-station.config", EVERYTHING],
    ids=["cloud", "base-station", "everything"],
)
def test_every_option_that_is_set_exists(nix: Nix, machine: str) -> None:
    paths = nix.value(f"optionsSetBy ({machine})")
    assert len(paths) > 5
    assert not sorted({".".join(path) for path in paths if not exists(path)})


def test_a_misspelt_option_is_noticed() -> None:
    assert exists(["systemd", "services", "paddock-site", "wantedBy"])
    assert not exists(["systemd", "services", "paddock-site", "wantedby"])
    assert not exists(["networking", "fierwall", "enable"])
