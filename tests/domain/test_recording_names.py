import pytest

from paddock.domain.recording_names import check_file_name, check_id_prefix
from paddock.errors import Rejected


@pytest.mark.parametrize("name", ["run_12.mcap", "Läufe (3).mcap", "02_27_2024 23:23.mcap", "名前.mcap"])
def test_ordinary_names_are_kept(name: str) -> None:
    assert check_file_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "  ", ".", "..", "a/b.mcap", "..\\b.mcap", "a\nb.mcap", "a\0.mcap", "x" * 201]
)
def test_paths_and_unprintable_names_are_refused(name: str) -> None:
    with pytest.raises(Rejected):
        check_file_name(name)


def test_an_id_prefix_is_folded_to_lower_case() -> None:
    assert check_id_prefix("A3F9C2") == "a3f9c2"


@pytest.mark.parametrize("prefix", ["", "a3f9c", "g" * 10, "a" * 65, "../../etc"])
def test_what_cannot_begin_an_id_is_refused(prefix: str) -> None:
    with pytest.raises(Rejected):
        check_id_prefix(prefix)
