"""The world around the use cases, in memory: a clock, a chat, Replicate, a storage, a queue, and all that goes wrong.

Every call on a fake gives the event loop a turn before and after its effect, so a test can stop a process in between.
`World` is what survives a crash; `Process` is one run of the product on it.
"""

import asyncio
import contextlib
import itertools
import weakref
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, BinaryIO, TypeVar
from urllib.parse import parse_qs, urlsplit

from bot.jobs.assembly import Dependencies, JobLimits, Jobs, assemble
from bot.jobs.background import Background
from bot.jobs.callback_recorder import CallbackResult
from bot.jobs.callback_reference import CallbackReference, JobReference
from bot.jobs.errors import ChatGoneError, ChatMovedError, StatusMessageGoneError
from bot.jobs.guards.circuit import Circuit
from bot.jobs.guards.guarded_store import GuardedStore
from bot.jobs.images.contact_sheet import Sheet, contact_sheet
from bot.jobs.links import PresignedLinks
from bot.jobs.ports.chat import Artifact, Sent
from bot.jobs.ports.people import PersonLimits
from bot.jobs.ports.pictures import InputLinks
from bot.jobs.status import Status
from bot.jobs.steps.archive import Archive
from bot.jobs.submission import Submission
from bot.telegram.wording import text
from bot.work_queue.single_process import single_process
from replicate_gateway.errors import OutputRefusedError, PredictionNotFoundError
from replicate_gateway.models import ModelReference
from replicate_gateway.prediction import Prediction, PredictionStatus
from replicate_gateway.presets import load_presets
from replicate_gateway.protocol import Account, InputField, Listing, PredictionRequest, StreamEvent
from storage import object_keys
from storage.errors import ObjectNotFoundError, ObjectTooLargeError, PreconditionFailedError, StorageUnavailableError
from storage.job import InputImage, Job, JobStatus, Origin, Slot
from storage.objects import Capabilities, ExpiryRule, ObjectInfo, StoredObject
from storage.records import load_job
from storage.repository import JobRepository
from storage.spent import SpentQuotas
from tests.support import pictures
from tests.support.waiting import loop_turns

T = TypeVar("T")

KEEP = timedelta(hours=1.5)
BEGIN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CALLBACK_URL = "https://bot.example/webhook/replicate"
REFERENCES = CallbackReference(CALLBACK_URL, b"k" * 32)
PRESETS = load_presets()
PHOTO = pictures.jpeg(64, 48)
RESULT = pictures.png(32, 24)


@dataclass(frozen=True, slots=True)
class Limits(JobLimits):
    """With those that the team keeps."""

    user_max_active: int


LIMITS = Limits(
    user_max_active=10,
    user_daily=1000,
    api_max_active=10,
    api_daily=1000,
    replicate_max_active=10,
    max_image_bytes=20_000_000,
    job_timeout_s=1800,
    poll_interval_s=30,
    gather_s=1.5,
    status_edits_per_s=10,
)


class FrozenClock:
    """Time that moves only by hand."""

    def __init__(self, now: datetime = BEGIN) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def advance_to(self, at: datetime) -> None:
        self._now = max(self._now, at)


class _Life:
    """Whether a process is alive, and goes on; what a dead one asks for does not happen."""

    def __init__(self) -> None:
        self.alive = True
        self.going = asyncio.Event()
        self.going.set()


_LIFE: ContextVar[_Life | None] = ContextVar("life", default=None)


