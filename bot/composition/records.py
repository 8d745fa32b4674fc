"""Everything that is remembered, over one store, by one process or several."""

import math
from dataclasses import dataclass

from bot.jobs.limits.pause import Pause
from bot.work_queue.engine import Engine
from storage.objects import Capabilities, ObjectStore
from storage.people import People
from storage.reminders import Reminders
from storage.repository import JobRepository, Watch
from storage.spent import SpentQuotas

# How long a person is believed to be as last seen, where other processes may have changed them.
_PEOPLE_FRESH_S = 60.0
# A job that ends is told about long before its markers go; at fifty a second these are two or three in one request.
_GATHER_DELETES_S = 0.05


@dataclass(frozen=True, slots=True)
class Records:
    """Jobs, people, the admins' switch, and who wants to be reminded."""

    jobs: JobRepository
    people: People
    pause: Pause
    reminders: Reminders
    spent: SpentQuotas


def open_records(
    store: ObjectStore, capabilities: Capabilities, engine: Engine, watch: Watch, spent_key: bytes
) -> Records:
    """Where the store does not honour conditions, the locks that all processes share order all changes."""
    conditional, single_process = capabilities.conditional_writes, engine.shared.single_process
    locks = None if conditional else engine.locks
    return Records(
        jobs=JobRepository(
            store,
            conditional_writes=conditional,
            single_process=single_process,
            locks=locks,
            gather_deletes_s=_GATHER_DELETES_S,
            watch=watch,
        ),
        people=People(
            store,
            conditional_writes=conditional,
            locks=locks,
            fresh_for_s=math.inf if single_process else _PEOPLE_FRESH_S,
        ),
        pause=Pause(store, conditional_writes=conditional, locks=locks, single_process=single_process),
        reminders=Reminders(store),
        spent=SpentQuotas(
            store,
            spent_key,
            conditional_writes=conditional,
            locks=locks,
            fresh_for_s=math.inf if single_process else _PEOPLE_FRESH_S,
        ),
    )
