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


def test_devices_send_from_everywhere_once_the_team_says_so(nix: Nix) -> None:
    settings = "(machine {}).services.paddock.settings"
    inside = nix.value(settings.format("{ services.paddock = { enable = true; vpn.enable = true; }; }"))
    assert inside["PADDOCK_MQTT_HOST"] == "10.77.0.1"
    assert inside["PADDOCK_MQTT_CERTIFICATE"] is None
    names = 'names = { site = "paddock.example.org"; mqtt = "mqtt.example.org"; };'
    module = "{{ services.paddock = {{ enable = true; vpn.enable = {}; mqtt.public = true; {} }}; }}"
    for vpn in ("true", "false"):
        opened = nix.value(settings.format(module.format(vpn, names)))
        assert opened["PADDOCK_PUBLIC_URL"] == "https://paddock.example.org"
        assert opened["PADDOCK_MQTT_PUBLIC_URL"] == "mqtts://mqtt.example.org:8883"
        assert opened["PADDOCK_MQTT_TLS_HOST"] == "::"
    ruleset = "(machine {}).networking.nftables.ruleset"
    assert "tcp dport 8883 accept" in nix.value(ruleset.format(module.format("true", names)))
    assert "8883" not in nix.value(ruleset.format("{ services.paddock = { enable = true; vpn.enable = true; }; }"))
    ports = "(machine {}).networking.firewall.allowedTCPPorts"
    assert nix.value(ports.format(module.format("false", names))) == [8883]
    unnamed = nix.value(f"(machine {module.format('true', '')}).assertions")
    assert [each["message"] for each in unnamed if not each["assertion"]] == [
        "services.paddock.mqtt.public needs the name for which there is a certificate: services.paddock.names.mqtt."
    ]
