"""What only the API says: in all languages of the chat, and with numbers where there are some."""

import re
from datetime import UTC, datetime

from bot.jobs.images import ImageProblem, ImageRefusedError
from bot.telegram.api_texts import api_reason_text, api_refusal_text
from bot.telegram.catalogues import locales
from bot.telegram.wording import text
from storage.job import JobStatus, Outcome

OWN_CODES = ("image_url_refused", "image_url_gone", "image_url_unreachable")


def outcome(code, **facts):
    return Outcome(JobStatus.FAILED, datetime(2026, 11, 21, tzinfo=UTC), code, facts)


def test_a_failure_is_explained_by_our_sentence_or_by_the_chats():
    explain = api_reason_text
    assert "answered 404" in explain(outcome("image_url_gone", status=404), "en")
    assert explain(outcome("no_face"), "ko") == text("no_face", "ko")
    assert explain(outcome("never heard of"), "en") == text("internal", "en")
    assert explain(Outcome(JobStatus.FAILED, datetime.now(UTC)), "en") == text("internal", "en")


def test_a_language_that_is_not_offered_any_more_is_english():
    """Of a task from before, say, or where `DEFAULT_LOCALE` is ahead of the catalogues."""
    assert "answered 404" in api_reason_text(outcome("image_url_gone", status=404), "de")


def test_no_sentence_of_the_api_speaks_of_telegram():
    numbers = {"megabytes": "21.0", "max_megabytes": 20, "megapixels": 60, "max_megapixels": 50, "width": 1}
    numbers |= {"height": 1, "min_side": 32, "max_ratio": 20, "format": "PDF"}
    for locale in locales():
        said = [api_refusal_text(ImageRefusedError(problem, numbers), locale) for problem in ImageProblem]
        said += [api_reason_text(outcome(code, status=1, **numbers), locale) for code in OWN_CODES]
        assert not [sentence for sentence in said if re.search("telegram|телеграм|텔레그램", sentence, re.IGNORECASE)]
