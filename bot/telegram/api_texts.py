"""Sentences for callers of the API: those of the chat, but where one speaks of Telegram there is one of its own."""

from bot.jobs.images import ImageRefusedError
from bot.telegram.messages import reason_text, refusal_text
from bot.telegram.wording import has_text, text
from storage.job import Outcome


def api_reason_text(outcome: Outcome, locale: str) -> str:
    """Why a task failed."""
    key = f"api_{outcome.code}"
    return text(key, locale, n=None, **outcome.facts) if has_text(key) else reason_text(outcome, locale)


def api_refusal_text(error: ImageRefusedError, locale: str) -> str:
    """Why an uploaded picture cannot be used."""
    key = f"api_{error.code.value}"
    return text(key, locale, n=None, **error.data) if has_text(key) else refusal_text(error, locale)
