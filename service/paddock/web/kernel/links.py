"""Links to objects that work from where the client is."""

from __future__ import annotations

from urllib.parse import quote

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


def plotted(recording_id: str, signal: str, seconds: float, around_s: float) -> str:
    """The path of a recording's page with a signal drawn around a moment.

    Args:
        seconds: since the log's first message.
        around_s: how much is shown before and after it.
    """
    start, end = max(0.0, seconds - around_s), max(0.0, seconds) + around_s
    return f"/recordings/{recording_id[:16]}#plots={quote(signal, safe='')}&from={start:.3f}&to={end:.3f}"
