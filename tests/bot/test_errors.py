"""The table of errors and answers."""

import pytest
from aiohttp import web

from bot.errors import Answer, answer_to
from bot.jobs.errors import EngineUnavailableError, NotDoneError
from storage.errors import (
    ObjectNotFoundError,
    RecordCorruptError,
    StorageRefusedError,
    StorageUnavailableError,
)


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (web.HTTPNotFound(), Answer(404)),
        (web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2), Answer(413)),
        (StorageUnavailableError("down"), Answer(503, "storage_unavailable", retry_after_s=5)),
        (StorageUnavailableError("slow", retry_after_s=0.1), Answer(503, "storage_unavailable", retry_after_s=1)),
        (StorageUnavailableError("slow", retry_after_s=12.0), Answer(503, "storage_unavailable", retry_after_s=12)),
        (StorageRefusedError("no bucket"), Answer(503, "storage_refused", "error", 5)),
        (ObjectNotFoundError("k"), Answer(503, "storage_refused", "error", 5)),
        (RecordCorruptError("k", "why"), Answer(503, "storage_refused", "error", 5)),
        (EngineUnavailableError(), Answer(503, "engine_unavailable", retry_after_s=5)),
        (NotDoneError("telegram_unreachable"), Answer(503, "request_put_off", retry_after_s=5)),
        (web.RequestPayloadError("broken"), Answer(400)),
        (ConnectionResetError(), Answer(400)),
        (RuntimeError("x"), Answer(500, "request_crashed", "exception")),
        (TimeoutError(), Answer(500, "request_crashed", "exception")),
    ],
)
def test_the_first_row_that_fits_counts(error, answer):
    assert answer_to(error) == answer
