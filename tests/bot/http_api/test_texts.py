"""What only the API says: in all languages of the chat, and with numbers where there are some."""

import re
from datetime import UTC, datetime

from bot.http_api.texts import API_TEXTS, explained_by, refused_by
from bot.jobs.images import ImageProblem, ImageRefusedError
from bot.telegram.catalogues import locales
from bot.telegram.messages import reason_text, refusal_text
from bot.telegram.wording import text
from storage.job import JobStatus, Outcome


def fields(sentence):
    return set(re.findall(r"\{(\w+)\}", sentence))


def test_every_language_says_the_same():
    assert set(API_TEXTS) == set(locales())
    for texts in API_TEXTS.values():
        assert {key: fields(text) for key, text in texts.items()} == {
            key: fields(text) for key, text in API_TEXTS["en"].items()
        }


def outcome(code, **facts):
    return Outcome(JobStatus.FAILED, datetime(2026, 11, 21, tzinfo=UTC), code, facts)


def test_a_failure_is_explained_by_our_sentence_or_by_the_chats():
    explain = explained_by(reason_text)
    assert "answered 404" in explain(outcome("image_url_gone", status=404), "en")
    assert explain(outcome("no_face"), "ko") == text("no_face", "ko")
    assert explain(outcome("never heard of"), "en") == text("internal", "en")
    assert explain(Outcome(JobStatus.FAILED, datetime.now(UTC)), "en") == text("internal", "en")


def test_no_sentence_of_the_api_speaks_of_telegram():
    explain = explained_by(reason_text)
    refuse = refused_by(refusal_text)
    numbers = {"megabytes": "21.0", "max_megabytes": 20, "megapixels": 60, "max_megapixels": 50, "width": 1}
    numbers |= {"height": 1, "min_side": 32, "max_ratio": 20, "format": "PDF"}
    for locale in API_TEXTS:
        said = [refuse(ImageRefusedError(problem, numbers), locale) for problem in ImageProblem]
        said += [explain(outcome(code, status=1, **numbers), locale) for code in API_TEXTS["en"]]
        assert not [sentence for sentence in said if re.search("telegram|телеграм|텔레그램", sentence, re.IGNORECASE)]
