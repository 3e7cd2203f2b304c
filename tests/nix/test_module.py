"""``services.paddock``: what a machine gets of its options."""

from tests.nix.nix import Nix


def test_no_port_is_opened_unless_asked_for(nix: Nix) -> None:
    ports = "networking.firewall.allowedTCPPorts or [ ]"
    assert nix.value(f"(machine {{ services.paddock.enable = true; }}).{ports}") == []
    module = "{ services.paddock = { enable = true; openFirewall = true; settings.PADDOCK_PORT = 8081; }; }"
    assert nix.value(f"(machine {module}).{ports}") == [8081]


def test_what_is_not_enabled_changes_nothing(nix: Nix) -> None:
    assert nix.value("builtins.attrNames (machine { }).systemd.units") == []
    assert nix.value("(machine { }).users.users") == {}


def test_users_of_the_teams_own_are_not_made(nix: Nix) -> None:
    users = "builtins.attrNames ((machine {}).users.users or {{ }})"
    assert "paddock" in nix.value(users.format("{ services.paddock.enable = true; }"))
    other = '{ services.paddock = { enable = true; user = "race"; group = "race"; }; }'
    assert "paddock" not in nix.value(users.format(other))
