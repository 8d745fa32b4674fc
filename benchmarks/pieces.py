"""Microseconds of CPU for the pieces that every job goes through, each alone and warm."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from aiogram.types import Update
from structlog.contextvars import bind_contextvars

from benchmarks.memory_s3 import BUCKET
from benchmarks.report import Report
from bot.log_config import configure_logging
from mock_server.replicate.signing import generate_webhook_secret, sign, signing_key
from replicate_gateway.prediction import parse_prediction, read_json
from replicate_gateway.signature import read_headers
from storage.files import open_file_store
from storage.job import InputImage, Job, Origin, Slot
from storage.objects import ObjectStore
from storage.records import dump_job, load_job
from storage.s3 import open_s3_store
from storage.s3_client import s3_client, s3_session
from storage.sigv4 import Credentials, Signer, hash_of

if TYPE_CHECKING:  # the stubs are a development dependency
    from types_aiobotocore_s3 import S3Client

_ROUNDS = 1000
_BATCHES = 5
_JSON = "application/json"


async def measure_pieces(report: Report, folder: Path) -> None:
    """One table."""
    report.section("Pieces", "CPU, us")
    for name, work in {**_of_the_doors(), **_of_the_storage()}.items():
        report.row(name, _cpu_us(work))
    _measure_log(report)
    async with open_file_store(folder, public_url="http://localhost", signing_key=b"k" * 32) as files:
        await _measure_store(report, "files", files)
    async with (
        _memory_s3_elsewhere() as url,
        open_s3_store(bucket=BUCKET, endpoint_url=url, access_key_id="key-id", secret_access_key="secret") as s3,
    ):
        await _measure_store(report, "S3", s3)
        async with s3_client(s3_session("key-id", "secret", "us-east-1"), url) as client:
            await _measure_aioboto3(report, client)


def _of_the_doors() -> dict[str, Callable[[], object]]:
    secret, now = generate_webhook_secret(), int(time.time())
    key = signing_key(secret)
    body = (
        b'{"id":"rrr4z55ocneqzikepnug6xezpe","version":"v","status":"succeeded","input":{"image":"https://example.org/'
        b'photo.jpg"},"output":"https://replicate.delivery/x/out.png","error":null,"logs":"","metrics":{"predict_time":1}}'
    )
    headers = {"webhook-id": "id", "webhook-timestamp": str(now), "webhook-signature": sign(key, "id", now, body)}
    chat = {"id": 7, "first_name": "Ada", "type": "private"}
    sizes = [{"file_id": f"file-{n}", "file_unique_id": f"u{n}", "width": n, "height": n} for n in (90, 320, 1280)]
    message = {"message_id": 1, "date": now, "chat": chat, "from": {**chat, "is_bot": False}, "photo": sizes}
    return {
        "read an update (aiogram)": lambda: Update.model_validate({"update_id": 1, "message": message}),
        "check a callback's signature": lambda: read_headers(headers, tolerance_s=300, now_s=now).verify(key, body),
        "read a callback": lambda: parse_prediction(read_json(body)),
    }


def _of_the_storage() -> dict[str, Callable[[], object]]:
    at = datetime.now(UTC)
    origin = Origin("tg-1", "en", 1, 2)
    job = Job("x" * 36, origin, "restore", (InputImage("f" * 60, key="k" * 50),), (Slot(1),), at, at, at)
    record, signer, who = dump_job(job), Signer("us-east-1"), Credentials("key-id", "secret")
    headers = {"host": "s3.example.org", "content-type": _JSON, "if-match": '"etag"', "x-amz-meta-writer": "w-1"}
    path, body_hash = f"/photos/jobs/{job.id}.json", hash_of(record)
    return {
        "write a job as JSON": lambda: dump_job(job),
        "read a job from JSON": lambda: load_job(record, job.id),
        "sign an S3 request": lambda: signer.signed_headers("PUT", path, "", headers, body_hash, who, at),
        "sign a link": lambda: signer.signed_query("GET", "s3.example.org", path, [], 3600, who, at),
    }


def _measure_log(report: Report) -> None:
    with Path("/dev/null").open("w") as nowhere:
        writer = configure_logging("info", "json", ["a secret of the settings"], stream=nowhere)
        log = structlog.get_logger()
        bind_contextvars(job_id="x" * 36, chat_id=7, update_id=1)
        try:
            report.row("log an event", _cpu_us(lambda: log.info("prediction_created", part=0, ms=1.5)))
            report.row("not log a filtered one", _cpu_us(lambda: log.debug("job_written", ms=1.5)))
        finally:
            writer.close()
            structlog.reset_defaults()


async def _measure_store(report: Report, name: str, store: ObjectStore) -> None:
    record, picture = b"x" * 700, b"x" * 200_000
    etag = await store.put("jobs/a.json", record, content_type=_JSON)

    async def replace(_: int) -> object:
        nonlocal etag
        etag = await store.put("jobs/a.json", record, content_type=_JSON, if_match=etag)
        return etag

    report.row(f"{name}: replace a record", await _cpu_us_of(replace))
    report.row(f"{name}: get a record", await _cpu_us_of(lambda _: store.get("jobs/a.json", max_bytes=1000)))
    report.row(
        f"{name}: put a picture of 200 kB",
        await _cpu_us_of(lambda n: store.put(f"images/{n % 10}.jpg", picture, content_type="image/jpeg")),
    )


async def _measure_aioboto3(report: Report, client: "S3Client") -> None:
    """The same three calls without our own requests: see `storage.s3_http`."""
    record, picture = b"x" * 700, b"x" * 200_000
    answer = await client.put_object(Bucket=BUCKET, Key="jobs/a.json", Body=record, ContentType=_JSON)
    etag = answer["ETag"]

    async def replace(_: int) -> None:
        nonlocal etag
        done = await client.put_object(Bucket=BUCKET, Key="jobs/a.json", Body=record, ContentType=_JSON, IfMatch=etag)
        etag = done["ETag"]

    async def get(_: int) -> None:
        async with (await client.get_object(Bucket=BUCKET, Key="jobs/a.json"))["Body"] as body:
            await body.read()

    async def put(number: int) -> None:
        key = f"images/{number % 10}.jpg"
        await client.put_object(Bucket=BUCKET, Key=key, Body=picture, ContentType="image/jpeg")

    report.row("aioboto3: replace a record", await _cpu_us_of(replace))
    report.row("aioboto3: get a record", await _cpu_us_of(get))
    report.row("aioboto3: put a picture of 200 kB", await _cpu_us_of(put))


@asynccontextmanager
async def _memory_s3_elsewhere() -> AsyncIterator[str]:
    """In another process, so that only the client is measured."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.memory_s3", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


def _cpu_us(work: Callable[[], object]) -> float:
    """The best of some batches: what disturbs a batch is not the work."""
    work()
    batches = []
    for _ in range(_BATCHES):
        begin = time.process_time()
        for _ in range(_ROUNDS):
            work()
        batches.append((time.process_time() - begin) / _ROUNDS * 1e6)
    return min(batches)


async def _cpu_us_of(work: Callable[[int], Awaitable[object]]) -> float:
    """The same for a coroutine, one after the other; threads included."""
    rounds = _ROUNDS // 5
    batches = []
    for _ in range(_BATCHES):
        begin = time.process_time()
        for number in range(rounds):
            await work(number)
        batches.append((time.process_time() - begin) / rounds * 1e6)
    return min(batches)
