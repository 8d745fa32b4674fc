"""Wishes that become jobs, whichever way they came: a photo, a reply to one, the sample."""

from collections.abc import Mapping
from dataclasses import replace

import structlog
from aiogram.types import CallbackQuery, Message

from bot.jobs.errors import NoSuchJobError
from bot.jobs.results.result_service import ResultService, Trigger
from bot.jobs.service import JobService
from bot.jobs.submission import Album, Submission
from bot.telegram.captions import wish_of
from bot.telegram.double_taps import DoubleTaps
from bot.telegram.identity import album_id_for, author_key, job_id_for, origin_of, plain, thread_of, update_id, user_key
from bot.telegram.pictures import unique_name
from bot.telegram.replies import Replies
from bot.telegram.rules import ChatRules
from bot.telegram.sample import SAMPLE_FILE_ID
from replicate_gateway.presets import Preset
from storage.errors import StorageError
from storage.job import InputImage, Job
from storage.object_keys import job_id_of
from storage.people import People
from storage.person import Person
from storage.wishes import Question, Wishes

# The preset of a job whose person wants to be asked.
_TO_BE_ASKED = ""
_SEEN = "👀"

_log = structlog.get_logger()


class Submissions:
    """Records the job; all methods raise `StorageError` when that cannot be done now."""

    def __init__(
        self,
        jobs: JobService,
        results: ResultService,
        people: People,
        presets: Mapping[str, Preset],
        rules: ChatRules,
        replies: Replies,
        double_taps: DoubleTaps,
    ) -> None:
        self._jobs, self._results, self._people, self._presets = jobs, results, people, presets
        self._rules, self._replies, self._double_taps = rules, replies, double_taps

    async def of_message(self, message: Message, image: InputImage, words: str, person: Person, locale: str) -> None:
        """A picture, sent with `message` or replied to by it, and what its words ask for."""
        wish, job_id = wish_of(plain(words), self._presets), job_id_for(message, self._rules)
        user, group, picture = author_key(message), message.media_group_id, unique_name(message)
        preset = wish.preset or self.preset_of(person)
        if picture and not group:
            # What was chosen in the settings meanwhile is a part of the wish.
            settings = (preset, person.ask_first, person.variations, person.delivery)
            taken = (user, message.chat.id, picture, wish, settings)
            before = await self._double_taps.before(job_id, *taken)
            if before and await self._under_way(before, user):
                return self._replies.react(message, _SEEN)
            await self._double_taps.note(job_id, *taken)
        submission = Submission(
            job_id,
            origin_of(message, user, locale, person),
            preset if wish.preset or not person.ask_first else _TO_BE_ASKED,
            (replace(image, message_id=message.message_id),),
            prompt=wish.prompt,
            wishes=Wishes(variations=person.variations, ask=(Question.ALBUM,) if group else ()),
            chosen=wish.preset is not None,
            album=Album(album_id_for(message, self._rules), group) if group else None,
        )
        await self._submit(submission, person)
        return self._replies.react(message, _SEEN)  # after the record, which the update's answer waits for

    async def on_result(
        self, message: Message, shown: tuple[Job, int], more: InputImage | None, words: str, person: Person, locale: str
    ) -> None:
        """A wish in reply to a result of the person's own: it goes on from that, perhaps with one `more` picture."""
        self._replies.react(message, _SEEN)
        wish = wish_of(plain(words), self._presets)
        (job, number), user = shown, author_key(message)
        ident = f"{message.chat.id}/{message.message_id}"
        place = message.chat.id, thread_of(message), message.message_id
        trigger = Trigger(ident, locale, update_id(), *place, delivery=person.delivery)
        extra = (replace(more, message_id=message.message_id),) if more else ()
        preset = wish.preset or self._that_takes_words(person, wish.prompt)
        await self._results.chain(job.id, user, number, preset, trigger, prompt=wish.prompt, more=extra)
        self.remember(user, preset, person)

    async def of_sample(self, query: CallbackQuery, message: Message, person: Person, locale: str) -> None:
        """Our own picture; it stands in the message whose button was pressed. Each press is a job."""
        press = await self._double_taps.first_press(query)
        job_id = job_id_of("telegram", self._rules.bot_id, "press", press)
        origin = origin_of(message, user_key(query.from_user), locale, person)
        image = InputImage(SAMPLE_FILE_ID, message_id=message.message_id)
        await self._submit(Submission(job_id, origin, self._rules.preset, (image,), chosen=True), person)

    def preset_of(self, person: Person) -> str:
        """What a photo without words is for: what the person has chosen, else the house's own."""
        return person.preset if person.preset and person.preset in self._presets else self._rules.preset

    def _that_takes_words(self, person: Person, prompt: str) -> str:
        """The person's usual tool if it has a use for these words; else they are asked which one."""
        preset = self.preset_of(person)
        return preset if prompt and self._presets[preset].prompt_field else _TO_BE_ASKED

    async def _under_way(self, job_id: str, user: str) -> bool:
        """Whether this job is still going to bring what was wished for."""
        try:
            job = await self._jobs.job(job_id, user)
        except NoSuchJobError:  # it was refused
            return False
        return not (job.status.terminal or job.cancel_requested)

    async def _submit(self, submission: Submission, person: Person) -> None:
        await self._jobs.submit(submission)
        if submission.chosen:  # what a photo without words is for needs no remembering
            self.remember(submission.origin.user, submission.preset, person)

    def remember(self, user: str, preset: str, person: Person) -> None:
        """Note what was used last; written later, and only if that is news."""
        if preset and person.having_used(preset) != person:
            self._replies.later(self._remember(user, preset), name="remember preset")

    async def _remember(self, user: str, preset: str) -> None:
        """Nothing depends on it."""
        try:
            await self._people.change(user, lambda person: person.having_used(preset))
        except StorageError as error:
            _log.info("preset_not_remembered", error=str(error))
