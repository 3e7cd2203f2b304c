import pytest

from infra.config import Config, config_from_context


class Context:
    """What ``config_from_context`` needs of a construct's node."""

    def __init__(self, **values: object) -> None:
        self.values = {f"paddock:{name}": value for name, value in values.items()} | {"@aws-cdk/other": True}

    def get_all_context(self) -> dict[str, object]:
        return self.values


def test_without_context_the_defaults_hold() -> None:
    assert config_from_context(Context()) == Config()


def test_the_command_lines_text_gets_its_fields_type() -> None:
    config = config_from_context(Context(data_volume_gib="64", reserve_concurrency="false", email="a@example.org"))
    assert (config.data_volume_gib, config.reserve_concurrency, config.email) == (64, False, "a@example.org")


@pytest.mark.parametrize(
    "values",
    [
        {"emial": "a@example.org"},
        {"data_volume_gib": "much"},
        {"reserve_concurrency": "maybe"},
        {"region": "eu-central-1"},
        {"flake": "my paddock"},
        {"flake": "github:team/paddock'; reboot; '"},
        {"concurrency": "1"},
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_before_anything_is_deployed(values: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        config_from_context(Context(**values))


def test_placeholders_are_named() -> None:
    assert Config().placeholders == ["email", "nixos_ami", "flake"]
    config = Config(email="a@example.org", nixos_ami="ami-11111111111111111", flake="github:fast/paddock")
    assert config.placeholders == []
