from __future__ import annotations

import pytest

from paddock.domain.export import DEFAULT_EXPORT, ExportRequest
from paddock.domain.export_words import export_words, read_request


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (DEFAULT_EXPORT, "MAT"),
        (ExportRequest("csv", rate_hz=100.0), "CSV, 100 Hz"),
        (
            ExportRequest("mat", "hytech-v2", ("VNData",), start_s=60, end_s=120.5),
            "MAT, hytech-v2, VNData, 60 s to 120.5 s",
        ),
        (ExportRequest("csv", start_s=0.0), "CSV, 0 s to end"),
        (ExportRequest("csv", end_ns=0), "CSV, start to 1970-01-01T00:00:00Z"),
        (ExportRequest("mat", native=True, compress=True, mat_version="7.3"), "MAT, v7.3, native, compressed"),
        (
            ExportRequest("parquet", rate_hz=0.5, interpolation="linear", signals=("a", "b", "c")),
            "PARQUET, 0.5 Hz interpolated, 3 signals",
        ),
        (ExportRequest("csv", signals=("a", "b.*")), "CSV, a and b.*"),
    ],
)
def test_an_export_is_told_in_words(request_: ExportRequest, words: str) -> None:
    assert export_words(request_) == words


def test_what_an_older_version_wrote_is_read_as_the_default() -> None:
    assert read_request("") == read_request("{") == DEFAULT_EXPORT
    assert read_request('{"format":"csv","gone":1}') == DEFAULT_EXPORT
