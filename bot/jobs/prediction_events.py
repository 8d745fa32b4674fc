"""Between Replicate's words and the job's: failure codes, and the events that follow from a prediction's state."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.jobs.errors import JobFailedError, JobsError, NotDoneError, OutcomeUnknownError
from bot.jobs.run_words import kept_error, kept_logs
from replicate_gateway import errors as gateway
from replicate_gateway.prediction import Prediction, PredictionStatus, output_text, output_urls
from replicate_gateway.presets import OutputKind, Preset
from storage.event import Event
from storage.job import Job
from storage.slot_events import PredictionCreated, PredictionDiscarded, PredictionEnded

# A model that could not read its input: the link leads to a storage, or to this very process, that was away.
_INPUT_UNREADABLE = re.compile(
    r"(could not|failed to|cannot|unable to) (fetch|download|read|open|load)\b.{0,60}\b(input|image|url|file)"
    r"|establish a (new )?connection|connection (refused|reset|error)|read timed out|max retries exceeded"
    r"|HTTP Error \d{3}\b.{0,60}\burl",
    re.IGNORECASE,
)

# What models say when they fail -> our failure code. First match counts. Sources of the wordings: Replicate's
# error codes (https://replicate.com/docs/reference/error-codes) and the models' own predictors.
_MODEL_ERRORS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_INPUT_UNREADABLE, "input_unreadable"),
    (re.compile(r"nsfw|sensitive|safety|\(E005\)", re.IGNORECASE), "model_refused_content"),
    (re.compile(r"no face|face not (found|detected)|could not (find|detect).{0,20}face", re.IGNORECASE), "no_face"),
    (re.compile(r"out of memory|\bOOM\b|too large|resolution", re.IGNORECASE), "model_out_of_memory"),
)

# Failures that only the operator can mend; the admins are told, the person reads that it is not their doing.
OPERATOR_CODES = frozenset({"service_credentials", "service_credit", "service_model"})


# Longer outputs (data URLs, long texts) are asked for again when they are archived: a record has to stay small.
MAX_RECORDED_CHARS = 20_000


def failure_code(error: str | None) -> str:
    """The failure code for a model's own error text, which never reaches a chat."""
    for pattern, code in _MODEL_ERRORS:
        if error and pattern.search(error):
            return code
    return "model_failed"


def translated(error: gateway.GatewayError) -> JobsError:
    """What a refused or failed call means for the step that made it, where no prediction depends on it yet."""
    match error:
        case gateway.GatewayBusyError():
            return NotDoneError("replicate_busy", retry_after_s=error.retry_after_s, cause=str(error))
        case gateway.GatewayUnreachableError() | gateway.GatewayUnavailableError():
            return NotDoneError("replicate_unreachable", cause=str(error))
        case gateway.OutcomeUnknownError():
            return OutcomeUnknownError(str(error))
        case gateway.CredentialsRefusedError():
            return JobFailedError("service_credentials")
        case gateway.CreditExhaustedError():
            return JobFailedError("service_credit")
        case gateway.ModelNotFoundError():
            return JobFailedError("service_model")
        case gateway.PayloadTooLargeError():
            return JobFailedError("model_out_of_memory")
        case gateway.PredictionRejectedError():
            return JobFailedError("input_rejected")
        case _:
            return NotDoneError("replicate_unreachable", cause=str(error))


def postponed_by(error: gateway.GatewayError) -> NotDoneError:
    """What such a call means for a prediction that is made, or may be: it is paid for, and waits for the operator."""
    reason = translated(error)
    if isinstance(reason, NotDoneError):
        return reason
    operator = isinstance(reason, JobFailedError) and reason.code in OPERATOR_CODES
    return NotDoneError(str(reason) if operator else "replicate_unreachable")


def output_kind(job: Job, presets: Mapping[str, Preset]) -> OutputKind:
    """What the predictions of this job give, whether its preset is still on offer or not."""
    preset = presets.get(job.preset)
    writes = any(slot.writes for slot in job.slots) or (preset and preset.output_kind is OutputKind.TEXT)
    return OutputKind.TEXT if writes else OutputKind.IMAGE


def outputs_of(prediction: Prediction, kind: OutputKind) -> tuple[str, ...]:
    """The URLs of the files that a prediction made; of a model that writes its words, as one text."""
    if kind is OutputKind.TEXT:
        # JSON knows halves of characters that UTF-8, and so a record, does not.
        text = output_text(prediction.output).encode(errors="replace").decode().strip()
        return (text,) if text else ()
    return tuple(url for url in output_urls(prediction.output) if url.isascii())  # as URLs are


def news_of(prediction: Prediction, slot: int, now: datetime, kind: OutputKind = OutputKind.IMAGE) -> Sequence[Event]:
    """The events that a prediction's present state means for its slot, whose model gives outputs of this kind.

    Applied to a job that knows all this already they change nothing, so callbacks and polls may repeat.
    """
    created = PredictionCreated(slot, prediction.id, now)
    if not prediction.status.terminal:
        return (created,)
    outputs = outputs_of(prediction, kind)
    failure = None
    if prediction.status is PredictionStatus.CANCELED:
        failure = "prediction_canceled"
    elif prediction.status is PredictionStatus.ABORTED:
        failure = "prediction_aborted"
    elif prediction.status is PredictionStatus.FAILED:
        failure = failure_code(prediction.error)
    elif not outputs:
        failure = "no_output" if not prediction.data_removed else "output_gone"
    error, logs = kept_error(prediction.error), kept_logs(prediction.logs)
    if failure == "input_unreadable":
        return (created, PredictionDiscarded(slot, prediction.id, now, failure, error, logs))
    if failure or sum(map(len, outputs)) > MAX_RECORDED_CHARS:
        outputs = ()
    ended = PredictionEnded(slot, prediction.id, now, outputs, failure, prediction.predict_time_s, error, logs)
    return (created, ended)
