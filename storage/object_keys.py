"""The storage layout: every key is built and parsed here and nowhere else.

images/input/{uuid}.{ext}      what a person sent          images/output/{job_id}/{n}.{ext}   results
jobs/{job_id}.json             every job                   open/{job_id}                      not finished
tasks/{prediction_id}.json     prediction -> job           history/{user}/{time}-{job_id}     newest first
listed/{user}/{time}-{job_id}  an API key's jobs, all      reports/{job_id}/report.{ext}      reports
users/{user}.json              choices, limits             images/output/{job_id}/{n}.txt     results in words
drafts/{user}/{chat}/{job_id}  waits for its person        ended/{user}/{job_id}              without a result
poison/{kind}/{id}.json        what nobody foresaw         .probe/...                         start-up probe
stats/run_times.json           how long models take        control/pause.json                 whether new jobs wait
reminders/{user}/{time}.json   whom to tell when            spent/{digest}.json                a day, deleted
"""

import math
import re
import uuid
from dataclasses import dataclass
from datetime import datetime

IMAGES = "images/"
JOBS = "jobs/"
OPEN = "open/"
DRAFTS = "drafts/"
REPORTS = "reports/"
TASKS = "tasks/"
USERS = "users/"
POISON = "poison/"
HISTORY = "history/"
REMINDERS = "reminders/"
SPENT = "spent/"
PROBE = ".probe/"
RUN_TIMES = "stats/run_times.json"
PAUSE = "control/pause.json"

# Our own namespace for UUIDv5; it must never change, or redelivered updates would make second jobs.
_NAMESPACE = uuid.UUID("5f2c9f0e-6d0b-5f0a-9a3e-3b1d6f6f7c11")
_LAST_MS = 9_999_999_999_999  # 2286-11-20: thirteen digits keep the order of keys and of time the same
_PREDICTION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_JOB_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The last part of a key in a user's list; it names a place in that list, and nothing outside of it.
CURSOR_PATTERN = rf"[0-9]{{13}}-{_JOB_ID.pattern}"
_CURSOR = re.compile(CURSOR_PATTERN)
_DRAFT = re.compile(rf"{DRAFTS}([^/]+)/(-?[0-9]{{1,19}})/([0-9a-f-]+)")
_EXTENSION = re.compile(r"[a-z0-9]{1,5}")


def job_id_of(*identity: int | str) -> str:
    """The job id for what a door received: the same delivery always gives the same id."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, identity))))


def is_job_id(text: str) -> bool:
    """Whether the text has the form of a job id; checked before any foreign text becomes a key."""
    return _JOB_ID.fullmatch(text) is not None


def is_prediction_id(text: str) -> bool:
    """Whether the text may stand for a prediction in a key."""
    return _PREDICTION_ID.fullmatch(text) is not None


def job(job_id: str) -> str:
    """The job's record."""
    return f"{JOBS}{job_id}.json"


def open_marker(job_id: str) -> str:
    """The marker of a job that is not finished."""
    return f"{OPEN}{job_id}"


def jobs_with_code(code: str) -> str:
    """What the records of the jobs with this code begin with."""
    return f"{JOBS}{code}"


def job_id_of_record(key: str) -> str | None:
    """The job that a record's key names, or None for a foreign object."""
    name = key.removeprefix(JOBS).removesuffix(".json")
    return name if is_job_id(name) else None


def job_id_of_marker(key: str) -> str | None:
    """The job that an open marker names, or None for a foreign object."""
    name = key.removeprefix(OPEN)
    return name if is_job_id(name) else None


@dataclass(frozen=True, slots=True)
class DraftOf:
    """Whose drafts: a person in a chat."""

    user: str
    chat_id: int


def draft_marker(whose: DraftOf, job_id: str) -> str:
    """The marker of a job that began as a draft; it goes with the open marker."""
    return f"{drafts_prefix(whose)}{job_id}"


def drafts_prefix(whose: DraftOf) -> str:
    """What the markers of all of a person's drafts in a chat begin with."""
    return f"{DRAFTS}{whose.user}/{whose.chat_id}/"


def draft_of_marker(key: str) -> tuple[DraftOf, str] | None:
    """Whose draft a marker is, and its job; None for a foreign object."""
    found = _DRAFT.fullmatch(key)
    return (DraftOf(found[1], int(found[2])), found[3]) if found and is_job_id(found[3]) else None


def task(prediction_id: str) -> str:
    """The record that leads from a prediction to its job."""
    if not is_prediction_id(prediction_id):
        raise ValueError("not a prediction id")
    return f"{TASKS}{prediction_id}.json"


