"""The OpenAPI schema is what the routes are."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from paddock.usecases.context import Context
from tests.web.builders import insert_converted
from tests.web.serving import shared_application

pytestmark = pytest.mark.anyio


@pytest.fixture
async def schema(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/schema/openapi.json")
    assert answer.status_code == 200
    found = answer.json()
    assert isinstance(found, dict)
    return found


async def test_it_is_served_as_json_and_needs_nothing_from_outside(client: httpx.AsyncClient) -> None:
    root = await client.get("/schema")
    assert root.json()["info"]["title"] == "Paddock"
    assert "cdn" not in root.text


@pytest.mark.slow("writes the whole schema as YAML")
async def test_it_is_served_as_yaml(client: httpx.AsyncClient) -> None:
    assert (await client.get("/schema/openapi.yaml")).text.startswith(("openapi", "info", "components"))


async def test_every_route_is_in_it(schema: dict[str, Any]) -> None:
    routes = {
        (route.path_format, method.lower())
        for route in shared_application().routes
        for method in route.methods  # type: ignore[union-attr]
        if method != "OPTIONS" and route.path_format.startswith(("/api", "/objects", "/health"))
    }
    documented = {
        (path, method) for path, item in schema["paths"].items() for method in item if method != "options"
    }
    assert documented == routes
    assert len(routes) >= 12


async def test_every_operation_is_explained(schema: dict[str, Any]) -> None:
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            assert operation.get("summary") and operation.get("description"), (method, path)
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), (method, path, parameter["name"])
    announcement = schema["components"]["schemas"]["Announcement"]
    for name, field in announcement["properties"].items():
        assert field.get("description") and field.get("examples"), name


async def test_answers_are_as_documented(
    client: httpx.AsyncClient, schema: dict[str, Any], context: Context
) -> None:
    recording = await insert_converted(context)
    for path, template in (
        ("/health", "/health"),
        ("/api/recordings", "/api/recordings"),
        (f"/api/recordings/{recording.id}", "/api/recordings/{recording_id}"),
        ("/api/recordings/facets", "/api/recordings/facets"),
        ("/api/jobs", "/api/jobs"),
    ):
        documented = schema["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        check((await client.get(path)).json(), documented, schema, path)
    problem = schema["paths"]["/api/recordings/{recording_id}"]["get"]["responses"]["404"]["content"]
    answer = await client.get("/api/recordings/abcdef")
    check(answer.json(), problem["application/problem+json"]["schema"], schema, "problem")


def check(value: Any, documented: dict[str, Any], schema: dict[str, Any], where: str) -> None:
    """The part of JSON Schema that our structs use: references, unions, objects, arrays, scalars, enums."""
    if "$ref" in documented:
        name = documented["$ref"].rsplit("/", 1)[-1]
        return check(value, schema["components"]["schemas"][name], schema, where)
    for part in documented.get("allOf", ()):
        check(value, part, schema, where)
    if "allOf" in documented:
        return None
    if "oneOf" in documented or "anyOf" in documented:
        fitting = 0
        for option in documented.get("oneOf") or documented["anyOf"]:
            try:
                check(value, option, schema, where)
            except AssertionError:
                continue
            fitting += 1
        assert fitting >= 1, f"{where}: {value!r} fits no option"
        return None
    if "enum" in documented:
        assert value in documented["enum"], where
        return None
    kinds = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "object": dict,
        "array": list,
        "boolean": bool,
        "null": type(None),
    }
    kind = documented.get("type", "object")
    assert isinstance(value, kinds[kind]), f"{where}: {value!r} is no {kind}"
    if kind == "array":
        for number, item in enumerate(value):
            check(item, documented.get("items", {}), schema, f"{where}[{number}]")
    if kind == "object" and "properties" in documented:
        assert set(documented.get("required", ())) <= set(value) <= set(documented["properties"]), where
        for name, item in value.items():
            check(item, documented["properties"][name], schema, f"{where}.{name}")
    return None
