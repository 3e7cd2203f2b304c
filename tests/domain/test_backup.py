"""Names, signatures and the rule of what stays."""

from __future__ import annotations

import msgspec
import pytest

from paddock.domain.backup import (
    FORMAT,
    Keep,
    Manifest,
    Part,
    is_backup_id,
    kept,
    new_backup_id,
    parse_keep,
    seal,
    unseal,
)
from paddock.domain.instants import from_rfc3339
from paddock.errors import Rejected

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
ID = "2026-04-18T143200Z-0a1b2c"


def manifest(**changes: object) -> Manifest:
    part = Part("documents/jobs.jsonl.zst", "jobs", 2, 100, "ab" * 32)
    made = Manifest(FORMAT, "0.1.0", 1, ID, from_rfc3339("2026-04-18T14:32:00Z"), True, (part,), 0)
    return msgspec.structs.replace(made, **changes)


def opened(sealed: bytes, key: bytes | None = KEY) -> object:
    return unseal(sealed, ID, key, paddock="0.1.0", schema=1)


def test_a_name_sorts_by_time_and_is_known_as_one() -> None:
    name = new_backup_id(from_rfc3339("2026-04-18T14:32:00Z"))
    assert name.startswith("2026-04-18T143200Z-")
    assert is_backup_id(name)
    assert not is_backup_id("documents")
    assert not is_backup_id(name + "/..")


def test_a_manifest_is_own_foreign_or_of_nobody() -> None:
    sealed = seal(manifest(), KEY)
    assert opened(sealed) == (manifest(), True)
    assert opened(sealed, OTHER_KEY) == (manifest(), False)
    assert opened(sealed, None) == (manifest(), False)


def altered(sealed: bytes, old: bytes, new: bytes) -> bytes:
    assert old in sealed
    return sealed.replace(old, new)


@pytest.mark.parametrize(
    ("sealed", "key", "code", "said"),
    [
        (altered(seal(manifest(), KEY), b'"count":2', b'"count":3'), KEY, "backup_tampered", "altered"),
        (altered(seal(manifest(), KEY), b'"count":2', b'"count":3'), None, "backup_damaged", "as it was written"),
        (seal(manifest(), KEY)[:-9], KEY, "backup_damaged", "cannot be read"),
        (b"", KEY, "backup_damaged", "cannot be read"),
        (altered(seal(manifest(), KEY), b"0.1.0", b"0.1.\xff"), None, "backup_damaged", "cannot be read"),
        (seal(manifest(made_at=2**80), KEY), KEY, "backup_damaged", "cannot be read"),
        (seal(manifest(parts=manifest().parts * 2), KEY), KEY, "backup_damaged", "a part twice"),
        (seal(manifest(paddock="9" * 5000), KEY), KEY, "backup_newer", "update Paddock"),
        (b'{"manifest": 5, "sha256": "", "key": "", "signature": ""}', KEY, "backup_damaged", "cannot be read"),
        (seal(manifest(format=FORMAT + 1), KEY), KEY, "backup_newer", "update Paddock"),
        (seal(manifest(schema=2), KEY), KEY, "backup_newer", "update Paddock"),
        (seal(manifest(paddock="0.10.0"), KEY), KEY, "backup_newer", "0.10.0"),
        (seal(manifest(id="2026-04-19T143200Z-0a1b2c"), KEY), KEY, "backup_tampered", "altered"),
    ],
)
def test_what_cannot_be_believed_is_a_sentence(sealed: bytes, key: bytes | None, code: str, said: str) -> None:
    with pytest.raises(Rejected, match=said) as refused:
        opened(sealed, key)
    assert refused.value.code == code


def test_an_older_manifest_is_read_with_the_defaults() -> None:
    assert unseal(seal(manifest(), KEY), ID, KEY, paddock="1.0.0", schema=7).own


def test_the_last_of_each_day_week_and_month_stays() -> None:
    days = [
        f"2026-{month:02}-{day:02}T{hour}:00:00Z"
        for month, day, hour in (
            (1, 1, "03"),
            (2, 27, "03"),
            (3, 1, "03"),
            (3, 2, "03"),
            (3, 8, "03"),
            (3, 9, "03"),
            (3, 9, "15"),
            (3, 11, "03"),
            (3, 11, "15"),
        )
    ]
    backups = [(day, from_rfc3339(day)) for day in days]

    def stays(*keep: int) -> list[str]:
        return [day[5:13] for day in sorted(kept(backups, Keep(*keep)))]

    last_day = ["03-11T03", "03-11T15"]
    assert stays(2, 0, 0) == ["03-09T15", *last_day]
    assert stays(0, 2, 0) == ["03-08T03", *last_day], "2026-03-08 is a Sunday"
    assert stays(0, 0, 3) == ["01-01T03", "02-27T03", *last_day]
    assert stays(1, 1, 1) == last_day
    assert kept([], Keep(7, 4, 12)) == set()


@pytest.mark.parametrize("text", ["", "7", "7,4", "0,0,0", "a,b,c", "-1,2,3", "7;4;12"])
def test_nonsense_keeps_nothing_and_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="like 7,4,12"):
        parse_keep(text)
