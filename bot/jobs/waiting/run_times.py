"""How long models usually take: the latest runs of each preset, kept in memory and, now and then, in one record.

They are told to people who wait, and nothing depends on them: a process that cannot read them begins with what the
presets say, and of several processes the one that wrote last is remembered.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.jobs.ports.clock import Clock
from replicate_gateway.presets import Preset
from storage import object_keys
from storage.errors import ObjectNotFoundError, ObjectTooLargeError, RecordCorruptError, StorageError
from storage.objects import ObjectStore
from storage.run_times import MAX_BYTES, RunTimesRecord, dump_run_times, load_run_times

_KEPT_RUNS = 20
# A model that has not run here yet: as if it had run thrice, so that its first real runs count from the start.
_SEEDS = (0.75, 1.0, 2.0)
_UNKNOWN_TYPICAL_S = 20.0
_QUICK_RUN_S = 1.0  # of the two seconds that a job may take before there is a message, half is for all around it
_SAVE_EVERY = timedelta(minutes=5)
_LOAD_AGAIN = timedelta(minutes=1)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Usual:
    """Half of the runs are over after `median_s`, nine of ten after `p90_s`."""

    median_s: float
    p90_s: float


class RunTimes:
    """One read per process, one write in five minutes at most."""

    def __init__(self, store: ObjectStore, presets: Mapping[str, Preset], clock: Clock) -> None:
        self._store, self._presets, self._clock = store, presets, clock
        self._runs: dict[str, deque[float]] = {}
        self._load_at: datetime | None = clock.now()  # None: it was loaded
        self._saved_at: datetime | None = None

    def usual(self, preset: str) -> Usual:
        """How long this preset's runs take."""
        runs = sorted(self._of(preset))
        return Usual(runs[math.ceil(len(runs) * 0.5) - 1], runs[math.ceil(len(runs) * 0.9) - 1])

    def over_at_once(self, preset: str) -> bool:
        """Whether its runs are usually over before anybody would read that they have begun."""
        return self.usual(preset).p90_s <= _QUICK_RUN_S

    async def load(self) -> None:
        """Read the record, once. A storage that is down is asked again later; nobody waits for it."""
        now = self._clock.now()
        if self._load_at is None or now < self._load_at:
            return
        self._load_at = now + _LOAD_AGAIN
        try:
            found = await self._store.get(object_keys.RUN_TIMES, max_bytes=MAX_BYTES)
            self._adopt(load_run_times(found.body))
        except ObjectNotFoundError:
            pass  # the first process of all
        except (RecordCorruptError, ObjectTooLargeError) as error:
            _log.warning("run_times_not_loaded", error=str(error))  # the next write mends it
        except StorageError as error:
            _log.warning("run_times_not_loaded", error=str(error))
            return
        self._load_at = None

    async def note(self, preset: str, seconds: float) -> None:
        """A run of this preset took so long; writes the record when it is time."""
        self._of(preset).append(seconds)
        now = self._clock.now()
        if self._load_at is not None or (self._saved_at and now - self._saved_at < _SAVE_EVERY):
            return  # what was not read must not be overwritten
        self._saved_at = now
        record = RunTimesRecord({name: tuple(runs) for name, runs in self._runs.items() if name in self._presets})
        try:
            await self._store.put(object_keys.RUN_TIMES, dump_run_times(record), content_type="application/json")
        except StorageError as error:
            _log.warning("run_times_not_saved", error=str(error))

    def _of(self, preset: str) -> deque[float]:
        if preset not in self._runs:
            # A preset that is offered no more may still have jobs on their way.
            typical_s = self._presets[preset].typical_s if preset in self._presets else _UNKNOWN_TYPICAL_S
            self._runs[preset] = deque((typical_s * seed for seed in _SEEDS), maxlen=_KEPT_RUNS)
        return self._runs[preset]

    def _adopt(self, record: RunTimesRecord) -> None:
        for name, seconds in record.seconds.items():
            if name in self._presets:  # else it is of a preset that is offered no more
                known = self._runs.get(name, ())
                self._runs[name] = deque((*seconds, *list(known)[len(_SEEDS) :]), maxlen=_KEPT_RUNS)
