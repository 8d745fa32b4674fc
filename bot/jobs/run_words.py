"""What Replicate says of a run that has ended: as much as its job's record keeps, and the log's line about a failure.

Replicate deletes its own copy within the hour. The words are for admins: error texts and logs may quote what the
person wrote, so no chat but an admin's reads them, and the log's line is without the person's words.
"""

import re
from collections.abc import Sequence

import structlog

from bot.redaction import REDACTED, Redactor
from storage.event import Event
from storage.job import Job
from storage.slot_events import PredictionDiscarded, PredictionEnded

MAX_ERROR_CHARS = 500  # from its beginning: there stands what went wrong
MAX_LOGS_CHARS = 2000  # up to their end: there stands how far it got
# So many words of the person's in a row are a quotation; fewer are anybody's.
_QUOTED_WORDS = 3
_AROUND_WORDS = re.compile(r"^\W+|\W+$")

_without_secrets = Redactor()
_log = structlog.get_logger()


def kept_error(error: str | None) -> str | None:
    """The beginning of a run's error text, without secrets; None for none."""
    return _kept(error)[:MAX_ERROR_CHARS] or None if error else None


def kept_logs(logs: str) -> str | None:
    """The end of what a model logged, without secrets; None for nothing."""
    return _kept(logs)[-MAX_LOGS_CHARS:] or None


def note_failures(job: Job, news: Sequence[Event]) -> None:
    """A line for each run that failed according to this news of the job, if anybody still waits for it."""
    if job.outcome or job.cancel_requested:
        return
    for event in news:
        if isinstance(event, PredictionEnded | PredictionDiscarded) and event.failure:
            _log.warning(
                "prediction_failed",
                prediction_id=event.prediction_id,
                preset=job.preset,
                code=event.failure,
                error=without_words(event.error, job.prompt) if event.error else None,
                **({"part": event.slot} if len(job.slots) > 1 else {}),
            )


def without_words(text: str, words: str) -> str:
    """The text with the person's words taken out, as a whole and where three and more in a row are quoted."""
    whole = words.strip()
    if whole:
        text = re.sub(rf"(?<!\w){re.escape(whole)}(?!\w)", REDACTED, text, flags=re.IGNORECASE)
    said = [_AROUND_WORDS.sub("", word).casefold() for word in whole.split()]
    runs = {tuple(said[at : at + _QUOTED_WORDS]) for at in range(len(said) - _QUOTED_WORDS + 1)}
    found = list(re.finditer(r"\S+", text))
    spoken = [_AROUND_WORDS.sub("", match[0]).casefold() for match in found]
    quoted = {
        number
        for at in range(len(spoken) - _QUOTED_WORDS + 1)
        if tuple(spoken[at : at + _QUOTED_WORDS]) in runs
        for number in range(at, at + _QUOTED_WORDS)
    }
    for number in sorted(quoted, reverse=True):
        if number - 1 in quoted:
            text = text[: found[number - 1].end()] + text[found[number].end() :]
        else:
            text = text[: found[number].start()] + REDACTED + text[found[number].end() :]
    return text


def _kept(text: str) -> str:
    """As a record can hold it: JSON knows halves of characters that UTF-8 does not."""
    return _without_secrets(text.encode(errors="replace").decode()).strip()