def input_image(job_id: str, index: int, extension: str, *, digest: str = "") -> str:
    """Where input `index` is kept: the same key on every attempt, so that a repeated fetch leaves no litter.

    An upload has the `digest` of what was sent in its key: another picture never takes the place of a recorded one.
    """
    return f"{input_prefix(job_id, index, digest=digest)}{_checked(extension)}"


def input_prefix(job_id: str, index: int, *, digest: str = "") -> str:
    """What the key of input `index` begins with, whatever picture it turns out to be."""
    name = "/".join([job_id, "input", str(index), *([digest] if digest else [])])
    return f"{IMAGES}input/{uuid.uuid5(_NAMESPACE, name)}."


def output_image(job_id: str, number: int, extension: str) -> str:
    """Where result `number` (in display order, from 1) is kept."""
    return f"{IMAGES}output/{job_id}/{number}.{_checked(extension)}"


def outputs_prefix(job_id: str) -> str:
    """What all results of a job begin with."""
    return f"{IMAGES}output/{job_id}/"


def output_preview(job_id: str, number: int) -> str:
    """Where a small JPEG of result `number` is kept."""
    return f"{IMAGES}output/{job_id}/{number}.preview.jpg"


def report(job_id: str, extension: str) -> str:
    """Where the page about a job is kept."""
    return f"{REPORTS}{job_id}/report.{_checked(extension)}"


def reports_prefix(job_id: str) -> str:
    """What everything about a job's report begins with."""
    return f"{REPORTS}{job_id}/"


def history(user: str, at: datetime, job_id: str, results: int = 1) -> str:
    """An entry of a person's history; ascending keys are descending times. More results than one are told by it."""
    several = f".{results}" if results > 1 else ""
    return f"{history_prefix(user)}{_newest_first(at, job_id)}{several}"


def ended_marker(user: str, job_id: str) -> str:
    """Marks a job of a person's that ended without a result, and so has no place in the history."""
    return f"{ended_prefix(user)}{job_id}"


def ended_prefix(user: str) -> str:
    """What the markers of all of a person's jobs without a result begin with."""
    return f"ended/{user}/"


def job_id_in(key: str) -> str | None:
    """The job that a key of the history, or an ended marker, names; None for a foreign object."""
    found = _JOB_ID.search(key.rsplit("/", 1)[-1])
    return found[0] if found else None


def history_prefix(user: str) -> str:
    """What all of a person's history entries begin with."""
    return f"{HISTORY}{user}/"


def history_time(key: str) -> float:
    """Seconds since the epoch at which the job of this history key was done."""
    return (_LAST_MS - int(key.rsplit("/", 1)[1][:13])) / 1000


def history_results(key: str) -> int:
    """How many results the job of this history key gave."""
    _, _, several = key.rsplit("/", 1)[1].partition(".")
    return int(several) if several.isdecimal() else 1


def listed(user: str, at: datetime, job_id: str) -> str:
    """An entry in the list of all jobs of an API key; ascending keys are descending times."""
    return f"{listed_prefix(user)}{_newest_first(at, job_id)}"


def listed_prefix(user: str) -> str:
    """What all entries in the list of an API key's jobs begin with."""
    return f"listed/{user}/"


def is_cursor(text: str) -> bool:
    """Whether the text has the form of the last part of a key in such a list."""
    return _CURSOR.fullmatch(text) is not None


def job_id_of_cursor(text: str) -> str | None:
    """The job that the last part of a key in such a list is about; None for a foreign object."""
    return text.partition("-")[2] if is_cursor(text) else None


def person(user: str) -> str:
    """What is remembered of a person."""
    return f"{USERS}{user}.json"


def spent(digest: str) -> str:
    """What somebody had used of their day, whoever it was."""
    return f"{SPENT}{digest}.json"


def reminder(user: str, due_at: datetime) -> str:
    """What a person wants to be reminded of, and when."""
    return f"{reminders_prefix(user)}{int(due_at.timestamp() * 1000):013d}.json"


def reminders_prefix(user: str) -> str:
    """What all of a person's reminders begin with."""
    return f"{REMINDERS}{user}/"


def reminder_time(key: str) -> float:
    """Seconds since the epoch at which the reminder of this key is due; never, for a foreign object."""
    name = key.rsplit("/", 1)[-1].removesuffix(".json")
    return int(name) / 1000 if name.isdecimal() else math.inf


def poison(kind: str, ident: str) -> str:
    """Where something that could not be handled is kept for the admin."""
    return f"{POISON}{kind}/{ident}.json"


def _newest_first(at: datetime, job_id: str) -> str:
    return f"{_LAST_MS - int(at.timestamp() * 1000):013d}-{job_id}"


def _checked(extension: str) -> str:
    if not _EXTENSION.fullmatch(extension):
        raise ValueError("not a file extension")
    return extension
