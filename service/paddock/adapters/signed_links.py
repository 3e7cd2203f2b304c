"""Links to objects that the web service serves itself, signed and expiring.

::

    GET, HEAD  {base_url}/objects/get/{any}?key=…&name=…&expires=…&signature=…
    PUT        {base_url}/objects/put?key=…&upload=…&part=…&size=…&skip=…&expires=…&signature=…

``name`` is the file name of the download, ``upload`` the store's name of the multipart upload, ``part`` counts
from 1, ``size`` is how many bytes are to be sent, ``skip`` how many of the part are here before them (absent where
none are), ``expires`` is in seconds since the Unix epoch. ``signature`` is HMAC-SHA256, in hexadecimal, over the
method and all other parameters: none of them can be changed. The end of the path is not read here: Foxglove and
Lichtblick open only what ends in ``.mcap``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Collection
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from paddock.errors import Rejected

GET_PATH = "/objects/get"
PUT_PATH = "/objects/put"


class GetGrant(msgspec.Struct, frozen=True):
    """The holder may read this object, and save it under this name."""

    key: str
    file_name: str


class PutGrant(msgspec.Struct, frozen=True):
    """The holder may send exactly this part, or what is missing of it."""

    key: str
    store_upload: str
    number: int
    size_bytes: int
    skip_bytes: int = 0
    """So much of the part is here."""


class SignedLinks:
    """Makes and verifies links.

    Args:
        secret: at least 16 bytes, the same in every process that makes or serves links.
        base_url: where the web service is reached, without a final slash.
        now: seconds since the Unix epoch.
    """

    def __init__(self, secret: bytes, base_url: str, now: Callable[[], float] = time.time) -> None:
        if len(secret) < 16:
            raise ValueError("the secret that signs links must have at least 16 bytes")
        self._secret = secret
        self._base_url = base_url.rstrip("/")
        self._now = now

    def get_url(self, grant: GetGrant, expires_s: int) -> str:
        """A link that GET and HEAD may use for ``expires_s`` seconds."""
        shown = re.sub(r"[^A-Za-z0-9._-]+", "_", grant.file_name).lstrip(".") or "object"
        return self._url("GET", f"{GET_PATH}/{shown}", {"key": grant.key, "name": grant.file_name}, expires_s)

    def put_url(self, grant: PutGrant, expires_s: int) -> str:
        """A link that PUT may use for ``expires_s`` seconds."""
        parameters = {
            "key": grant.key,
            "upload": grant.store_upload,
            "part": str(grant.number),
            "size": str(grant.size_bytes),
        }
        if grant.skip_bytes:
            parameters["skip"] = str(grant.skip_bytes)
        return self._url("PUT", PUT_PATH, parameters, expires_s)

    def verify_get(self, query: str) -> GetGrant:
        """What the query string of a GET or HEAD allows, as it came over the wire, without the ``?``.

        Raises:
            Rejected: ``link_tampered``, or ``link_expired``.
        """
        parameters = self._verify("GET", query, {"key", "name"})
        return GetGrant(parameters["key"], parameters["name"])

    def verify_put(self, query: str) -> PutGrant:
        """What the query string of a PUT allows; like ``verify_get``."""
        parameters = self._verify("PUT", query, {"key", "upload", "part", "size"}, {"skip"})
        numbers = (int(parameters.get(name, 0)) for name in ("part", "size", "skip"))
        return PutGrant(parameters["key"], parameters["upload"], *numbers)

    def _url(self, method: str, path: str, parameters: dict[str, str], expires_s: int) -> str:
        signed = {**parameters, "expires": str(int(self._now()) + expires_s)}
        query = urlencode({**signed, "signature": self._signature(method, signed)}, quote_via=quote)
        return f"{self._base_url}{path}?{query}"

    def _signature(self, method: str, parameters: dict[str, str]) -> str:
        # A JSON array keeps every boundary: no two sets of parameters give the same text.
        text = msgspec.json.encode([method, sorted(parameters.items())])
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()

    def _verify(self, method: str, query: str, names: set[str], optional: Collection[str] = ()) -> dict[str, str]:
        most = len(names) + len(optional) + 2
        try:
            pairs = parse_qsl(
                query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=most
            )
        except ValueError:
            pairs = []
        parameters = dict(pairs)
        # One value per name: the signature must not cover one and the reader take the other.
        expected = names | {"expires", "signature"}
        complete = len(pairs) == len(parameters) and parameters.keys() - optional == expected
        signature = parameters.pop("signature", "")
        if not complete or not hmac.compare_digest(
            self._signature(method, parameters).encode(), signature.encode()
        ):
            raise Rejected(
                "The link was changed or cut off on its way: open the recording's page for a new one.",
                code="link_tampered",
            )
        if self._now() >= int(parameters["expires"]):
            raise Rejected(
                "The link has expired: open the recording's page, or announce the upload again, for a new one.",
                code="link_expired",
            )
        return parameters
