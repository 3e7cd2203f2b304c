"""``services.paddock.settings``: held to settings.py, and what a person sees who gets one wrong."""

import sys

import pytest

from tests.nix.nix import Nix
from tests.nix.settings_table import TABLE, settings_table

ON = "services.paddock.enable = true;"
A_LITERAL = (
    'services.paddock.secretsFile must be a string such as "/var/lib/secrets/paddock.env": a path literal is '
    "copied into the Nix store, where everybody on the machine can read it."
)


def test_the_table_is_that_of_settings_py() -> None:
    assert TABLE.read_text() == settings_table(), "run python -m tests.nix.settings_table"


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (
            "services.paddock.settings.PADDOCK_PROT = 8080;",
            "services.paddock.settings.PADDOCK_PROT is no setting of Paddock. Did you mean PADDOCK_PORT?",
        ),
        (
            'services.paddock.settings.PADDOCK_MONGODB_URL = "mongodb://paddock:hush@db/paddock";',
            "services.paddock.settings.PADDOCK_MONGODB_URL is a secret, and everybody on the machine can read the "
            "Nix store: put the line PADDOCK_MONGODB_URL=… into the file that services.paddock.secretsFile names.",
        ),
        ("services.paddock.secretsFile = ./pyproject.toml;", A_LITERAL),
        ('services.paddock.secretsFile = "${./pyproject.toml}";', A_LITERAL),
        ("services.paddock.enabel = true;", "The option `services.paddock.enabel' does not exist."),
        (
            'services.paddock.settings.PADDOCK_PORT = "8080";',
            "option `services.paddock.settings.PADDOCK_PORT' is not of type `null or signed integer'.",
        ),
        (
            'services.paddock.settings.PADDOCK_LOG_FORMAT = "xml";',
            "option `services.paddock.settings.PADDOCK_LOG_FORMAT' is not of type `null or one of",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_a_sentence(nix: Nix, module: str, sentence: str) -> None:
    refusal = nix.refusal(f"refused {{ {ON} {module} }}")
    assert sentence in refusal
    assert "hush" not in refusal


def with_this_paddock(settings: str, more: str = "") -> str:
    """The file of settings of a machine whose package is the Paddock that runs these tests."""
    package = f'pkgs.writeShellScriptBin "paddock" "exec {sys.executable} -m paddock \\"$@\\""'
    return (
        f"let files = (machine {{ {ON} services.paddock = {{ package = {package}; "
        f'secretsFile = "/var/lib/secrets/paddock.env"; settings = {{ {settings} }}; {more} }}; }})'
        ".services.paddock.environmentFiles; in assert builtins.length files == 2; builtins.head files"
    )


def test_a_build_checks_the_settings_and_writes_them_as_systemd_reads_them(nix: Nix) -> None:
    file = nix.build(
        with_this_paddock(
            "PADDOCK_PORT = 8081; PADDOCK_S3_PATH_STYLE = true; PADDOCK_S3_BUCKET = null; "
            'PADDOCK_PEERS_FILE = "/etc/paddock/\\"the\\" $peers"; PADDOCK_SECRET_FILE = "/run/secret";'
        )
    )
    assert file.read_text().splitlines() == [
        r'PADDOCK_PEERS_FILE="/etc/paddock/\"the\" \$peers"',
        'PADDOCK_PORT="8081"',
        'PADDOCK_S3_PATH_STYLE="true"',
        'PADDOCK_SECRET_FILE="/run/secret"',
    ]


def test_what_the_module_sets_by_itself_is_right(nix: Nix) -> None:
    file = nix.build(with_this_paddock("", "vpn.enable = true;"))
    assert 'PADDOCK_PUBLIC_URL="https://10.77.0.1"' in file.read_text()


def test_a_setting_that_paddock_refuses_fails_the_build(nix: Nix) -> None:
    refusal = nix.refused_build(with_this_paddock('PADDOCK_PUBLIC_URL = "paddock.example.org";'))
    assert (
        "paddock: PADDOCK_PUBLIC_URL must be an address such as https://paddock.example.org, not "
        "'paddock.example.org'." in refusal
    )
