"""Requests made from the OpenAPI schema, right and wrong ones: every answer is deliberate, none is a 5xx."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.web.browsing import served
from tests.web.builders import build_artifact, build_recording
from tests.web.people import bearing, made_token

EXAMPLES = 8
"""Per operation and mode: CI is two cores, and to make a request up takes ten times as long as to answer it."""
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_nothing_sent_breaks_the_service(tmp_path: Path, mode: str) -> None:
    # As plugins and modules it takes half a second of every start; pyproject.toml keeps its plugin out.
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    generation = schemathesis.GenerationMode(mode)
    broken: list[str] = []
    with served(tmp_path, with_worker=False) as site:
        recording = build_recording()
        site.run(site.context.documents.recordings.insert(recording))
        site.run(site.context.documents.artifacts.put_many([build_artifact(recording)]))
        # By an admin's token: some of the requests add users, after which everybody signs in.
        headers = bearing(site.run(made_token(site.context)))
        schema = schemathesis.openapi.from_url(f"{site.url}/schema/openapi.json", headers=headers)
        # Told of no other mode it says at once, by SkipTest, where nothing can be wrong, and tries no 460 times.
        schema.config.generation.update(modes=[generation])

        def send(case: Any) -> None:
            answer = case.call(timeout=20, headers=headers)
            if b'"not_signed_in"' in answer.content:
                broken.append(f"nobody was asked: {case.as_curl_command()}")
            # Also a 503: it would be deliberate, but nothing is away here.
            if answer.status_code >= 500:
                broken.append(f"{answer.status_code}: {case.as_curl_command()}")

        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) > 20
        for operation in operations:
            if operation.path.endswith("/events"):
                continue  # a stream that does not end by itself
            cases = operation.as_strategy(generation_mode=generation)
            with contextlib.suppress(schemathesis.core.control.SkipTest):  # as for a GET that takes nothing
                BOUNDED(given(cases)(send))()
    assert broken == []
