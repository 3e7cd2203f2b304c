"""What people may be called, their passwords, and the secrets that let them in."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.domain.credentials import CredentialKind, id_in, is_secret, issue, proves
from paddock.domain.passwords import hash_password, is_outdated, is_password
from paddock.domain.people import Person, check_email, check_password, check_person_name, person_id
from paddock.domain.roles import TeamRole
from paddock.errors import Rejected

ADA = Person(id="x", name="Ada Lovelace", email="ada@example.org", role=TeamRole.ADMIN)


@pytest.mark.parametrize("name", ["Ada", "Mei Lin", "Zoë O'Neil", "王小明", "J. R."])
def test_names(name: str) -> None:
    assert check_person_name(f"  {name} ") == name
    assert person_id(name) == person_id(name.upper()) == person_id(name.casefold())


@pytest.mark.parametrize("name", ["", " ", "a@b", "Local", "me", "x" * 61, "a<b", "a\x00b", "a\u202eb", "a/b"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(Rejected):
        check_person_name(name)


def test_email_addresses() -> None:
    assert check_email(" Ada@Example.ORG ") == "ada@example.org" and check_email(" ") == ""
    for text in ("ada", "a b@c", "@", "a@", "a@b@c", "<a@b>", "a@b\x00", "x" * 200 + "@y"):
        with pytest.raises(Rejected):
            check_email(text)


@pytest.mark.parametrize(
    "password",
    ["", "short", "123456789", "x" * 201, "aaaaaaaaaaaa", "abababababab", "password123", "Qwertyuiop",
     "adalovelace", "Ada Lovelace1", "ada@example.org", "ada@example.org42", "paddockpaddock"],
)  # fmt: skip
def test_passwords_that_are_guessed_first(password: str) -> None:
    with pytest.raises(Rejected) as error:
        check_password(password, ADA)
    assert error.value.code == "weak_password"


@pytest.mark.parametrize(
    "password", ["four laps in the wet", "zwölf Runden", "Tr0ub4dor&3x", "王小明的密码是这个吗"]
)
def test_passwords_that_are_not(password: str) -> None:
    check_password(password, ADA)


@pytest.mark.slow("passwords with 64 MiB each")
def test_a_password_is_known_by_its_hash_alone() -> None:
    stored = hash_password("zwölf Runden")
    assert stored.startswith("$argon2id$") and stored != hash_password("zwölf Runden"), "with a salt each"
    assert is_password("zwo\u0308lf Runden", stored), "however the keyboard composes it"
    assert not is_password("zwolf Runden", stored) and not is_password("", stored)
    assert not is_password("x", "no hash at all") and not is_password("", "")
    assert not is_outdated(stored)


@given(st.sampled_from(CredentialKind), st.sampled_from(CredentialKind))
def test_a_credential_is_proved_by_its_text_and_is_of_one_kind(kind: CredentialKind, other: CredentialKind) -> None:
    issued, second = issue(kind, "ada", 0), issue(other, "ada", 0)
    assert id_in(issued.text, kind) == issued.credential.id and proves(issued.text, issued.credential)
    assert not proves(second.text, issued.credential)
    if kind is not other:
        assert id_in(issued.text, other) is None
        assert not proves(second.text.partition("_")[0] + issued.text[3:], issued.credential)
    assert issued.text.split("_", 2)[2] not in str(issued.credential)
    assert is_secret(issued.text) == (kind is not CredentialKind.LINK)


@given(st.text(max_size=120))
def test_any_other_text_proves_nothing(text: str) -> None:
    issued = issue(CredentialKind.TOKEN, "ada", 0)
    assert not proves(text, issued.credential)
    assert id_in(text, *CredentialKind) is None or text.startswith("pd")


def test_a_devices_token_is_a_secret_too() -> None:
    part = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    assert is_secret(f"{part}.{part}.x") and not is_secret("eyJ") and not is_secret("a.b.c")
