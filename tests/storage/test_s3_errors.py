"""What the S3 store makes of a server that misbehaves. The server is real, its answers are written here."""

import asyncio
import base64
import hashlib
import io
import socket
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from aiohttp import web

from storage import s3_http
from storage.conditional_probe import probe_conditional_writes
from storage.errors import (
    ObjectNotFoundError,
    ObjectTooLargeError,
    PreconditionFailedError,
    StorageRefusedError,
    StorageUnavailableError,
)
from storage.s3 import open_s3_store
from storage.s3_bucket import ensure_bucket
from tests.support.waiting import loop_turns
from tests.support.web_servers import answering, listening

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = "application/json"
HTML = "<html><body>Bad gateway: no luck today</body></html>"
SECRET = "never-to-be-seen"
RELEASED = web.AppKey("released", asyncio.Event)


def s3_error(code, status, **headers):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>for key-id {SECRET}</Message></Error>"
    return web.Response(status=status, text=body, content_type="application/xml", headers=headers)


def written(etag='"new"'):
    return web.Response(headers={"ETag": etag})


async def drop(request):
    request.transport.abort()
    return web.Response()


async def hang(request):
    await request.app[RELEASED].wait()
    return web.Response()


class Script:
    """A server that gives the next of its answers to each request, the last one again and again."""

    def __init__(self):
        self.forget()

    def forget(self):
        self.answers, self.requests, self.bodies = [], [], []

    async def answer(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            self.bodies.append(await request.read())
            return await answer(request) if callable(answer) else _copy(answer)
        except ConnectionResetError:
            return web.Response()


def _copy(answer):
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def script():
    script = Script()
    app = answering(script.answer)
    app[RELEASED] = asyncio.Event()
    async with listening(app) as script.url:
        yield script
        app[RELEASED].set()


@pytest.fixture(autouse=True)
def hardly_a_pause(monkeypatch):
    monkeypatch.setattr(s3_http, "FIRST_PAUSE_S", 0.01)


@pytest.fixture
def server(script):
    script.forget()
    return script


@asynccontextmanager
async def store_at(url, **options):
    async with open_s3_store(
        bucket="photos", endpoint_url=url, access_key_id="key-id", secret_access_key=SECRET, **options
    ) as store:
        yield store


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(script):
    """One that tries once."""
    async with store_at(script.url, max_attempts=1) as store:
        yield store


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty_store(script):
    """One that waits for no answer; only for servers that give none: others may be late on a busy machine."""
    async with store_at(script.url, max_attempts=1, read_timeout_s=0.1) as store:
        yield store


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def patient_store(script):
    """One with the retries of production."""
    async with store_at(script.url) as store:
        yield store


async def every_operation(store):
    """Each operation of the store, started."""
    yield "get", store.get("a", max_bytes=10)
    yield "put", store.put("a", b"", content_type=JSON)
    yield "create", store.put("a", b"", content_type=JSON, if_absent=True)
    yield "put_file", store.put_file("a", io.BytesIO(b"x" * 2_000_000), size=2_000_000, content_type=JSON)
    yield "stream", anext(store.stream("a"))
    yield "delete one", store.delete(["a"])
    yield "delete many", store.delete(["a", "b"])
    yield "list", anext(store.list("a"))
    yield "verify", store.verify()
    yield "prepare", store.prepare([])
    yield "probe", store.probe()


@pytest.mark.parametrize(
    "answer",
    [
        s3_error("InternalError", 500),
        s3_error("SlowDown", 503),
        s3_error("TooManyRequests", 429),
        web.Response(status=502, text=HTML, content_type="text/html"),
        web.Response(status=503),
        web.Response(status=503, text="plain words"),
        drop,
    ],
    ids=["500", "503", "429", "502-html", "503-empty", "503-text", "drop"],
)
async def test_what_passes_with_time_is_unavailable(server, store, answer):
    server.answers = [answer]
    await each_is_unavailable(store)


async def test_a_server_that_never_answers_is_unavailable(server, hasty_store):
    server.answers = [hang]
    await each_is_unavailable(hasty_store)


async def each_is_unavailable(store):
    async for name, operation in every_operation(store):
        with pytest.raises(StorageUnavailableError) as caught:
            await operation
        assert SECRET not in str(caught.value), name


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("AccessDenied", 403, "permission"),
        ("InvalidAccessKeyId", 403, "access key id"),
        ("SignatureDoesNotMatch", 403, "secret access key"),
        ("RequestTimeTooSkewed", 403, "clock"),
        ("NoSuchBucket", 404, "create the bucket"),
        ("PermanentRedirect", 301, "region"),
        ("AuthorizationHeaderMalformed", 400, "region"),
        ("NotImplemented", 501, "cannot do that"),
        ("SomethingNew", 400, "SomethingNew"),
    ],
)
async def test_what_only_the_operator_can_mend_is_refused(server, store, code, status, advice):
    server.answers = [s3_error(code, status, **{"x-amz-bucket-region": "elsewhere"})]

    async for name, operation in every_operation(store):
        if name in {"prepare", "probe"}:  # a HEAD has no body; 404 there means "create it"
            operation.close()
            continue
        with pytest.raises(StorageRefusedError, match=advice) as caught:
            await operation
        assert SECRET not in str(caught.value), name


