"""The people of a team: what a name may be, who they are, and which role they have.

A person's name stands in the history, so it stays; whoever leaves the team is disabled, and never deleted.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from paddock.domain.members import clean_name
from paddock.domain.roles import PEOPLE_ROLES, TeamRole
from paddock.errors import Rejected

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
MAX_EMAIL = 200
_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_TAKEN = frozenset({"local", "me"})
"""Names that no user may have: the history's for the user of a Paddock without people, and ``me`` of the API."""
_COMMON = """
password12 password123 password1234 password12345 password123456 passwort123 123456789a 1234567890 0123456789
12345678910 0987654321 qwertyuiop qwerty1234 qwerty12345 qwerty123456 1q2w3e4r5t asdfghjkl1 iloveyou12 letmein123
welcome123 welcome1234 administrator changeme123 formula1formula1 formulastudent raceteam123
"""
"""Passwords that are long enough, and tried first all the same."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the team, as a document."""

    id: str
    """Made of the name, so that no two have one name, whoever adds them at the same moment."""
    name: str
    email: str = ""
    """In lower case, as people sign in with it in any; empty where there is none."""
    role: TeamRole
    is_active: bool = True
    """False once they have left: they are let in no more, and what they did keeps their name."""
    password_hash: str = ""
    """By Argon2; empty until they chose a password."""
    signs_out_before: int = 0
    """Nanoseconds since the Unix epoch: sessions that began before this instant are over."""
    created_at: int = 0
    created_by: str = ""
    updated_at: int = 0
    version: int = 1


def person_id(name: str) -> str:
    """A person's id: equal for one name in any case of its letters."""
    return hashlib.sha256(name.casefold().encode()).hexdigest()[:16]


def check_person_name(name: str) -> str:
    """A person's name, in one form.

    Raises:
        Rejected: it cannot be one (code ``bad_name``).
    """
    clean = clean_name(name)
    if "@" in clean:
        raise Rejected("A name has no @ in it: the e-mail address is told apart from it by that.", code="bad_name")
    if clean.casefold() in _TAKEN:
        raise Rejected(f"{clean!r} means something else here: choose another name.", code="bad_name")
    return clean


def check_email(text: str) -> str:
    """An e-mail address in lower case; empty for none.

    Raises:
        Rejected: it cannot be one (code ``bad_email``).
    """
    clean = text.strip().lower()
    if clean and (len(clean) > MAX_EMAIL or not clean.isprintable() or not _EMAIL.fullmatch(clean)):
        raise Rejected(f"{text[:60]!r} is no e-mail address.", code="bad_email")
    return clean


def check_role(text: str) -> TeamRole:
    """A role that a person can have.

    Raises:
        Rejected: it is none (code ``bad_role``).
    """
    if text not in PEOPLE_ROLES:
        raise Rejected(f"{text[:40]!r} is no role: a person is viewer, engineer or admin.", code="bad_role")
    return TeamRole(text)


def check_password(password: str, person: Person) -> None:
    """Refuse a password that is guessed first.

    Raises:
        Rejected: it is too short, too long, or made of who the person is (code ``weak_password``).
    """
    if len(password) < SHORTEST_PASSWORD:
        raise Rejected(
            f"A password has at least {SHORTEST_PASSWORD} characters: a few words make a good one.",
            code="weak_password",
        )
    if len(password) > LONGEST_PASSWORD:
        raise Rejected(f"A password has at most {LONGEST_PASSWORD} characters.", code="weak_password")
    plain = password.casefold()
    words = person.name.casefold().split()
    own = {*words, "".join(words), " ".join(words), person.email, person.email.partition("@")[0], "paddock"} - {""}
    rest = plain
    for word in sorted(own, key=len, reverse=True):
        rest = rest.replace(word, "")
    if len(set(plain)) < 5 or len(rest) < 4 or plain in _COMMON.split():
        raise Rejected(
            "That password is among the first that somebody would try: choose another one.", code="weak_password"
        )
