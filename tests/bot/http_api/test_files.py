"""GET /files/{key}: signed links to a real directory, and everything that is none."""

import time
from urllib.parse import quote, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import app_keys
from bot.http_api.files import add_routes
from bot.middleware import errors_to_answers
from bot.refused_requests import RefusedRequests
from storage.files import open_file_store
from storage.signed_links import sign_link

SIGNING_KEY = b"k" * 32
KEY = "images/output/j/1.png"
BODY = bytes(range(256)) * 1000
# Its name does not tell the type that it was stored with, so the file begins with a line of ours.
ODD_KEY, ODD_BODY = "reports/j/report", b"<script>alert(1)</script>" * 10


@pytest.fixture
async def store(tmp_path):
    async with open_file_store(tmp_path / "data", public_url="http://bot.test", signing_key=SIGNING_KEY) as store:
        await store.put(KEY, BODY, content_type="image/png")
        await store.put(ODD_KEY, ODD_BODY, content_type="text/html")
        yield store


@pytest.fixture
async def client(store):
    app = web.Application(middlewares=[errors_to_answers])
    add_routes(app)
    app[app_keys.FILE_LINKS] = app_keys.FileLinks(SIGNING_KEY, store.resolve)
    app[app_keys.REFUSED_REQUESTS] = RefusedRequests()
    async with TestClient(TestServer(app)) as client:
        yield client


async def path_of(store, key=KEY, filename=None):
    url = urlsplit(await store.presigned_url(key, ttl_s=60, filename=filename))
    return f"{url.path}?{url.query}"


async def get(client, path, method="GET", **headers):
    async with client.request(method, path, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_a_signed_link_gives_the_object_with_its_type_to_nobody_who_runs_it(client, store):
    status, headers, body = await get(client, await path_of(store))
    assert (status, body, headers["Content-Type"]) == (200, BODY, "image/png")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "Content-Disposition" not in headers


async def test_an_object_whose_file_has_a_header_is_served_whole_and_without_it(client, store):
    for extra in ({}, {"Range": "bytes=0-3"}):
        status, headers, body = await get(client, await path_of(store, ODD_KEY), **extra)
        assert (status, body) == (200, ODD_BODY)
        assert headers["Content-Type"].startswith("text/html")
        assert "sandbox" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("key", [KEY, ODD_KEY])
async def test_an_attachment_has_its_name_in_any_script(client, store, key):
    _, headers, _ = await get(client, await path_of(store, key, 'ф"ото\r\n.png'))
    disposition = headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert quote("ф", safe="") in disposition
    assert "\n" not in disposition


@pytest.mark.parametrize(
    ("header", "status", "slice_"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=0-0", 206, slice(0, 1)),
        ("bytes=0-99999999", 206, slice(0, None)),
    ],
)
async def test_a_range_gives_that_part(client, store, header, status, slice_):
    got, headers, body = await get(client, await path_of(store), Range=header)
    assert (got, body) == (status, BODY[slice_])
    assert headers["Content-Range"].endswith(f"/{len(BODY)}")


@pytest.mark.parametrize(
    "header", ["bytes=99999999-", "bytes=9-1", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=--1"]
)
async def test_a_range_that_cannot_be_given_does_not_break_anything(client, store, header):
    status, _, body = await get(client, await path_of(store), Range=header)
    assert status in {200, 206, 416}
    assert status != 200 or body == BODY


async def test_the_head_of_a_link_has_no_body(client, store):
    status, headers, body = await get(client, await path_of(store), "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(BODY)))


async def tampered(store):
    path = await path_of(store)
    other = sign_link(b"x" * 32, method="GET", key=KEY, expires_at=int(time.time()) + 60)
    expired = sign_link(SIGNING_KEY, method="GET", key=KEY, expires_at=int(time.time()) - 1)
    upload = sign_link(SIGNING_KEY, method="PUT", key=KEY, expires_at=int(time.time()) + 60)
    return {
        "no query": path.partition("?")[0],
        "other object": path.replace("1.png", "2.png"),
        "longer life": path.replace("e=1", "e=2", 1),
        "name added": f"{path}&n=evil.html",
        "signature cut": path[:-1],
        "other key": other,
        "expired": expired,
        "other method": upload,
        "signature of bytes": f"{path.partition('s=')[0]}s=%ff%fe",
        "expiry in words": path.replace("e=1", "e=soon1", 1),
    }


async def test_a_link_that_is_not_exactly_ours_is_refused(client, store):
    links = await tampered(store)
    assert {what: (await get(client, path))[0] for what, path in links.items()} == dict.fromkeys(links, 403)


@pytest.mark.parametrize(
    "path",
    [
        "/files/../../etc/passwd",
        "/files/..%2f..%2fetc%2fpasswd",
        "/files/%2e%2e/%2e%2e/etc/passwd",
        "/files//etc/passwd",
        "/files/images/..%00/x",
        "/files/" + "a" * 4000,
    ],
)
async def test_a_way_out_of_the_directory_is_no_link_of_ours(client, path):
    from yarl import URL

    url = client.make_url("/").join(URL(path, encoded=True))
    async with client.session.get(url) as answer:
        assert answer.status in {403, 404}
        assert b"root:" not in await answer.read()


@pytest.mark.parametrize("key", ["images/../../secret.txt", "../secret.txt", "/etc/passwd", "images/output/", "images"])
async def test_even_a_signature_of_ours_leads_to_objects_only(client, store, tmp_path, key):
    (tmp_path / "secret.txt").write_text("a secret")
    path = sign_link(SIGNING_KEY, method="GET", key=key, expires_at=int(time.time()) + 60)
    from yarl import URL

    async with client.session.get(client.make_url("/").join(URL(path, encoded=True))) as answer:
        assert answer.status >= 400
        assert b"a secret" not in await answer.read()


async def test_an_object_that_is_gone_is_404(client, store):
    path = await path_of(store)
    await store.delete([KEY])
    assert (await get(client, path))[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_written(client, store, method):
    assert (await get(client, await path_of(store), method))[0] == 405
    assert (await get(client, await path_of(store)))[2] == BODY
