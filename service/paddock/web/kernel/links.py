"""Links to objects that work from where the client is."""

from __future__ import annotations

from paddock.settings import Settings
from paddock.web.kernel.injected import AnyRequest


def reachable(url: str, request: AnyRequest, settings: Settings) -> str:
    """An object link on the origin the client used; a link to another store stays as it is.

    One Paddock has several addresses (``localhost``, ``127.0.0.1``, each of a VPN's): a page may load and send only
    to the one it came from. With a public URL there is just that one. Signatures do not cover the origin.
    """
    own = f"{settings.base_url}/"
    if settings.public_url or not url.startswith(own):
        return url
    return f"http://{request.headers['host']}/{url.removeprefix(own)}"
