"""Which result a message of ours shows: told by its buttons, else looked for in the person's history."""

from aiogram.types import Message

from bot.jobs.errors import NoSuchJobError
from bot.jobs.results.result_service import ResultService
from bot.jobs.service import JobService
from bot.telegram.button_data import JobButton, number_in
from storage.job import Job


class ShownResults:
    """Raises `StorageError`."""

    def __init__(self, jobs: JobService, results: ResultService, bot_id: int) -> None:
        self._jobs, self._results, self._bot_id = jobs, results, bot_id

    async def replied_to(self, message: Message, user: str) -> tuple[Job, int] | None:
        """The person's own result that their message replies to, with its number; None for any other message."""
        replied = message.reply_to_message
        if replied is None or replied.from_user is None or replied.from_user.id != self._bot_id:
            return None
        named = _named_by_buttons(replied)
        try:
            if named is None:
                return await self._results.shown_in(user, message.chat.id, replied.message_id)
            job = await self._jobs.job(named.job_id, user)
        except NoSuchJobError:
            return None
        number = number_in(named.arg)
        return (job, number) if 1 <= number <= len(job.files) and not job.files[number - 1].is_text else None


def _named_by_buttons(message: Message) -> JobButton | None:
    """What every result's buttons have in common is that it can be compared."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    for one in (one for row in rows for one in row):
        try:
            data = JobButton.unpack(one.callback_data or "")
        except (TypeError, ValueError):
            continue
        if data.action == "compare":
            return data
    return None
