"""What a person reads: sentences in their language, and the keyboards under them."""

import math
from datetime import timedelta

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.jobs.images import ImageRefusedError
from bot.jobs.status import Status
from bot.telegram.texts import TEXTS
from storage.job import Job, JobStatus, Outcome

# Codes that share a sentence: the difference matters to admins, who find it in the log and the record.
_SAID_AS = {
    "service_credentials": "service_paused",
    "service_credit": "service_paused",
    "service_model": "service_paused",
    "output_host": "output_refused",
    "output_redirected": "output_refused",
    "output_too_large": "output_refused",
    "output_not_an_image": "output_refused",
    "output_gone": "output_refused",
    "prediction_canceled": "timeout",
    "prediction_aborted": "timeout",
    "prediction_lost": "model_failed",
    "input_unreadable": "model_failed",
    "replicate_unclear": "model_failed",
}


class JobButton(CallbackData, prefix="j1"):
    """A button under a job's message. The prefix carries a version: change it when the fields change."""

    action: str
    job: str  # the job id without dashes: callback data has 64 bytes


def locale_of(language_code: str | None, default: str) -> str:
    """The language of ours for the language of a Telegram app (an IETF tag such as `pt-br`, or nothing)."""
    base = (language_code or "").lower().partition("-")[0]
    return next((locale for locale in TEXTS if base and locale.lower().partition("_")[0] == base), default)


def text(key: str, locale: str, **facts: object) -> str:
    """The sentence of this key; a key that no language has is a mistake of ours and raises KeyError."""
    sentence = TEXTS.get(locale, TEXTS["en"])[key]
    return sentence.format(**{name: _written(fact) for name, fact in facts.items()})


def status_text(job: Job, status: Status) -> str:
    """What the status message reads, line by line."""
    return "\n".join(text(line.key, job.origin.locale, **line.facts) for line in status.lines)


def outcome_text(job: Job, *, results: int = 1) -> str:
    """What the person reads when the job has ended, with so many pictures at hand."""
    outcome = job.outcome
    locale = job.origin.locale
    if outcome is None or outcome.status is JobStatus.CANCELED:
        not_answered = outcome is not None and outcome.code == "not_answered"
        return text("not_answered" if not_answered else "canceled", locale)
    if outcome.status is JobStatus.COMPLETED and not results:
        return text("failure", locale, reason=text("result_gone", locale), code=job.code)
    if outcome.status is JobStatus.COMPLETED:
        return text("result_partial" if outcome.facts.get("missing") else "result", locale, **outcome.facts)
    if outcome.code in ("daily_quota", "daily_quota_left"):
        return reason_text(outcome, locale)
    return text("failure", locale, reason=reason_text(outcome, locale), code=job.code)


def reason_text(outcome: Outcome, locale: str) -> str:
    """Why the job failed, without any words around it."""
    facts = dict(outcome.facts)
    if "wait_s" in facts:
        facts["wait"] = _duration(int(facts["wait_s"]))
    code = _SAID_AS.get(outcome.code or "", outcome.code or "")
    key = code if code in TEXTS["en"] else "internal"
    return text(key, locale, **facts)


def refusal_text(error: ImageRefusedError, locale: str) -> str:
    """Why a picture cannot be used."""
    return text(error.code.value, locale, **error.data)


def refused_text(job: Job) -> str:
    """What the person reads when Telegram does not take the result, neither as a photo nor as a file."""
    return text("failure", job.origin.locale, reason=text("result_refused", job.origin.locale), code=job.code)


def cancel_keyboard(job: Job) -> InlineKeyboardMarkup:
    """The button that stops the job."""
    data = JobButton(action="cancel", job=job.id.replace("-", "")).pack()
    label = text("cancel", job.origin.locale)
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text=label, callback_data=data, style="danger")]]
    )


def _written(fact: object) -> object:
    """A span of time as `40 s` or, rounded up, `3 min`; anything else as it is."""
    if not isinstance(fact, timedelta):
        return fact
    seconds = math.ceil(fact.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{-(-seconds // 60)} min"


def _duration(seconds: int) -> str:
    """Hours and minutes, rounded up to the minute: `3:05`."""
    minutes = -(-seconds // 60)
    return f"{minutes // 60}:{minutes % 60:02d}"
