"""``paddock car``: what runs on the computer in the car, small: threads, and HTTP of the standard library.

What it answers, all of it JSON but the logs themselves:

``GET /logs``
    ``{"files": [...], "disk": {"free_bytes", "total_bytes"}, "recording": name | null, "now_ns"}``. A file has
    what ``sources.source.SeenFile`` has, and besides ``state`` (``recording``, ``closed``, ``cut``; ``settling``
    while nobody can say) and ``etag``. Bytes of a name that are no UTF-8 are lone surrogates, written ``\\udcff``:
    Python's ``json`` reads them, msgspec does not.
``GET``, ``HEAD /logs/<name>``
    The bytes, the name percent-encoded byte by byte; Range, If-Range, If-None-Match. The ETag is
    ``"<size_bytes>-<modified_ns>"``: whoever has seen the file in the list knows it.
``GET /logs/<name>?beginning=<n>``
    ``{"size_bytes": n, "sha256"}`` of its first n bytes, worked out now; If-Match as below.
``DELETE /logs/<name>``
    Wants If-Match: the ETag, or ``"<sha256>"``. 204 when it is gone, 404 when it was, 409 while it is being
    recorded or cannot be removed, 412 when it has changed, 428 without If-Match.
``POST /clock`` ``{"now_ns", "round_trip_ns"}``
    What the time was at the base station, or on the phone, as this was sent, and how long a question to the car and
    its answer had just taken (0 where that is not known). Answered with what is known of the clock now.
``GET /state``, ``PUT /metadata``, ``POST /recording/start``, ``POST /recording/stop``, ``GET /``
    For the page of the phone.

Errors are problem details (RFC 9457) as everywhere in Paddock.
"""
