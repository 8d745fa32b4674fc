"""`Notifier` by where a job came from: a job of the API has no chat, and its record is all the news there is.

So the steps know one way for every job. What they claim and confirm for a job without a chat costs two writes and
keeps its record the same as any other's, but that nothing counts as handed over: results are not read for nobody.
"""

from collections.abc import Sequence
from typing import BinaryIO

from bot.jobs.ports.chat import Artifact, Notifier, Sent
from bot.jobs.status import Status
from storage.job import Job

# Telegram counts messages from 1, so this one can never be mistaken for a message.
_NO_MESSAGE = 0


class NotifyOrigin(Notifier):
    """`chat` speaks for jobs that came from one; for others there is nobody to message, and every call succeeds."""

    def __init__(self, chat: Notifier) -> None:
        self._chat = chat

    async def announce(self, job: Job, status: Status) -> int:
        """See `Notifier.announce`."""
        return _NO_MESSAGE if job.origin.chat_id is None else await self._chat.announce(job, status)

    async def show_status(self, job: Job, status: Status, picture: bytes | None = None) -> bool:
        """See `Notifier.show_status`. Where there is no message none needs to be kept up to date."""
        return job.origin.chat_id is not None and await self._chat.show_status(job, status, picture)

    async def send_outcome(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        """See `Notifier.send_outcome`."""
        return () if job.origin.chat_id is None else await self._chat.send_outcome(job, results)

    async def send_more(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        """See `Notifier.send_more`."""
        return () if job.origin.chat_id is None else await self._chat.send_more(job, results)

    async def edit_into_outcome(self, job: Job, results: Sequence[Artifact]) -> Sequence[Sent]:
        """See `Notifier.edit_into_outcome`."""
        return () if job.origin.chat_id is None else await self._chat.edit_into_outcome(job, results)

    async def edit_into_report(self, job: Job, report: BinaryIO) -> int:
        """See `Notifier.edit_into_report`."""
        return _NO_MESSAGE if job.origin.chat_id is None else await self._chat.edit_into_report(job, report)

    async def retract_status(self, job: Job) -> None:
        """See `Notifier.retract_status`."""
        if job.origin.chat_id is not None:
            await self._chat.retract_status(job)

    async def alert(self, code: str, text: str) -> None:
        """The admins are in a chat in any case."""
        await self._chat.alert(code, text)
