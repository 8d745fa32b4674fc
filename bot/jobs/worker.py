"""What the queue calls: advance one job, and see to it that it is advanced again when the time has come."""

from datetime import timedelta
from random import Random
from time import perf_counter

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from bot.jobs.advance import Advancer, delay_until
from bot.jobs.errors import EngineUnavailableError, NoSuchJobError
from bot.jobs.guards.circuit import Circuit, CircuitOpenError
from bot.jobs.memory import Memory
from bot.jobs.ports.chat import Notifier
from bot.jobs.ports.clock import Clock
from bot.jobs.ports.queue import JobQueue
from replicate_gateway.retry import backoff_s
from storage.errors import RecordCorruptError, RecordTooNewError, StorageError, StorageUnavailableError
from storage.recent import KeyedLocks
from storage.repository import JobRepository

# A job whose record cannot be read or written comes back after this, and ever later while that stays so.
STORAGE_RETRY_S, STORAGE_RETRY_CAP_S = 1.0, 60.0
ENGINE_RETRY_S = 2.0
# While the storage is down jobs come back spread over this time, so that they do not come all at once.
STORAGE_SPREAD_S = 10.0
# An error in our own code around the steps: slow enough not to fill the log, soon enough to recover after a fix.
CRASH_RETRY_S = 60.0

_log = structlog.get_logger()


class Worker:
    """Never raises: a nudge that failed is repeated, since the job's marker stays open."""

    def __init__(
        self,
        advancer: Advancer,
        repository: JobRepository,
        queue: JobQueue,
        notifier: Notifier,
        storage_circuit: Circuit,
        clock: Clock,
        random: Random,
        keep: timedelta,
    ) -> None:
        self._advancer, self._repository, self._queue = advancer, repository, queue
        self._notifier, self._clock = notifier, clock
        self._circuit, self._random = storage_circuit, random
        self._at_work = KeyedLocks()
        self._failures: Memory[str, int] = Memory(clock, keep)  # in a row, of the jobs that wait for the storage now

    async def __call__(self, job_id: str) -> None:
        """Advance it once. Who hands jobs out may have forgotten that it did: an engine that was restarted, say."""
        async with self._at_work.hold(job_id):
            await self._once(job_id)

    async def _once(self, job_id: str) -> None:
        started = perf_counter()
        # The task inherits the context of whoever nudged, which may be another job's.
        clear_contextvars()
        bind_contextvars(job_id=job_id)
        delay_s = await self._advance(job_id)
        _log.debug("job_advanced", ms=round((perf_counter() - started) * 1000, 1), next_s=delay_s)
        if delay_s is not None:
            await self._queue.enqueue(job_id, max(delay_s, 0.001))

    async def set_aside(self, job_id: str) -> None:
        """Nothing but an admin helps a job over which processes die."""
        clear_contextvars()
        _log.error("job_set_aside", job_id=job_id)
        await self._notifier.alert("job_set_aside", f"job {job_id} was set aside: each process that advanced it died")

    async def _advance(self, job_id: str) -> float | None:
        try:
            self._circuit.check()
            wake_at = await self._advancer.advance(job_id)
            self._failures.pop(job_id)
        except CircuitOpenError as error:
            return error.retry_after_s + self._spread_s()
        except EngineUnavailableError:
            _log.info("job_waits_for_engine")
            return ENGINE_RETRY_S
        except NoSuchJobError:
            # Its marker was seen before its record; if the record never comes, the sweep removes the marker.
            _log.warning("job_missing")
            self._failures.pop(job_id)
            await self._advancer.forget(job_id)
            return None
        except RecordTooNewError as error:
            _log.error("record_too_new", error=str(error))
            return CRASH_RETRY_S
        except RecordCorruptError as error:
            return await self._bury(job_id, error)
        except StorageError as error:
            return self._retry_after(job_id, error)
        except Exception:  # noqa: BLE001 - a fault of ours must not end the process
            _log.exception("advance_crashed")
            await self._tell_admins(job_id)
            return CRASH_RETRY_S
        return delay_until(wake_at, self._clock.now()) if wake_at else None

    async def _tell_admins(self, job_id: str) -> None:
        """Nobody else hears of a job that comes back every minute and never gets on."""
        try:
            await self._notifier.alert("advance_crashed", f"job {job_id} does not get on, by a mistake of ours")
        except Exception:  # noqa: BLE001 - it may have been this very call that crashed
            _log.exception("admins_not_told")

    def _retry_after(self, job_id: str, error: StorageError) -> float:
        failures = self._failures.put(job_id, (self._failures.get(job_id) or 0) + 1)
        wait_s = backoff_s(failures, base_s=STORAGE_RETRY_S, cap_s=STORAGE_RETRY_CAP_S, random=self._random.random)
        wished_s = error.retry_after_s if isinstance(error, StorageUnavailableError) else None
        _log.info("job_waits_for_storage", error=str(error))
        return max(wait_s + self._spread_s(), wished_s or 0.0)

    def _spread_s(self) -> float:
        return self._random.random() * STORAGE_SPREAD_S if self._circuit.state != "ok" else 0.0

    async def _bury(self, job_id: str, error: RecordCorruptError) -> float | None:
        """A record that nobody can read must not come back on every sweep."""
        _log.error("record_corrupt", error=str(error))
        try:
            key = await self._repository.keep_poison("records", job_id, {"error": str(error)})
            await self._repository.close(job_id, ())
            await self._advancer.forget(job_id)
        except StorageError as outage:
            return self._retry_after(job_id, outage)
        self._failures.pop(job_id)
        await self._notifier.alert("record_corrupt", f"the record of job {job_id} cannot be read: see {key}")
        return None
