"""What our own requests carry, and how they are repeated; the answers are in `test_s3_errors`."""

import io
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from storage import s3_http
from storage.errors import ObjectNotFoundError, StorageRefusedError
from storage.s3 import S3Store, open_s3_store
from storage.s3_address import BucketAddress, address_in_host, address_in_path
from storage.s3_http import S3Http, S3Request
from storage.s3_upload import FileBody
from storage.sigv4 import UNSIGNED_PAYLOAD, Credentials, Signer, hash_of
from tests.support.s3_servers import DOMAIN
from tests.support.web_servers import answering, listening

JSON = "application/json"
WHO = Credentials("key-id", "secret")


@pytest.fixture(autouse=True)
def hardly_a_pause(monkeypatch):
    monkeypatch.setattr(s3_http, "FIRST_PAUSE_S", 0.01)


class Answers:
    """A server that gives one answer after the other, the last one again and again."""

    def __init__(self, *answers):
        self.answers, self.requests = list(answers), []

    async def answer(self, request):
        await request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer()


@asynccontextmanager
async def requests_to(url, *, credentials=None, address=None, resolver=None):
    async def configured():
        return WHO

    connector = aiohttp.TCPConnector(resolver=resolver)
    async with aiohttp.ClientSession(connector=connector, skip_auto_headers=["Content-Type"]) as session:
        place = address or address_in_path(url, "photos")
        yield S3Http(session, place, Signer("us-east-1"), credentials or configured, max_attempts=2)


def fine():
    return web.Response(headers={"ETag": '"new"'})


def too_skewed(server_time):
    def answer():
        return web.Response(
            status=403,
            text="<Error><Code>RequestTimeTooSkewed</Code></Error>",
            headers={"Date": format_datetime(server_time, usegmt=True)},
        )

    return answer


def signed_at(request):
    return datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@pytest.mark.parametrize("hours", [-5, 5])
async def test_the_storages_clock_is_gone_by_once_ours_was_refused(hours):
    theirs = datetime.now(UTC) + timedelta(hours=hours)
    server = Answers(too_skewed(theirs), fine)
    async with listening(answering(server.answer)) as url, requests_to(url) as http:
        await http.read(S3Request("PUT", "a"))
        await http.read(S3Request("PUT", "a"))
        link = await http.link("a", query=(), ttl_s=60)

    times = [signed_at(request) for request in server.requests]
    assert abs(times[0] - theirs) > timedelta(hours=4)
    assert abs(times[1] - theirs) < timedelta(minutes=1) > abs(times[2] - theirs)
    assert f"X-Amz-Date={theirs:%Y%m%dT%H}" in link or f"X-Amz-Date={theirs + timedelta(minutes=1):%Y%m%dT%H}" in link


@pytest.mark.parametrize("date", [lambda: datetime.now(UTC), None], ids=["our own", "none"])
async def test_a_clock_that_cannot_be_the_reason_stays_as_it_is(date):
    refusal = too_skewed(date()) if date else lambda: web.Response(status=403, text="<Code>RequestTimeTooSkewed</Code>")
    server = Answers(refusal)
    async with (
        listening(answering(server.answer)) as url,
        open_s3_store(bucket="photos", endpoint_url=url, access_key_id="key-id", secret_access_key="secret") as store,
    ):
        with pytest.raises(StorageRefusedError, match="clock"):
            await store.put("a", b"", content_type=JSON)

    assert len(server.requests) == 1


async def test_temporary_credentials_are_renewed_between_requests(monkeypatch):
    """The chain is botocore's: here a container's credentials, which are about to expire and so are asked for anew."""
    handed_out = 0

    async def credentials(request):
        nonlocal handed_out
        handed_out += 1
        soon = datetime.now(UTC) + timedelta(minutes=1)
        return web.json_response(
            {"AccessKeyId": f"key-{handed_out}", "SecretAccessKey": "s", "Token": f"token-{handed_out}",
             "Expiration": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}
        )  # fmt: skip

    server = Answers(fine)
    async with listening(answering(server.answer)) as url, listening(answering(credentials)) as container:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container}/credentials")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        async with open_s3_store(bucket="photos", endpoint_url=url) as store:
            for _ in range(2):
                await store.put("a", b"", content_type=JSON)
            link = await store.presigned_url("a", ttl_s=60)

    first, second = server.requests
    assert first.headers["x-amz-security-token"] != second.headers["x-amz-security-token"]
    for request in (first, second):
        number = request.headers["x-amz-security-token"].removeprefix("token-")
        assert f"Credential=key-{number}/" in request.headers["authorization"]
        assert "x-amz-security-token" in request.headers["authorization"]
    assert "X-Amz-Security-Token=token-" in link