async def test_a_forbidden_bucket_is_refused_by_prepare(server, store):
    server.answers = [web.Response(status=403)]

    with pytest.raises(StorageRefusedError, match="access key is wrong or lacks the permission"):
        await store.prepare([])


async def test_a_web_page_in_place_of_s3_is_unavailable(server, store):
    server.answers = [web.Response(text=HTML, content_type="text/html")]

    for operation in (
        store.put("a", b"", content_type=JSON),
        store.get("a", max_bytes=1000),
        store.verify(),
        anext(store.list("")),
    ):
        with pytest.raises(StorageUnavailableError):
            await operation


async def test_a_request_that_the_server_gave_up_waiting_for_is_unavailable(server, store):
    server.answers = [s3_error("RequestTimeout", 400)]

    with pytest.raises(StorageUnavailableError):
        await store.put("a", b"", content_type=JSON)


async def test_a_port_where_nobody_listens_is_unavailable():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        async with store_at(f"http://127.0.0.1:{reserved.getsockname()[1]}", max_attempts=1) as store:
            async for _, operation in every_operation(store):
                with pytest.raises(StorageUnavailableError):
                    await operation


async def test_an_endpoint_that_is_no_url_is_refused():
    with pytest.raises(StorageRefusedError, match="endpoint"):
        async with store_at("storage.example.org"):
            pass


@pytest.mark.parametrize(("value", "expected"), [("7", 7.0), ("0", 0.0), ("-5", 0.0), ("soon", None)])
async def test_the_servers_wish_when_to_come_back_is_kept(server, store, value, expected):
    server.answers = [s3_error("SlowDown", 503, **{"Retry-After": value})]

    with pytest.raises(StorageUnavailableError) as caught:
        await store.get("a", max_bytes=10)

    assert caught.value.retry_after_s == expected


async def test_a_date_to_come_back_at_becomes_seconds(server, store):
    server.answers = [s3_error("SlowDown", 503, **{"Retry-After": "Fri, 31 Dec 2999 23:59:59 GMT"})]

    with pytest.raises(StorageUnavailableError) as caught:
        await store.get("a", max_bytes=10)

    assert caught.value.retry_after_s > 365 * 24 * 3600


async def test_a_record_is_sent_without_asking_first(server, store):
    server.answers = [written()]

    await store.put("a", b"body", content_type=JSON)
    await store.put_file("a", io.BytesIO(b"photo"), size=5, content_type=JSON)

    assert server.bodies == [b"body", b"photo"]
    assert not any("Expect" in request.headers for request in server.requests)


async def test_a_passing_fault_is_retried(server, patient_store):
    server.answers = [s3_error("InternalError", 500), written()]

    assert await patient_store.put("a", b"body", content_type=JSON) == '"new"'

    assert server.bodies == [b"body", b"body"]


