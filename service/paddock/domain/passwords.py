"""Passwords as they are stored: Argon2id, with a salt each, 64 MiB of memory per try.

Both functions take some 50 ms of a processor: never on an event loop.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(_bytes(password))


def is_password(password: str, stored: str) -> bool:
    """Whether a password is the one that was stored.

    Args:
        password: as typed.
        stored: by ``hash_password``; empty where there is no such person, or no password yet. The answer then is
            False after the same work, so that nobody learns from its time who has an account.
    """
    try:
        return _hasher.verify(stored or _nobodys(), _bytes(password)) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether today's parameters are other ones than those it was stored with."""
    return _hasher.check_needs_rehash(stored)


def _bytes(password: str) -> bytes:
    """A password's bytes, equal however a keyboard composes an accent."""
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
