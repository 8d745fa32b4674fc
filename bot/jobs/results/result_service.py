"""What becomes of a job that has given results: looked at again, made again, worked on further.

The use cases behind the buttons under a result. A new job's id follows from the old one's and from what the person
did, so that a press that is delivered twice makes one job.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import BinaryIO

from bot.jobs.errors import NoSuchJobError, NoSuchPresetError, NoSuchResultError
from bot.jobs.results.artifacts import Artifacts
from bot.jobs.service import JobService
from bot.jobs.submission import Submission
from replicate_gateway.presets import Preset
from storage.job import InputImage, Job, JobFile, Origin
from storage.object_keys import job_id_of
from storage.objects import ObjectStore
from storage.repository import JobRepository
from storage.wishes import Delivery, Wishes

# How far back a reply to a message is followed, in finished jobs of the person; so many are read at a time.
_LOOK_BACK = 50
_PAGE = 10


@dataclass(frozen=True, slots=True)
class Trigger:
    """What the person did: the same delivery of it always has the same `ident`. What is None stays as it was.

    The answer goes to where they did it, `chat_id` and `thread_id`, which need not be where the old job speaks: what is
    wished for in private, from a card of the history, is answered in private, wherever the photo was sent once.
    """

    ident: str
    locale: str
    update_id: int | None = None
    chat_id: int | None = None
    thread_id: int | None = None
    message_id: int | None = None  # what the answer is to quote
    delivery: Delivery | None = None


class ResultService:
    """Jobs are named by id and person: `NoSuchJobError` says that this person has no such job (any more).

    All methods raise `StorageUnavailableError` when the storage cannot be asked now.
    """

    def __init__(
        self, jobs: JobService, repository: JobRepository, store: ObjectStore, presets: Mapping[str, Preset]
    ) -> None:
        self._jobs, self._repository, self._store, self._presets = jobs, repository, store, presets

    async def again(
        self, job_id: str, user: str, trigger: Trigger, *, variations: int | None = None, preset: str | None = None
    ) -> str:
        """The same pictures once more, with new seeds or another preset; also a job that failed.

        Returns the new job's id.

        Raises:
            NoSuchPresetError: this preset is not on offer (any more).
        """
        if preset and preset not in self._presets:
            raise NoSuchPresetError(preset)
        job = await self._jobs.job(job_id, user)
        inputs = [await self._at_hand(image) for image in job.inputs]
        return await self.remake(job, "again", trigger, inputs, variations=variations, preset=preset)

    async def remake(
        self,
        job: Job,
        what: str,
        trigger: Trigger,
        inputs: Sequence[InputImage],
        *,
        variations: int | None = None,
        preset: str | None = None,
    ) -> str:
        """What `job` was asked for, on these pictures, with nothing left to ask. Returns the new job's id.

        That id is `remade_id`; `what` tells this wish from others that the same press could stand for.
        """
        wishes = replace(job.wishes, ask=(), started=True, variations=variations or job.wishes.variations)
        return await self._make(job, what, trigger, preset or job.preset, tuple(inputs), job.prompt, wishes)

    async def chain(
        self,
        job_id: str,
        user: str,
        number: int,
        preset: str,
        trigger: Trigger,
        *,
        prompt: str = "",
        more: Sequence[InputImage] = (),
    ) -> str:
        """Work on result `number` of a job, before `more` pictures if there are any. Returns the new job's id.

        Raises:
            NoSuchResultError: the job has no such result, or it is no picture.
            NoSuchPresetError: this preset is not on offer (any more).
        """
        if preset and preset not in self._presets:
            raise NoSuchPresetError(preset)
        job = await self._jobs.job(job_id, user)
        file = result_of(job, number)
        if file.is_text:
            raise NoSuchResultError(job_id, number)
        first = InputImage(
            file_id=file.file_id,
            size=file.size,
            key=file.key,
            content_type=file.content_type,
            width=file.width,
            height=file.height,
        )
        inputs = (await self._at_hand(first), *more)
        return await self._make(job, f"chain/{number}/{preset}", trigger, preset, inputs, prompt, Wishes())

    async def shown_in(self, user: str, chat_id: int, message_id: int) -> tuple[Job, int] | None:
        """The finished job whose picture this message shows, and the result's number; None for any other message."""
        before = ""
        for _ in range(_LOOK_BACK // _PAGE):
            page = await self._repository.history(user, limit=_PAGE, before=before)
            for key, entry in page:
                before = key
                if message_id in entry.message_ids:
                    with suppress(NoSuchJobError):  # its record has expired, or was deleted
                        job = await self._jobs.job(entry.job_id, user)
                        number = _picture_in(job, message_id)
                        if number and job.origin.speaks_in == chat_id:
                            return job, number
            if len(page) < _PAGE:
                break
        return None

    @asynccontextmanager
    async def opened(self, job: Job, keys: Iterable[str]) -> AsyncIterator[Mapping[str, BinaryIO]]:
        """The bytes of these objects of a job, as files, by key; what is gone from the storage is left out."""
        artifacts = Artifacts(self._store)
        wanted = tuple(keys)
        try:
            await artifacts.fetch(job.id, wanted)
            held = {key: artifacts.held(job.id, key) for key in wanted}
            yield {key: content for key, content in held.items() if content}
        finally:
            artifacts.drop(job.id)

    async def _make(
        self,
        job: Job,
        what: str,
        trigger: Trigger,
        preset: str,
        inputs: tuple[InputImage, ...],
        prompt: str,
        wishes: Wishes,
    ) -> str:
        job_id = remade_id(job, what, trigger)
        origin = _origin(job.origin, trigger)
        await self._jobs.submit(Submission(job_id, origin, preset, inputs, prompt=prompt, wishes=wishes, chosen=True))
        return job_id

    async def _at_hand(self, image: InputImage) -> InputImage:
        """The picture as we stored it; as Telegram, or whoever had it, has it where ours has expired."""
        if image.key is None:
            return image
        kept = [row.key async for row in self._store.list(image.key, limit=1)]
        if image.key in kept:
            return replace(image, link=None)  # links do not live long
        return replace(image, key=None, content_type=None, width=None, height=None, link=None)


def remade_id(job: Job, what: str, trigger: Trigger) -> str:
    """The id of the job that follows from this one; the same for the same trigger."""
    return job_id_of(job.id, what, trigger.ident)


def _origin(before: Origin, trigger: Trigger) -> Origin:
    """Where the answer goes: numbers of messages and topics mean nothing in another chat, nor does where that moved."""
    asked = replace(
        before,
        locale=trigger.locale,
        update_id=trigger.update_id,
        delivery=trigger.delivery or before.delivery,
        message_id=trigger.message_id or before.message_id,
    )
    if trigger.chat_id is None:
        return asked
    asked = replace(asked, chat_id=trigger.chat_id, thread_id=trigger.thread_id)
    return asked if trigger.chat_id == before.chat_id else replace(asked, message_id=trigger.message_id, moved_to=None)


def result_of(job: Job, number: int) -> JobFile:
    """Result `number` of a job, from 1.

    Raises:
        NoSuchResultError: there is none.
    """
    if not 1 <= number <= len(job.files):
        raise NoSuchResultError(job.id, number)
    return job.files[number - 1]


def _picture_in(job: Job, message_id: int) -> int | None:
    """The number of the picture that this message shows, if it shows one."""
    shown = (n for n, file in enumerate(job.files, 1) if file.message_id == message_id and not file.is_text)
    return next(shown, None)
