from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.domain.instants import from_rfc3339
from paddock.domain.keys import channel_slug, columns_key
from paddock.domain.names import download_name
from paddock.domain.recording import MetadataSource, MetadataValue, Recording, Status


def recording(**changes: object) -> Recording:
    values = {
        "id": "a3f9c210" + "0" * 56,
        "names": ("run.mcap",),
        "size_bytes": 1,
        "status": Status.READY,
        "uploaded_at": 0,
    }
    return Recording(**{**values, **changes})  # type: ignore[arg-type]


def said(**fields: str) -> dict[str, MetadataValue]:
    return {name: MetadataValue(value, MetadataSource.PERSON) for name, value in fields.items()}


def test_a_download_is_named_for_people() -> None:
    known = recording(
        started_ns=from_rfc3339("2026-04-18T14:32:00Z"), metadata=said(car="HT09", driver="Adam", event="endurance")
    )
    assert download_name(known, ".mat") == "HT09_2026-04-18_1432Z_Adam_endurance_a3f9c210.mat"


def test_what_is_unknown_is_left_out() -> None:
    assert download_name(recording(), ".mat") == "run_a3f9c210.mat"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_metadata_gets_a_path_or_header_into_a_name(driver: str, car: str) -> None:
    name = download_name(recording(metadata=said(driver=driver, car=car)), ".mat")
    assert not set(name) & set('/\\:*?"<>|\r\n\0;')
    assert not name.startswith(".")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80))
def test_a_slug_is_safe_on_every_file_system(topic: str) -> None:
    slug = channel_slug(topic, "Schema", b"")
    assert slug.isascii()
    assert slug == slug.lower()
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert len(slug) <= 49


def test_equal_topics_with_other_schemas_have_other_folders() -> None:
    assert channel_slug("a", "S", b"1") != channel_slug("a", "S", b"2")
    assert channel_slug("a/b", "S", b"1") != channel_slug("a.b", "S", b"1")
    assert columns_key("a-1", "id", "build") == "columns/channel=a-1/recording=id/build.parquet"
