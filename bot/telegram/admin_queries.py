"""What admins can see and do beside everybody's commands."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.jobs.errors import EngineUnavailableError
from bot.jobs.limits.pause import Pause
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.queue import QueueDepth
from bot.jobs.tally import Figures, Tally
from bot.version import VERSION
from storage.job import Job
from storage.repository import JobRepository


@dataclass(frozen=True, slots=True)
class Health:
    """How the process is doing."""

    version: str
    mode: str
    up: timedelta
    open_jobs: int
    paused: bool
    depth: QueueDepth | None  # None: the queue cannot be asked
    figures: Figures
    counted: timedelta  # what the figures are of
    parties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AdminQueries:
    """Looks things up for admins; all methods raise `StorageError`."""

    repository: JobRepository
    tally: Tally
    pause: Pause
    readiness: Callable[[], Awaitable[Mapping[str, str]]]
    depth: Callable[[], Awaitable[QueueDepth]]
    mode: str
    zone: tzinfo
    clock: Clock

    def counted(self, span: timedelta) -> timedelta:
        """How much of the last so long this process has counted."""
        return min(span, self.clock.now() - self.tally.since)

    async def health(self) -> Health:
        """One listing of the open jobs, and a cheap question to each party that has one."""
        counted = self.counted(timedelta(days=1))
        return Health(
            version=VERSION,
            mode=self.mode,
            up=self.clock.now() - self.tally.since,
            open_jobs=len([marker async for marker in self.repository.open_jobs()]),
            paused=await self.pause.active(),
            depth=await self._depth(),
            figures=self.tally.last(counted),
            counted=counted,
            parties=await self.readiness(),
        )

    async def jobs_with_code(self, code: str) -> list[Job]:
        """The jobs whose code, or more of their id, this is."""
        return await self.repository.with_code(code)

    async def _depth(self) -> QueueDepth | None:
        try:
            return await self.depth()
        except EngineUnavailableError:
            return None  # the parties say so

    def local(self, at: datetime) -> datetime:
        """A moment in the configured time zone."""
        return at.astimezone(self.zone)
