"""What ``paddock migrate`` sets on a bucket, and what browsers may do there afterwards."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.adapters import s3_sides
from tests.servers.versitygw import S3Server

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("name", "lacking"), [("moto", []), ("versitygw", ["lifecycle"])])
async def test_a_bucket_gets_what_it_needs(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, name: str, lacking: list[str]
) -> None:
    server: S3Server = request.getfixturevalue(f"{name}_server")
    bucket = s3_sides.make_bucket(server, monkeypatch)
    other = s3_sides.client(server)
    theirs = {"ID": "theirs", "AllowedOrigins": ["https://a.test"], "AllowedMethods": ["GET"]}
    other.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [theirs]})
    objects = s3_sides.objects_on(server, bucket)
    for _ in range(2):
        assert await objects.prepare_bucket(["https://paddock.test"], ["https://viewer.test"]) == lacking
    rules = other.get_bucket_cors(Bucket=bucket)["CORSRules"]
    assert [rule["ID"] for rule in rules] == ["theirs", "paddock", "paddock-viewers"]
    assert (rules[2]["AllowedMethods"], rules[2]["AllowedHeaders"]) == (["GET", "HEAD"], ["Range"])
    assert rules[2]["ExposeHeaders"] == ["Accept-Ranges", "Content-Length", "Content-Range", "ETag"]
    if not lacking:
        [rule] = other.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 8}
    if name == "versitygw":
        url = await objects.part_link("incoming/a", await objects.begin_upload("incoming/a", 1, 1), 1, 1, 60)
        origin = {"Origin": "https://paddock.test"}
        asked = httpx.options(
            url,
            headers={
                **origin,
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "content-md5",
            },
            trust_env=False,
        )
        assert asked.headers["access-control-allow-origin"] == "https://paddock.test"
        sent = httpx.put(url, content=b"x", headers=origin, trust_env=False)
        assert sent.status_code == 200
        assert "ETag" in sent.headers["access-control-expose-headers"]
    await objects.close()


async def test_a_viewer_reads_ranges_by_a_link_and_may_do_nothing_else(
    versitygw_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bucket = s3_sides.make_bucket(versitygw_server, monkeypatch)
    objects = s3_sides.objects_on(versitygw_server, bucket)
    await objects.prepare_bucket(["https://paddock.test"], ["https://viewer.test"])
    (tmp_path / "a").write_bytes(bytes(100))
    await objects.put_file("raw/a.mcap", tmp_path / "a")
    link = await objects.link("raw/a.mcap", file_name="a.mcap", expires_s=60)
    part = await objects.part_link("incoming/a", await objects.begin_upload("incoming/a", 1, 1), 1, 1, 60)

    def asks(url: str, method: str, headers: str, origin: str = "https://viewer.test") -> httpx.Response:
        request = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
        return httpx.options(url, headers={"Origin": origin, **request}, trust_env=False)

    for method in ("GET", "HEAD"):
        answer = asks(link, method, "range")
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://viewer.test"
        assert answer.headers["access-control-allow-headers"].casefold() == "range"
    refused = (
        asks(part, "PUT", ""),
        asks(link, "DELETE", ""),
        asks(link, "GET", "x-amz-acl"),
        asks(link, "GET", "range", "https://evil.test"),
    )
    for answer in refused:
        assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers
    read = httpx.get(link, headers={"Origin": "https://viewer.test", "Range": "bytes=10-19"}, trust_env=False)
    assert (read.status_code, len(read.content)) == (206, 10)
    assert read.headers["content-range"] == "bytes 10-19/100"
    exposed = read.headers["access-control-expose-headers"].casefold().split(", ")
    assert {"accept-ranges", "content-length", "content-range", "etag"} <= set(exposed)
    # A viewer asks for all of it, looks at these two, and gives up the body.
    whole = httpx.get(link, headers={"Origin": "https://viewer.test"}, trust_env=False)
    assert (whole.headers["accept-ranges"], whole.headers["content-length"]) == ("bytes", "100")
    await objects.close()
