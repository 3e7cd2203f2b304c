"""Sidecars: what is taken, what is refused in which words, and the form that travels in a header."""

import base64

import pytest

from paddock.domain.sidecar import (
    MAX_BYTES,
    MAX_OBJECT_METADATA_BYTES,
    Sidecar,
    is_sidecar_name,
    parse_object_metadata,
    parse_sidecar,
    read_sidecar,
    sidecar_name,
)
from paddock.errors import Rejected

ADAM = Sidecar({"driver": "Adam", "notes": "böig"}, 1_776_500_000_000_000_000, "car 9")


def test_what_was_written_is_read_as_file_and_as_header():
    assert parse_sidecar(ADAM.to_bytes(), "run.mcap.json") == ADAM
    header = ADAM.to_object_metadata()
    assert header.isascii() and parse_object_metadata(header, "run.mcap") == ADAM
    plain = Sidecar({"driver": "Adam"})
    assert plain.to_object_metadata().startswith("{")
    assert parse_object_metadata(plain.to_object_metadata(), "run.mcap") == plain


@pytest.mark.parametrize("text", [b"{}", b"\xef\xbb\xbf{}", b' {"clock_offset_ns": null}\r\n', "{}"])
def test_all_of_it_may_be_absent(text):
    assert parse_sidecar(text, "run.mcap.json") == Sidecar()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b"<html>", "malformed"),
        (b'{"metdata": {}}', "unknown field `metdata`"),
        (b'{"metadata": {"driver": 7}}', "$.metadata"),
        (b'{"metadata": {"driver": null}}', "$.metadata"),
        (b'{"clock_offset_ns": "5"}', "$.clock_offset_ns"),
        (b'{"clock_offset_ns": 1.5}', "$.clock_offset_ns"),
        (b'{"clock_offset_ns": 9000000000000000000}', "$.clock_offset_ns"),
        (b'{"clock_offset_ns": 99999999999999999999999999}', "clock_offset_ns"),
        (b'{"metadata": {"driver": "\xff"}}', "nothing that can be used"),
        (b'{"metadata": {"driver": "' + b"x" * 20_001 + b'"}}', "length <= 20000"),
        (b"[" * 100_000, "nothing that can be used"),
        (b'{"metadata": {}}' + b" " * MAX_BYTES, "larger than 256 KiB"),
        ("\udcff", "nothing that can be used"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(text, said):
    with pytest.raises(Rejected) as refused:
        parse_sidecar(text, "run.mcap.json")
    assert refused.value.code == "bad_sidecar" and said in refused.value.message
    assert refused.value.message.startswith("run.mcap.json beside the log")


@pytest.mark.parametrize("header", ["", "!!", "driver=Adam", "ä", base64.b64encode(b"\xff\xfe").decode()])
def test_a_header_that_is_none_is_refused(header):
    with pytest.raises(Rejected) as refused:
        parse_object_metadata(header, "run.mcap")
    assert refused.value.code == "bad_sidecar"


def test_the_longest_values_stay_out_of_a_header_that_would_be_too_long():
    said = Sidecar({"driver": "Adam", "notes": "n" * 4_000, "venue": "ö" * 200}, 5)
    header = said.to_object_metadata()
    assert len(header) <= MAX_OBJECT_METADATA_BYTES
    assert parse_object_metadata(header, "run.mcap") == Sidecar({"driver": "Adam", "venue": "ö" * 200}, 5)


def test_it_lies_beside_its_log(tmp_path):
    log = tmp_path / "run 1.MCAP"
    assert read_sidecar(log) is None
    beside = tmp_path / sidecar_name(log.name)
    assert is_sidecar_name(beside.name) and not is_sidecar_name("setup.json") and not is_sidecar_name(log.name)
    beside.write_bytes(ADAM.to_bytes())
    assert read_sidecar(log) == ADAM
    beside.unlink()
    beside.mkdir()
    assert read_sidecar(log) is None
