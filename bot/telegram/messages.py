"""What a person reads of a job: while it is asked about, while it runs, and when it has ended."""

from collections.abc import Mapping
from datetime import timedelta
from textwrap import shorten

from babel.lists import format_list

from bot.jobs.images import ImageRefusedError
from bot.jobs.status import Line, Status
from bot.telegram.wording import has_text, text
from replicate_gateway.presets import Preset
from storage.job import Job, JobStatus, Outcome

# Characters of a person's words that are shown to them again: enough to see that they were understood.
_MAX_ECHO = 200
# Codes that share a sentence: the difference matters to admins, who find it in the log and the record.
_SAID_AS: Mapping[str, str] = {
    "output_redirected": "output_host",
    "prediction_aborted": "timeout",  # it came to the deadline before it began
    "replicate_unclear": "prediction_lost",
}


def status_text(job: Job, status: Status, presets: Mapping[str, Preset]) -> str:
    """What the status message reads, line by line; then which part of what was sent, and which words, are used."""
    lines = [_line_text(job, line) for line in status.lines]
    preset = presets.get(job.preset)
    if any(image.still for image in job.inputs):
        lines.append(text("still_used", job.origin.locale))
    if job.prompt and preset and preset.prompt_field:
        lines.append(text("instruction", job.origin.locale, words=shorten(job.prompt, _MAX_ECHO, placeholder="…")))
    return "\n".join(lines)


def _line_text(job: Job, line: Line) -> str:
    """A question tells what it is about."""
    locale = job.origin.locale
    match line.key:
        case "ask_album":
            return text("ask_album", locale, n=len(job.inputs))
        case "ask_start":
            sent = sorted(image.message_id or 0 for image in job.inputs)
            person, *garments = (sent.index(image.message_id or 0) + 1 for image in job.inputs)
            words = format_list([str(number) for number in sorted(garments)], locale=locale)
            return text("ask_start", locale, person=person, garments=words)
        case "left_today":
            return text("left_today", locale, n=int(str(line.facts["left"])))
        case _:
            return text(line.key, locale, n=None, **line.facts)


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
        missing = int(outcome.facts.get("missing", 0))
        return text("result_partial", locale, n=missing) if missing else text("result", locale)
    if outcome.code in ("daily_quota", "daily_quota_left"):
        return reason_text(outcome, locale)
    return text("failure", locale, reason=reason_text(outcome, locale), code=job.code)


def result_text(job: Job, presets: Mapping[str, Preset]) -> str:
    """Under the first result: how it ended, with which tool, how long that took, and how many more there may be."""
    words, locale, preset = outcome_text(job), job.origin.locale, presets.get(job.preset)
    if preset is None or job.outcome is None:
        return words
    took, left = job.outcome.at - job.created_at, job.outcome.facts.get("left")
    lines = [words, text("result_details", locale, tool=preset.label(locale), took=took)]
    if left is not None:
        lines.append(text("left_today", locale, n=int(left)))
    return "\n".join(lines)


def reason_text(outcome: Outcome, locale: str) -> str:
    """Why the job failed, without any words around it."""
    facts: dict[str, object] = dict(outcome.facts)
    if outcome.code in ("daily_quota", "daily_quota_left"):
        facts["wait"] = timedelta(seconds=float(outcome.facts.get("wait_s", 0)))
    if outcome.code == "daily_quota":
        return text("daily_quota", locale, n=int(outcome.facts.get("limit", 0)), wait=facts["wait"])
    key = _SAID_AS.get(outcome.code or "", outcome.code or "")
    return text(key if has_text(key) else "internal", locale, n=None, **facts)


def refusal_text(error: ImageRefusedError, locale: str) -> str:
    """Why a picture cannot be used."""
    return text(error.code.value, locale, n=None, **error.data)


def refused_text(job: Job) -> str:
    """What the person reads when Telegram does not take the result, neither as a photo nor as a file."""
    return text("failure", job.origin.locale, reason=text("result_refused", job.origin.locale), code=job.code)
