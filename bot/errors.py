"""One table: what went wrong -> the HTTP answer and how loudly it is logged. The first row that fits counts."""

import math
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.jobs.errors import EngineUnavailableError, NotDoneError
from storage.errors import StorageError, StorageUnavailableError

# What Telegram and Replicate wait before they try again, unless the storage itself named a time.
RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """How a door answers an error. `event` is logged at `level`; None logs nothing."""

    status: int
    event: str | None = None
    level: str = "warning"
    retry_after_s: int | None = None


def answer_to(error: Exception) -> Answer:
    """The row for this error."""
    match error:
        case web.HTTPException():
            return Answer(error.status)
        case web.RequestPayloadError() | HttpProcessingError() | ConnectionError():
            return Answer(400)  # the body broke off, or is no HTTP: the sender's doing, and not worth a line
        case StorageUnavailableError():
            return Answer(503, "storage_unavailable", retry_after_s=math.ceil(error.retry_after_s or RETRY_AFTER_S))
        case EngineUnavailableError():
            return Answer(503, "engine_unavailable", retry_after_s=RETRY_AFTER_S)
        case NotDoneError():
            return Answer(503, "request_put_off", retry_after_s=RETRY_AFTER_S)
        case StorageError():
            return Answer(503, "storage_refused", "error", retry_after_s=RETRY_AFTER_S)
        case _:
            return Answer(500, "request_crashed", "exception")