@dataclass
class _Rule:
    call: str
    error: Callable[[], BaseException] | None
    when: str
    skip: int
    times: float
    gate: "Gate | None" = None

    def fits(self, call: str, when: str) -> bool:
        if when != self.when or not (call == self.call or call.startswith(f"{self.call}.")) or self.times <= 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Gate:
    """Holds one call up: `reached` once it stands there, until `open`."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()

    def open(self) -> None:
        self._opened.set()

    async def passed(self) -> None:
        self.reached.set()
        await self._opened.wait()


class Faults:
    """What goes wrong. Calls are named `store.put`, `replicate.create`, `chat.announce`; `store` means all of it."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._rules: list[_Rule] = []

    def fail(
        self,
        call: str,
        error: BaseException | Callable[[], BaseException],
        *,
        when: str = "before",
        times: float = 1,
        skip: int = 0,
    ) -> None:
        """Raise instead of (`before`), or in place of the answer of (`after`), the next `times` such calls."""
        make = (lambda: error) if isinstance(error, BaseException) else error
        self._rules.append(_Rule(call, make, when, skip, times))

    def hold(self, call: str, *, when: str = "before", skip: int = 0, error: BaseException | None = None) -> Gate:
        """Stop the next such call until the gate is opened; then it goes on, or raises this."""
        gate = Gate()
        self._rules.append(_Rule(call, (lambda: error) if error else None, when, skip, 1, gate))
        return gate

    def stop(self) -> None:
        """From now on everything works."""
        self._rules.clear()

    @asynccontextmanager
    async def call(self, name: str) -> AsyncIterator[None]:
        await self._turn()
        self.calls[name] += 1
        await self._meet(name, "before")
        yield
        await self._meet(name, "after")
        await self._turn()

    async def _turn(self) -> None:
        await loop_turns()
        life = _LIFE.get()
        if life:
            await life.going.wait()
            if not life.alive:
                raise asyncio.CancelledError

    async def _meet(self, name: str, when: str) -> None:
        for rule in self._rules:
            if rule.fits(name, when):
                if rule.gate:
                    await rule.gate.passed()
                if rule.error:
                    raise rule.error()
                return


@dataclass
class Message:
    """One message of the bot's. `shows` is a status text's key, or the outcome's status."""

    id: int
    job_id: str
    shows: str
    pings: bool
    files: tuple[str, ...] = ()
    code: str | None = None
    deleted: bool = False
    outcome: bool = False
    report: bool = False
    forms: tuple[str, ...] = ()
    statuses: list[Status] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)


class RecordingNotifier:
    """A model of the chats."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.messages: dict[int, Message] = {}
        self.alerts: list[tuple[str, str]] = []
        self.blocked = False
        self.moved_to: int | None = None  # the group has become a supergroup
        self.edits = 0
        self.missed_edits: Counter[str] = Counter()  # settling an outcome where there was no status message
        self._ids = itertools.count(100)

    async def announce(self, job: Job, status: Status) -> int:
        async with self.faults.call("chat.announce"):
            self._be_there(job)
            message_id = self._send(job, status.key, pings=False)
            self.messages[message_id].statuses.append(status)
            return message_id
        raise AssertionError

    async def show_status(self, job: Job, status: Status, picture: bytes | None = None) -> bool:
        async with self.faults.call("chat.show_status"):
            self._be_there(job)
            message = self._status(job)
            if message:
                message.shows = status.key
                message.statuses.append(status)
                message.pictures += [picture] if picture else []
                self.edits += 1
            return message is not None
        raise AssertionError

    async def send_outcome(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        async with self.faults.call("chat.send_outcome"):
            self._be_there(job)
            assert job.outcome
            pings = job.outcome.status is not JobStatus.CANCELED  # its person has just asked for it, or is away
            return self._hand_over(job, results, pings=pings)
        raise AssertionError

    async def send_more(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        async with self.faults.call("chat.send_more"):
            self._be_there(job)
            assert job.handed
            assert results
            return self._hand_over(job, results, pings=False)
        raise AssertionError

    async def edit_into_outcome(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        async with self.faults.call("chat.edit_into_outcome"):
            self._be_there(job)
            message = self._status(job)
            if message is None:
                self.missed_edits[job.id] += 1
                raise StatusMessageGoneError
            assert len(results) <= 1
            self.edits += 1
            self._fill(message, job, results)
            return [Sent(message.id, f"file-{message.id}" if results else None)]
        raise AssertionError

    async def edit_into_report(self, job: Job, report: BinaryIO) -> int:
        async with self.faults.call("chat.edit_into_report"):
            self._be_there(job)
            message = self._status(job)
            if message is None or message.outcome:
                raise StatusMessageGoneError
            report.seek(0)
            assert report.read(5) == b"%PDF-"
            self.edits += 1
            message.shows, message.report = "report", True
            return message.id
        raise AssertionError

    async def retract_status(self, job: Job) -> None:
        async with self.faults.call("chat.retract_status"):
            self._be_there(job)
            message = self._status(job)
            if message and message.id not in job.message_ids:
                message.deleted = True

    async def alert(self, code: str, text: str) -> None:
        async with self.faults.call("chat.alert"):
            self.alerts.append((code, text))

    def pings(self, job_id: str) -> int:
        """How often the person's phone rang for this job."""
        return sum(m.pings for m in self.messages.values() if m.job_id == job_id)

    def visible(self, job_id: str) -> list[Message]:
        return [m for m in self.messages.values() if m.job_id == job_id and not m.deleted]

    def outcomes(self, job_id: str) -> list[Message]:
        """The visible messages that tell how the job ended."""
        return [m for m in self.visible(job_id) if m.outcome]

    def delete_status(self, job_id: str) -> None:
        """The person deletes what the bot says while it works."""
        for message in self.visible(job_id):
            if not message.outcome:
                message.deleted = True

    def _be_there(self, job: Job) -> None:
        if self.blocked:
            raise ChatGoneError("bot was blocked by the user")
        if self.moved_to and job.origin.moved_to != self.moved_to:
            raise ChatMovedError(self.moved_to)

    def _send(self, job: Job, shows: str, *, pings: bool) -> int:
        message_id = next(self._ids)
        self.messages[message_id] = Message(message_id, job.id, shows, pings)
        return message_id

    def _hand_over(self, job: Job, results: Sequence[Artifact], *, pings: bool) -> Sequence[Sent]:
        """An album is several messages of which one pings; here it is one, which its results share."""
        assert job.outcome
        assert len({result.form for result in results}) <= 1
        assert len(results) <= 10
        message_id = self._send(job, job.outcome.status, pings=pings)
        self._fill(self.messages[message_id], job, results)
        if not results:
            return [Sent(message_id)]
        return [Sent(message_id, f"file-{message_id}-{result.number}") for result in results]

    def _status(self, job: Job) -> Message | None:
        message = self.messages.get(job.status_message_id or 0)
        return None if message is None or message.deleted else message

    def _fill(self, message: Message, job: Job, results: Sequence[Artifact]) -> None:
        assert job.outcome
        message.shows, message.code, message.outcome = job.outcome.status, job.outcome.code, True
        for result in results:
            result.content.seek(0)
            assert result.file.preview or len(result.content.read()) == result.file.size
        message.files = tuple(result.file.key for result in results)
        message.forms = tuple(result.form for result in results)


