"""Errors: one shape for programs, a page for people, nothing of the inside for anybody; one log line each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.web.kernel.problems import STATUS_OF, Problem, problem_of
from paddock.web.kernel.request_log import headers_for

pytestmark = pytest.mark.anyio
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_every_class_of_error_has_a_status() -> None:
    assert set(STATUS_OF) == {kind for kind in PaddockError.__subclasses__() if kind.__module__ == "paddock.errors"}
    for error, status in ((NotFound, 404), (Rejected, 422), (Conflict, 409), (Unavailable, 503)):
        problem = problem_of(error("Words.", code="some_code"))
        assert (problem.status, problem.code, problem.detail) == (status, "some_code", "Words.")


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("GET", "/nothing/here", b"", 404, "no_such_page"),
        ("DELETE", "/health", b"", 405, "wrong_method"),
        ("POST", "/api/uploads", b"{", 400, "bad_request"),
        ("POST", "/api/uploads", b"[]", 422, "bad_request"),
        ("POST", "/api/uploads", b'{"name": "' + b"x" * 2_000_000 + b'"}', 413, "too_large"),
    ],
)
async def test_what_the_framework_refuses_is_a_problem_too(
    client: httpx.AsyncClient, method: str, path: str, content: bytes, status: int, code: str
) -> None:
    answer = await client.request(method, path, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == set(Problem.__struct_fields__)
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("path", ["/nothing/here", "/recordings/abcdef", "/recordings/zz", "/?after=edited"])
async def test_people_get_a_page_with_the_next_step(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=HTML)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"].startswith("text/html")
    assert "All recordings" in answer.text
    assert answer.headers["x-request-id"] in answer.text


async def test_a_database_that_is_away_is_503_and_says_when_to_come_back(
    client: httpx.AsyncClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> object:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(context.documents.recordings, "find", away)
    answer = await client.get("/api/recordings")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    page = await client.get("/", headers=HTML)
    assert page.status_code == 503
    assert "Paddock cannot answer just now" in page.text and ">Try again</a>" in page.text


async def test_a_bug_is_logged_and_tells_nothing(
    client: httpx.AsyncClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object, **__: object) -> object:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(context.documents.recordings, "find", crash)
    with structlog.testing.capture_logs() as lines:
        answer = await client.get("/api/recordings")
        page = await client.get("/", headers=HTML)
    assert answer.status_code == page.status_code == 500
    for text in (answer.text, page.text):
        assert "swordfish" not in text and "Traceback" not in text and "RuntimeError" not in text
    assert [line["event"] for line in lines] == ["request_crashed", "request"] * 2
    assert answer.json()["instance"].endswith(answer.headers["x-request-id"])


async def test_one_line_per_request(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        health = await client.get("/health?signature=secret")
        await client.get("/nowhere")
        await client.get("/health", headers={"Host": "evil.example"})
    assert [line["event"] for line in lines] == ["request"] * 3
    assert [line["status"] for line in lines] == [200, 404, 403]
    first = lines[0]
    assert (first["method"], first["path"], first["principal"]) == ("GET", "/health", "local")
    assert first["bytes"] == len(health.content)
    assert first["request_id"] == health.headers["x-request-id"]
    assert first["duration_ms"] >= 0
    assert "secret" not in json.dumps(lines)


@pytest.mark.parametrize(
    ("changes", "origins"),
    [
        ({}, ["https://logs.s3.amazonaws.com", "https://*.amazonaws.com"]),
        ({"aws_region": "eu-west-1"}, ["https://logs.s3.amazonaws.com", "https://logs.s3.eu-west-1.amazonaws.com"]),
        ({"s3_endpoint": "http://garage:3900"}, ["http://logs.garage:3900"]),
        ({"s3_endpoint": "http://garage:3900", "s3_path_style": True}, ["http://garage:3900"]),
        (
            {"s3_endpoint": "http://garage:3900", "s3_public_endpoint": "https://s3.team/", "s3_path_style": True},
            ["https://s3.team"],
        ),
    ],
)
async def test_pages_may_send_to_the_bucket_and_nowhere_else(
    tmp_path: Path, changes: dict[str, Any], origins: list[str]
) -> None:
    policy = headers_for(Settings(data=tmp_path, s3_bucket="logs", **changes))["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; script-src 'self';")
    assert policy.endswith(f"; connect-src 'self' {' '.join(origins)}")


async def test_security_headers_are_everywhere(client: httpx.AsyncClient) -> None:
    for path in ("/", "/static/kernel/refresh.js", "/nothing", "/api/recordings"):
        headers = (await client.get(path)).headers
        assert headers["content-security-policy"] == (
            "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "words"),
    [
        ("GET", "/api/jobs?state=bogus", None, "state", "use one of queued, running, done, dead"),
        ("GET", "/?health=bad", None, "health", "use one of failed, intact"),
        (
            "PUT",
            "/api/catalogue",
            {"version": 0, "signals": [{"name": "a.b", "role": "zz"}]},
            "signals[0].role",
            "speed",
        ),
        ("PUT", "/api/catalogue", {"version": -1, "signals": []}, "version", ">= 0"),
        ("POST", "/api/recordings/delete", {"ids": ["a"] * 501}, "ids", "at most 500"),
        ("POST", "/api/recordings/delete", {"ids": ["a" * 101]}, "ids[0]", "at most 100 characters"),
        ("POST", "/api/recordings/delete", {"idz": []}, "idz", "unknown field"),
        ("POST", "/api/recordings/delete", {}, "ids", "missing"),
    ],
)
async def test_a_wrong_field_is_named_with_what_would_be_right(
    client: httpx.AsyncClient, method: str, path: str, body: object, field: str, words: str
) -> None:
    answer = await client.request(method, path, json=body)
    assert answer.status_code == 422, answer.text
    (said,) = answer.json()["errors"]
    assert said["field"] == field and words in said["message"]
    assert words in answer.json()["detail"]


async def test_a_parameter_that_is_taken_once_is_not_given_twice(client: httpx.AsyncClient) -> None:
    for path, code in (("/?q=a&q=b", "repeated_parameter"), ("/?" + "car=a&" * 601, "too_many_parameters")):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await client.get("/?car=a&car=b")).status_code == 200


@pytest.mark.parametrize(
    ("body", "says"), [(b"", "There is no body: send JSON."), (b"null", "Expected `object`, got `null`")]
)
async def test_a_body_that_is_not_there_is_said(client: httpx.AsyncClient, body: bytes, says: str) -> None:
    for path in ("/api/fields", "/api/recordings/edit"):
        answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["detail"]) == (422, says)