async def test_a_lasting_fault_is_tried_three_times(server, patient_store):
    server.answers = [s3_error("SlowDown", 503)]

    with pytest.raises(StorageUnavailableError):
        await patient_store.verify()

    assert len(server.requests) == 3


async def test_a_streamed_file_is_sent_again_from_its_beginning(server, patient_store):
    server.answers = [s3_error("InternalError", 500), written()]
    content = bytes(range(256)) * 8_000
    source = io.BytesIO(b"skipped" + content)
    source.seek(7)

    await patient_store.put_file("a", source, size=len(content), content_type=JSON)

    assert server.bodies == [content, content]


async def test_a_file_that_cannot_be_rewound_is_sent_once(server, patient_store):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    server.answers = [s3_error("InternalError", 500), written()]

    with pytest.raises(StorageUnavailableError):
        await patient_store.put_file("a", Pipe(b"x" * 2_000_000), size=2_000_000, content_type=JSON)

    assert len(server.requests) == 1


@pytest.mark.parametrize("condition", [{"if_absent": True}, {"if_match": '"old"'}])
async def test_a_conditional_write_whose_answer_was_lost_is_known_as_ours(server, patient_store, condition):
    async def write_and_drop(request):
        stored.update({name: value for name, value in request.headers.items() if name.lower() == "x-amz-meta-writer"})
        return await drop(request)

    async def describe(request):
        assert request.method == "HEAD"
        return web.Response(headers={"ETag": '"ours"', **stored})

    stored = {}
    server.answers = [write_and_drop, s3_error("PreconditionFailed", 412), describe]

    assert await patient_store.put("a", b"body", content_type=JSON, **condition) == '"ours"'

    assert len(stored) == 1


@pytest.mark.parametrize("mark", [{}, {"x-amz-meta-writer": "somebody"}])
async def test_a_conditional_write_that_somebody_else_won_is_refused(server, store, mark):
    server.answers = [
        s3_error("PreconditionFailed", 412),
        web.Response(headers={"ETag": '"theirs"', **mark}),
    ]

    with pytest.raises(PreconditionFailedError):
        await store.put("a", b"body", content_type=JSON, if_absent=True)


async def test_two_writers_never_carry_the_same_mark(server, store):
    server.answers = [written()]

    for _ in range(2):
        await store.put("a", b"body", content_type=JSON, if_absent=True)

    assert len({request.headers["x-amz-meta-writer"] for request in server.requests}) == 2


async def test_replacing_what_is_gone_is_a_failed_precondition(server, store):
    server.answers = [s3_error("NoSuchKey", 404)]

    with pytest.raises(PreconditionFailedError):
        await store.put("a", b"", content_type=JSON, if_match='"old"')


async def test_a_conflict_of_conditional_writes_is_worth_a_retry(server, store):
    server.answers = [s3_error("ConditionalRequestConflict", 409)]

    with pytest.raises(StorageUnavailableError):
        await store.put("a", b"", content_type=JSON, if_absent=True)


async def test_a_body_cut_short_is_unavailable(server, store):
    async def cut(request):
        answer = web.StreamResponse(headers={"Content-Length": "1000", "ETag": '"x"'})
        await answer.prepare(request)
        await answer.write(b"only this")
        request.transport.abort()
        return answer

    server.answers = [cut]

    with pytest.raises(StorageUnavailableError):
        await store.get("a", max_bytes=1000)
    with pytest.raises(StorageUnavailableError):
        async for _ in store.stream("a"):
            pass


async def test_a_body_that_stops_coming_is_unavailable(server, hasty_store):
    async def stall(request):
        answer = web.StreamResponse(headers={"Content-Length": "1000", "ETag": '"x"'})
        await answer.prepare(request)
        await answer.write(b"only this")
        return await hang(request)

    server.answers = [stall]

    with pytest.raises(StorageUnavailableError):
        await hasty_store.get("a", max_bytes=1000)
    with pytest.raises(StorageUnavailableError):
        async for _ in hasty_store.stream("a"):
            pass