@dataclass(frozen=True)
class Callback:
    """What Replicate would deliver: our reference from the URL's query, and the prediction at that moment."""

    reference: JobReference | None
    prediction: Prediction


class ScriptedReplicate:
    """Predictions that live as the test says; `outbox` holds the callbacks that Replicate would send.

    An answer that is lost after the effect: `faults.fail("replicate.create", OutcomeUnknownError(...), when="after")`.
    """

    def __init__(self, clock: FrozenClock, faults: Faults) -> None:
        self.clock, self.faults = clock, faults
        self.predictions: dict[str, Prediction] = {}
        self.requests: dict[str, PredictionRequest] = {}
        self.outbox: list[Callback] = []
        self.others = 0  # predictions that the same account makes for others meanwhile
        self.lists = True  # False: `recent` does not show anything yet
        self.stream_url: str | None = None  # of predictions that are made from now on
        self.streams: dict[str, Sequence[StreamEvent]] = {}  # the events by stream URL
        self.fast = False  # True: predictions end while a create call that waits is answered
        self.secret = "whsec_" + "c2VjcmV0" * 5
        self._ids = itertools.count(1)
        self.uploads: list[str] = []

    async def create(self, request: PredictionRequest) -> Prediction:
        async with self.faults.call("replicate.create"):
            prediction_id = f"p{next(self._ids):025d}"
            self.requests[prediction_id] = request
            self.predictions[prediction_id] = Prediction(
                id=prediction_id,
                status=PredictionStatus.STARTING,
                raw_status="starting",
                input=dict(request.input),
                created_at=self.clock.now(),
                webhook=request.webhook,
                stream_url=self.stream_url,
            )
            answer = self.predictions[prediction_id]
            if self.fast and request.wait_s:
                self.succeed(prediction_id)
                # As recorded: the result is in the answer, the end of the run is not.
                inline = "data:image/png;base64," + "A" * 40_000
                answer = replace(answer, status=PredictionStatus.PROCESSING, raw_status="processing", output=inline)
            return answer
        raise AssertionError

    async def get(self, prediction_id: str) -> Prediction:
        async with self.faults.call("replicate.get"):
            return self._known(prediction_id)

    async def cancel(self, prediction_id: str) -> Prediction:
        async with self.faults.call("replicate.cancel"):
            if not self._known(prediction_id).status.terminal:
                self.end(prediction_id, PredictionStatus.CANCELED)
            return self._known(prediction_id)

    async def recent(self, *, created_after: datetime, created_before: datetime, limit: int) -> Listing:
        async with self.faults.call("replicate.recent"):
            mine = self.predictions.values() if self.lists else ()
            known = [p for p in (*mine, *self._of_others()) if p.created_at]
            listed = [p for p in known if p.created_at and created_after < p.created_at < created_before]
            newest = sorted(listed, key=lambda p: p.created_at or created_after, reverse=True)
            return Listing(newest[:limit], complete=len(newest) <= limit)
        raise AssertionError

    async def stream(self, url: str) -> AsyncGenerator[StreamEvent, None]:
        for event in self.streams.get(url, ()):
            async with self.faults.call("replicate.stream"):
                yield event

    async def upload(self, content: bytes, *, filename: str, content_type: str) -> str:
        async with self.faults.call("replicate.upload"):
            url = f"https://api.replicate.com/v1/files/{next(self._ids)}"
            self.uploads.append(url)
            return url

    async def withdraw(self, url: str) -> None:
        async with self.faults.call("replicate.withdraw"):
            self.uploads.remove(url)

    async def webhook_secret(self) -> str:
        async with self.faults.call("replicate.webhook_secret"):
            return self.secret

    async def account(self) -> Account:
        return Account("darkroom", "user")

    async def input_schema(self, model: ModelReference) -> dict[str, InputField]:
        return {}

    def start(self, prediction_id: str) -> None:
        """It begins to run."""
        if self.predictions[prediction_id].status is PredictionStatus.STARTING:
            self._become(prediction_id, PredictionStatus.PROCESSING, started_at=self.clock.now())

    def tell(self, prediction_id: str, **news: Any) -> None:
        """It has written logs, or has made outputs, while it runs."""
        self._become(prediction_id, PredictionStatus.PROCESSING, **news)

    def outbox_of(self, prediction_id: str) -> Callback:
        """A callback with the prediction as it is now."""
        prediction = self.predictions[prediction_id]
        return Callback(reference_of(prediction.webhook or ""), prediction)

    def succeed(self, prediction_id: str, *urls: str) -> None:
        self.end(
            prediction_id,
            PredictionStatus.SUCCEEDED,
            urls=urls or (f"https://replicate.delivery/{prediction_id}/out.png",),
        )

    def end(
        self,
        prediction_id: str,
        status: PredictionStatus,
        *,
        urls: Sequence[str] = (),
        error: str | None = None,
        predict_time_s: float | None = None,
    ) -> None:
        """It ends, once."""
        if not self.predictions[prediction_id].status.terminal:
            self._become(prediction_id, status, output=list(urls) or None, error=error, predict_time_s=predict_time_s)

    @property
    def running(self) -> list[str]:
        return [p.id for p in self.predictions.values() if not p.status.terminal]

    def made_for(self, job_id: str) -> list[str]:
        """The predictions that were made for a job, by the reference in their callback URL or the input's link."""
        key = object_keys.input_image(job_id, 0, "jpg")
        return [p.id for p in self.predictions.values() if job_id in (p.webhook or "") or key in str(p.input)]

    def _of_others(self) -> Iterator[Prediction]:
        """What the rest of a busy account has made since the first of ours, evenly."""
        times = [p.created_at for p in self.predictions.values() if p.created_at]
        if times and self.others:
            since, until = min(times), self.clock.now() + timedelta(seconds=1)
            between = (until - since) / self.others
            for n in range(self.others):
                status = PredictionStatus.SUCCEEDED
                at = since + between * n
                yield Prediction(id=f"other{n}", status=status, raw_status=status.value, created_at=at, webhook="x")

    def _become(self, prediction_id: str, status: PredictionStatus, **changes: Any) -> None:
        prediction = replace(self.predictions[prediction_id], status=status, raw_status=status.value, **changes)
        self.predictions[prediction_id] = prediction
        if prediction.webhook:
            self.outbox.append(Callback(reference_of(prediction.webhook), prediction))

    def _known(self, prediction_id: str) -> Prediction:
        if prediction_id not in self.predictions:
            raise PredictionNotFoundError("no such prediction", status=404)
        return self.predictions[prediction_id]