async def test_without_any_credentials_the_operator_is_told(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    async with open_s3_store(bucket="photos", endpoint_url="http://127.0.0.1:9") as store:
        with pytest.raises(StorageRefusedError, match="credentials"):
            await store.put("a", b"", content_type=JSON)
        with pytest.raises(StorageRefusedError, match="credentials"):
            await store.presigned_url("a", ttl_s=60)


async def test_a_proxy_of_the_environment_is_used(monkeypatch):
    server = Answers(fine)
    async with listening(answering(server.answer)) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        async with open_s3_store(
            bucket="photos", endpoint_url="http://s3.example.org", access_key_id="key-id", secret_access_key="secret"
        ) as store:
            await store.put("a", b"", content_type=JSON)

    assert [request.host for request in server.requests] == ["s3.example.org"]


async def test_certificates_that_cannot_be_read_are_the_operators_business(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))

    with pytest.raises(StorageRefusedError, match="no certificates"):
        async with open_s3_store(bucket="photos", endpoint_url="https://s3.example.org"):
            pass


class Recorder:
    """A session that sends nothing."""

    def __init__(self):
        self.headers = {}

    async def request(self, method, url, *, data, headers, allow_redirects):
        self.headers = headers
        raise aiohttp.ClientConnectionError


@pytest.mark.parametrize(
    ("origin", "body", "expected"),
    [
        ("http://s3", b"record", hash_of(b"record")),
        ("http://s3", b"", hash_of(b"")),
        ("http://s3", b"x" * 100_000, UNSIGNED_PAYLOAD),
        ("http://s3", FileBody(io.BytesIO(b"x"), 1), UNSIGNED_PAYLOAD),
        ("https://s3", b"record", UNSIGNED_PAYLOAD),
    ],
    ids=["record", "nothing", "picture", "file", "over TLS"],
)
async def test_records_are_hashed_where_tls_does_not_protect_them(origin, body, expected):
    async def configured():
        return WHO

    session = Recorder()
    http = S3Http(session, BucketAddress(origin, "s3", "/photos"), Signer("us-east-1"), configured, max_attempts=1)

    with pytest.raises(aiohttp.ClientConnectionError):
        await http.read(S3Request("PUT", "a", body=body))

    assert session.headers["x-amz-content-sha256"] == expected


async def test_an_untrusted_certificate_is_not_tried_again():
    async with requests_to("https://s3") as http:
        refusal = aiohttp.ClientConnectorCertificateError(None, OSError())

        assert not http._worth_repeating(S3Request("GET", "a"), refusal)


class ToLoopback(AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host, port=0, family=0):
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self):
        pass


async def test_a_bucket_in_the_host_is_read_and_written(seaweedfs_server):
    """As AWS has it; this server checks the signatures."""
    port = seaweedfs_server.endpoint_url.rpartition(":")[2]
    address = address_in_host(f"http://{DOMAIN}:{port}", seaweedfs_server.bucket)

    async def configured():
        return Credentials(seaweedfs_server.access_key_id, seaweedfs_server.secret_access_key)

    async with requests_to("", credentials=configured, address=address, resolver=ToLoopback()) as http:
        store = S3Store(http, None, seaweedfs_server.bucket, address)
        keys = [f"in-host/{name}" for name in ("a b+c&d=e.json", "x~y%z'(1)!.json", "plain")]
        for key in keys:
            await store.put(key, key.encode(), content_type=JSON, if_absent=True)
            assert (await store.get(key, max_bytes=100)).body == key.encode()
        assert [row.key async for row in store.list("in-host/")] == sorted(keys)
        link = await store.presigned_url(keys[0], ttl_s=60, filename="ä b.json")
        async with http._session.get(aiohttp.client.URL(link, encoded=True)) as answer:
            assert (answer.status, await answer.read()) == (200, keys[0].encode())
        await store.delete(keys[:2])
        await store.delete(keys[2:])
        for key in keys:
            with pytest.raises(ObjectNotFoundError):
                await store.get(key, max_bytes=100)
