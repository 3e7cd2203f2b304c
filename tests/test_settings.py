from pathlib import Path

import pytest

from paddock.errors import Rejected
from paddock.settings import help_texts, read_settings, token_for
from tests.conftest import REPOSITORY


def test_the_environment_is_read_once_with_types() -> None:
    settings = read_settings({"PADDOCK_PORT": "9000", "PADDOCK_PEERS_FILE": "/etc/peers", "HOME": "/h"})
    assert settings.port == 9000
    assert settings.peers_file == Path("/etc/peers")


def test_the_command_line_wins() -> None:
    assert read_settings({"PADDOCK_PORT": "9000"}, port=1, host=None).port == 1


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    assert read_settings({"PADDOCK_SECRET_FILE": str(tmp_path / "key")}).secret == "s3cret"


@pytest.mark.parametrize(
    "environment",
    [
        {"PADDOCK_PORT": "many"},
        {"PADDOCK_PROT": "1"},
        {"PADDOCK_SECRET_FILE": "/nowhere"},
        {"PADDOCK_LOG_FORMAT": "xml"},
    ],
)
def test_a_wrong_setting_is_refused_by_name(environment: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        read_settings(environment)


def test_readme_lists_every_setting() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    for variable, help_text in help_texts().items():
        assert f"| `{variable}` | {help_text} |" in readme


def test_no_other_module_reads_the_environment() -> None:
    for source in (REPOSITORY / "service").rglob("*.py"):
        if source.name != "settings.py":
            text = source.read_text()
            assert "os.environ" not in text and "getenv" not in text, source


def test_which_token_goes_to_which_paddock(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text("pdk_file\n")
    several = {"PADDOCK_TOKEN": "https://cloud.team=pdk_cloud http://127.0.0.1:8080/=pdk_here"}
    assert token_for("http://127.0.0.1:8080", {}) == ""
    assert token_for("http://127.0.0.1:8080", {"PADDOCK_TOKEN": "pdk_one"}) == "pdk_one"
    assert token_for("http://127.0.0.1:8080", {"PADDOCK_TOKEN_FILE": str(kept)}) == "pdk_file"
    assert token_for("http://127.0.0.1:8080", several) == "pdk_here"
    assert token_for("https://cloud.team/", several) == "pdk_cloud"
    assert token_for("https://cloud.team.evil", several) == "", "nobody else gets one"
    with pytest.raises(Rejected, match="PADDOCK_TOKEN_FILE"):
        token_for("http://127.0.0.1:8080", {"PADDOCK_TOKEN_FILE": str(tmp_path / "none")})
