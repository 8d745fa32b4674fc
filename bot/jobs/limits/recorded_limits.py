"""`bot.jobs.ports.people.People` from the records: what admins have laid down for a person, and for everybody."""

from bot.jobs.limits.pause import Pause
from bot.jobs.ports.people import PersonLimits
from storage.people import People


class RecordedLimits:
    """Both records are known to the process, so this asks the storage seldom."""

    def __init__(self, people: People, pause: Pause) -> None:
        self._people, self._pause = people, pause

    async def limits_for(self, user: str) -> PersonLimits:
        """See `bot.jobs.ports.people.People`."""
        person = await self._people.load(user)
        return PersonLimits(daily=person.daily_jobs, paused=await self._pause.active())