async def test_an_object_without_a_length_is_read_up_to_the_limit(server, store):
    async def endless(request):
        answer = web.StreamResponse(headers={"ETag": '"x"'})
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 1000)

    server.answers = [endless]

    with pytest.raises(ObjectTooLargeError):
        await store.get("a", max_bytes=10_000)


async def test_missing_objects_are_not_found(server, store):
    server.answers = [s3_error("NoSuchKey", 404)]

    with pytest.raises(ObjectNotFoundError):
        await store.get("a", max_bytes=10)


def deletion(*failures):
    errors = "".join(f"<Error><Key>{key}</Key><Code>{code}</Code></Error>" for key, code in failures)
    return web.Response(text=f"<DeleteResult>{errors}</DeleteResult>", content_type="application/xml")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", StorageRefusedError),
        ("InternalError", StorageUnavailableError),
        ("SlowDown", StorageUnavailableError),
    ],
)
async def test_one_object_that_could_not_be_deleted_is_an_error(server, store, code, expected):
    server.answers = [deletion(("b", code))]

    with pytest.raises(expected, match="cannot delete b"):
        await store.delete(["a", "b"])


async def test_many_objects_are_deleted_a_thousand_at_a_time_and_with_a_digest(server, store):
    server.answers = [deletion(("key-1", "NoSuchKey"))]

    await store.delete([f"key-{number}" for number in range(1001)])

    assert [body.count(b"<Key>") for body in server.bodies] == [1000, 1]
    for request, body in zip(server.requests, server.bodies, strict=True):
        assert request.headers["Content-MD5"] == base64.b64encode(hashlib.md5(body).digest()).decode()


async def test_the_bucket_is_created_where_aws_keeps_the_region(server, patient_store):
    server.answers = [web.Response(status=404), web.Response()]

    await ensure_bucket(patient_store._client, "photos", location="eu-west-1")

    assert b"<LocationConstraint>eu-west-1</LocationConstraint>" in server.bodies[1]


async def test_a_bucket_that_another_process_created_meanwhile_is_fine(server, store):
    server.answers = [
        web.Response(status=404),
        s3_error("BucketAlreadyOwnedByYou", 409),
        s3_error("NoSuchLifecycleConfiguration", 404),
    ]

    await store.prepare([])

    assert len(server.requests) == 3


class Ignorant:
    """A storage that accepts conditions and looks at none of them, as several S3-likes do."""

    def __init__(self, **honoured):
        self.honoured, self.objects, self.writes = honoured, {}, 0

    async def put(self, key, body, *, content_type, if_absent=False, if_match=None):
        if if_absent and self.honoured.get("create") and key in self.objects:
            raise PreconditionFailedError(key)
        current = self.objects.get(key)
        if if_match is not None and self.honoured.get("replace") and current != if_match:
            raise PreconditionFailedError(key)
        if (if_absent or if_match) and self.honoured.get("race_free") is False:
            await loop_turns()  # checked, but not yet written: the other racer checks now
        if (if_absent or if_match) and self.honoured.get("header_known") is False:
            raise StorageRefusedError("501 NotImplemented")
        self.writes += 1
        self.objects[key] = f'"{self.writes}"'
        return self.objects[key]

    async def delete(self, keys):
        for key in keys:
            self.objects.pop(key, None)


@pytest.mark.parametrize(
    ("honoured", "expected"),
    [
        ({}, (False, False)),
        ({"create": True}, (True, False)),
        ({"replace": True}, (False, True)),
        ({"create": True, "replace": True}, (True, True)),
        ({"create": True, "replace": True, "race_free": False}, (False, False)),
        ({"create": True, "replace": True, "header_known": False}, (False, False)),
    ],
)
async def test_the_probe_tells_honoured_from_accepted(honoured, expected):
    storage = Ignorant(**honoured)

    found = await probe_conditional_writes(storage)

    assert (found.create_if_absent, found.replace_if_unchanged) == expected
    assert found.conditional_writes is all(expected)
    assert storage.objects == {}