def query_of(url: str) -> dict[str, str]:
    """The query of a callback URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def reference_of(url: str) -> JobReference:
    """What the callback door reads from the query of our own URL."""
    query = query_of(url)
    return REFERENCES.parse(query["job"], query["slot"], query["ref"])


@dataclass(frozen=True)
class _Kept:
    body: bytes
    etag: str
    content_type: str
    modified_at: datetime


class DictStore:
    """`ObjectStore` in memory. `versions` keeps every body a job's record ever had, `written` the keys in order."""

    def __init__(self, clock: FrozenClock, faults: Faults, *, conditional: bool = True) -> None:
        self.clock, self.faults, self.conditional = clock, faults, conditional
        self.objects: dict[str, _Kept] = {}
        self.versions: dict[str, list[bytes]] = {}
        self.written: list[str] = []
        self._etags = itertools.count(1)

    async def get(self, key: str, *, max_bytes: int) -> StoredObject:
        async with self.faults.call("store.get"):
            kept = self._kept(key)
            if len(kept.body) > max_bytes:
                raise ObjectTooLargeError(key, max_bytes)
            return StoredObject(kept.body, kept.etag, kept.content_type)
        raise AssertionError

    async def put(
        self, key: str, body: bytes, *, content_type: str, if_absent: bool = False, if_match: str | None = None
    ) -> str:
        async with self.faults.call("store.put"):
            kept = self.objects.get(key)
            if self.conditional and if_absent and kept:
                raise PreconditionFailedError(key)
            if self.conditional and if_match is not None and (kept is None or kept.etag != if_match):
                raise PreconditionFailedError(key)
            return self._write(key, body, content_type)
        raise AssertionError

    async def put_file(self, key: str, source: BinaryIO, *, size: int, content_type: str) -> str:
        async with self.faults.call("store.put_file"):
            return self._write(key, source.read(size), content_type)
        raise AssertionError

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        async with self.faults.call("store.stream"):
            body = self._kept(key).body
        yield body

    async def delete(self, keys: Sequence[str]) -> None:
        async with self.faults.call("store.delete"):
            for key in keys:
                self.objects.pop(key, None)

    async def list(self, prefix: str, *, start_after: str = "", limit: int | None = None) -> AsyncIterator[ObjectInfo]:
        async with self.faults.call("store.list"):
            keys = sorted(k for k in self.objects if k.startswith(prefix) and k > start_after)[:limit]
            rows = [ObjectInfo(k, len(self.objects[k].body), self.objects[k].modified_at) for k in keys]
        for row in rows:
            yield row

    async def folders(self, prefix: str, *, limit: int) -> AsyncIterator[str]:
        async with self.faults.call("store.list"):
            below = [k.removeprefix(prefix).split("/") for k in self.objects if k.startswith(prefix)]
            found = sorted({parts[0] for parts in below if len(parts) > 1})[:limit]
        for folder in found:
            yield folder

    async def presigned_url(self, key: str, *, ttl_s: int, filename: str | None = None) -> str:
        async with self.faults.call("store.presigned_url"):
            return f"https://store.example/{key}?ttl={ttl_s}"
        raise AssertionError

    async def prepare(self, rules: Sequence[ExpiryRule]) -> None:
        async with self.faults.call("store.prepare"):
            pass

    async def verify(self) -> None:
        async with self.faults.call("store.verify"):
            pass

    async def probe(self) -> Capabilities:
        return Capabilities(create_if_absent=self.conditional, replace_if_unchanged=self.conditional)

    def keys(self, prefix: str = "") -> Sequence[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def job(self, job_id: str) -> Job:
        """The job as it is recorded."""
        return load_job(self.objects[object_keys.job(job_id)].body, job_id)

    def history_of(self, job_id: str) -> Sequence[Job]:
        """Every state that was ever recorded, oldest first."""
        return [load_job(body, job_id) for body in self.versions.get(object_keys.job(job_id), [])]

    def put_now(self, key: str, body: bytes, *, modified_at: datetime | None = None) -> None:
        """Behind everybody's back."""
        self._write(key, body, "application/json")
        if modified_at:
            self.objects[key] = replace(self.objects[key], modified_at=modified_at)

    def _kept(self, key: str) -> _Kept:
        if key not in self.objects:
            raise ObjectNotFoundError(key)
        return self.objects[key]

    def _write(self, key: str, body: bytes, content_type: str) -> str:
        etag = f'"{next(self._etags)}"'
        self.objects[key] = _Kept(bytes(body), etag, content_type, self.clock.now())
        self.written.append(key)
        if key.startswith(object_keys.JOBS):
            self.versions.setdefault(key, []).append(bytes(body))
        return etag


class SharedBoard:
    """`Notes` and `ChoreLeases` of several processes in one test, by the test's clock."""

    def __init__(self, clock: FrozenClock, faults: Faults | None = None) -> None:
        self.clock, self.faults = clock, faults or Faults()
        self.noted: dict[str, dict[str, str]] = {}
        self.taken_until: dict[str, datetime] = {}

    async def put(self, job_id: str, name: str, text: str) -> None:
        async with self.faults.call("notes.put"):
            self.noted.setdefault(job_id, {})[name] = text

    async def of(self, job_id: str) -> dict[str, str]:
        return dict(self.noted.get(job_id, {}))

    async def take(self, work: str, for_s: float) -> bool:
        if self.taken_until.get(work, BEGIN) > self.clock.now():
            return False
        self.taken_until[work] = self.clock.now() + timedelta(seconds=for_s)
        return True


class StubPeople:
    """`People`: nobody has limits of their own, unless told otherwise."""

    def __init__(self) -> None:
        self.limits: dict[str, PersonLimits] = {}

    async def limits_for(self, user: str) -> PersonLimits:
        return self.limits.get(user, PersonLimits())


class StubPhotos:
    """`PictureSource`: every file id or URL has the same picture, unless told otherwise."""

    def __init__(self, faults: Faults, call: str = "photos.fetch") -> None:
        self.faults, self._call = faults, call
        self.bodies: dict[str, bytes] = {}

    async def fetch(self, address: str, /, into: BinaryIO, *, max_bytes: int) -> int:
        async with self.faults.call(self._call):
            return into.write(self.bodies.get(address, PHOTO))
        raise AssertionError


class StubOutputs:
    """`OutputSource`: every URL has the same picture, unless told otherwise."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.bodies: dict[str, bytes] = {}
        self.gone: set[str] = set()

    async def fetch(self, url: str, into: BinaryIO, *, max_bytes: int) -> int:
        async with self.faults.call("outputs.fetch"):
            if url in self.gone:
                raise OutputRefusedError("output_gone", status=404)
            return into.write(self.bodies.get(url, RESULT))
        raise AssertionError


class DirectQueue:
    """`JobQueue` that only collects: the test decides when which job is advanced."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock
        self.nudges: list[tuple[str, float]] = []
        self.due: dict[str, datetime] = {}
        self.running: dict[str, bool] = {}

    async def enqueue(self, job_id: str, delay_s: float = 0.0) -> None:
        self.nudges.append((job_id, delay_s))
        if delay_s <= 0 and job_id in self.running:
            self.running[job_id] = True
            return
        at = self.clock.now() + timedelta(seconds=delay_s)
        self.due[job_id] = min(at, self.due.get(job_id, at))

    def scheduled(self, job_id: str) -> bool:
        return job_id in self.due or job_id in self.running

    async def unscheduled(self, job_ids: Sequence[str]) -> list[str]:
        return [job_id for job_id in job_ids if not self.scheduled(job_id)]

    def ready(self) -> list[str]:
        """What may be advanced now, in order of time."""
        now = self.clock.now()
        return [
            job for job, at in sorted(self.due.items(), key=lambda row: row[1]) if at <= now and job not in self.running
        ]

    @property
    def next_at(self) -> datetime | None:
        return min(self.due.values(), default=None)

    @contextlib.contextmanager
    def taken(self, job_id: str) -> Iterator[None]:
        """The job is in work; nudged meanwhile it is due again afterwards."""
        self.due.pop(job_id, None)
        self.running[job_id] = False
        try:
            yield
        finally:
            if self.running.pop(job_id):
                self.due[job_id] = self.clock.now()


class InlineExecutor(Executor):
    """Runs at once, where it is called; but draws no page, which takes longer than all the rest of a job."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[Any] = Future()
        try:
            future.set_result(_PAGE if fn is contact_sheet else fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asks for the result
            future.set_exception(error)
        return future


_PAGE = Sheet(b"%PDF-1.4 a page", b"\x89PNG a page")


class HotLoopError(AssertionError):
    """A job is advanced again and again although nothing changes."""


class Process:
    """One run of the product on a world."""

    def __init__(self, world: "World", jobs: Jobs, surroundings: Dependencies, queue: DirectQueue) -> None:
        self.world, self.jobs, self.queue = world, jobs, queue
        self.service, self.callbacks, self.results = jobs.service, jobs.callbacks, jobs.results
        self.worker, self.sweep = jobs.worker, jobs.sweep
        self.repository, self.background = surroundings.repository, surroundings.background
        self.spent = surroundings.spent
        self.tasks: set[asyncio.Task[Any]] = set()
        self._life = _Life()
        # A process that dies leaves no open files behind.
        weakref.finalize(self, _close_spools, jobs, world.store)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run it as a part of this process, beside what the test does."""
        context = copy_context()
        context.run(_LIFE.set, self._life)

        task = asyncio.get_running_loop().create_task(work, context=context)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def submit(self, submission: Submission) -> bool:
        return await self.spawn(self.service.submit(submission))

    async def receive(self, callback: Callback) -> CallbackResult:
        return await self.spawn(self.callbacks.record(callback.reference, callback.prediction))

    async def deliver_callbacks(self) -> list[CallbackResult]:
        """All callbacks that Replicate holds ready, in order."""
        results = []
        while self.world.replicate.outbox:
            results.append(await self.receive(self.world.replicate.outbox.pop(0)))
        return results

    async def advance(self, job_id: str) -> None:
        """What the queue does with a nudge."""
        await self.spawn(self._advance(job_id))

    async def run_ready(self, *, most: int = 200) -> int:
        """Advance whatever is due now, until nothing is; returns how often something was."""
        done = 0
        while ready := self.queue.ready():
            for job_id in ready:
                await self.advance(job_id)
                done += 1
            if done > most:
                raise HotLoopError(f"{done} advances and the clock still shows {self.world.clock.now():%H:%M:%S}")
        return done

    async def run_for(self, seconds: float, *, most: int = 2000) -> None:
        """Let this much time pass, and advance whatever becomes due on the way."""
        end = self.world.clock.now() + timedelta(seconds=seconds)
        for _ in range(most):
            await self.run_ready()
            at = self.queue.next_at
            if at is None or at > end:
                self.world.clock.advance_to(end)
                await self.run_ready()
                return
            self.world.clock.advance_to(at)
        raise HotLoopError(f"{most} wake-ups within {seconds} s")

    async def settled(self) -> None:
        """Let what runs beside the jobs go on for as long as it need not wait."""
        await loop_turns(100)

    def stand_still(self) -> None:
        """No call of this process begins or ends until it goes on."""
        self._life.going.clear()

    def go_on(self) -> None:
        """It knows nothing of the time that has passed."""
        self._life.going.set()

    async def crash(self) -> None:
        """`kill -9`: from now on nothing that this process does has an effect."""
        await loop_turns()  # a coroutine that never began cannot be told from one that was forgotten
        self._life.alive = False
        self._life.going.set()
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.background.drain(0)
        await self.jobs.follower.stop()
        _close_spools(self.jobs, self.world.store)

    async def _advance(self, job_id: str) -> None:
        if job_id in self.queue.running:
            self.queue.running[job_id] = True
            return
        with self.queue.taken(job_id):
            await self.worker(job_id)


def _close_spools(jobs: Jobs, store: DictStore) -> None:
    held = [step._artifacts for step in jobs.steps if isinstance(step, Archive)]
    for artifacts, key in itertools.product(held, store.keys(object_keys.JOBS)):
        artifacts.drop(key.removeprefix(object_keys.JOBS).removesuffix(".json"))


@dataclass
class World:
    """What survives a crash of the process."""

    clock: FrozenClock = field(default_factory=FrozenClock)
    faults: Faults = field(default_factory=Faults)
    conditional: bool = True

    def __post_init__(self) -> None:
        self.store = DictStore(self.clock, self.faults, conditional=self.conditional)
        self.chat = RecordingNotifier(self.faults)
        self.replicate = ScriptedReplicate(self.clock, self.faults)
        self.photos = StubPhotos(self.faults)
        self.web = StubPhotos(self.faults, "web.fetch")
        self.outputs = StubOutputs(self.faults)
        self.people = StubPeople()

    def start(self, limits: Limits = LIMITS, *, callbacks: bool = True, links: InputLinks | None = None) -> Process:
        """A new process on this world; nothing is swept yet."""
        return build(self, limits, callbacks=callbacks, links=links)

    def job(self, job_id: str) -> Job:
        return self.store.job(job_id)

    def is_closed(self, job_id: str) -> bool:
        """Whether nothing but the record, the pictures and the history is left of the job."""
        tasks = {object_keys.task(s.prediction_id) for s in self.job(job_id).slots if s.prediction_id}
        return object_keys.open_marker(job_id) not in self.store.objects and not tasks & set(self.store.objects)


def build(
    world: World | None = None,
    limits: Limits = LIMITS,
    *,
    callbacks: bool = True,
    links: InputLinks | None = None,
    **changes: Any,
) -> Process:
    """The use cases on fakes; `changes` replace fields of `Dependencies`."""
    world = world or World()
    queue = DirectQueue(world.clock)
    circuit = Circuit("storage", world.clock)
    store = GuardedStore(world.store, circuit)
    surroundings = Dependencies(
        repository=JobRepository(store, conditional_writes=world.conditional),
        store=store,
        gateway=world.replicate,
        presets=PRESETS,
        notifier=world.chat,
        photos=world.photos,
        web=world.web,
        outputs=world.outputs,
        links=links or PresignedLinks(world.store, 3600),
        callbacks=REFERENCES if callbacks else None,
        queue=queue,
        background=Background(),
        shared=single_process(
            jobs_per_person=limits.user_max_active,
            jobs_per_key=limits.api_max_active,
            predictions=limits.replicate_max_active,
        ),
        storage_circuit=circuit,
        clock=world.clock,
        random=Random(7),
        people=world.people,
        executor=InlineExecutor(),
        spent=SpentQuotas(store, b"s" * 32),
        translate=text,
        timezone=UTC,
    )
    surroundings = replace(surroundings, **changes)
    return Process(world, assemble(limits, surroundings), surroundings, queue)


def submission(
    number: int = 1, *, user: str = "tg-7", seeds: tuple[int | None, ...] = (None,), **changes: Any
) -> Submission:
    """A photo that somebody sent; the same number is the same update."""
    values: dict[str, Any] = {
        "job_id": object_keys.job_id_of(1, 7, number),
        "origin": Origin(user=user, locale="en", chat_id=7, message_id=number, update_id=number),
        "preset": "restore",
        "inputs": (InputImage(file_id=f"file{number}", size=len(PHOTO)),),
        "seeds": seeds,
    }
    return Submission(**{**values, **changes})


def new_job(number: int = 1, **changes: Any) -> Job:
    """A job as `submit` records it, or as `changes` say."""

    asked = submission(number)
    values: dict[str, Any] = {
        "id": asked.job_id,
        "origin": asked.origin,
        "preset": asked.preset,
        "inputs": asked.inputs,
        "slots": (Slot(),),
        "created_at": BEGIN,
        "updated_at": BEGIN,
        "deadline": BEGIN + timedelta(minutes=30),
        "status": JobStatus.PENDING,
    }
    return Job(**{**values, **changes})


def storage_down() -> StorageUnavailableError:
    return StorageUnavailableError("down")
