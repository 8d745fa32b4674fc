"""Which language, which sentence, and how facts are written in it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.telegram.catalogues import locales
from bot.telegram.wording import has_text, locale_of, text


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("ru", "ru"),
        ("RU", "ru"),
        ("pt-br", "pt_BR"),
        ("pt", "pt_BR"),
        ("ko-KR", "ko"),
        ("kok", "fallback"),
        ("zh-hans", "fallback"),
        ("", "fallback"),
        ("-", "fallback"),
        (None, "fallback"),
    ],
)
def test_the_language_of_the_app_decides_and_the_default_helps_out(tag, locale):
    assert locale_of(tag, "fallback") == locale


def test_a_language_that_is_no_longer_offered_is_spoken_to_in_english():
    assert text("result", "tlh") == text("result", "en")


def test_an_unknown_sentence_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        text("no_such_key", "en")


def test_what_has_a_sentence_can_be_asked():
    assert has_text("result")
    assert not has_text("no_such_key")


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("en", {1: "1 photo ", 3: "all 3 photos ", 21: "all 21 photos "}),
        (
            "ru",
            {
                1: "1 фото на сегодня использовано",
                3: " 3 фото на сегодня использованы",
                21: "21 фото на сегодня использовано",
            },
        ),
        ("pt_BR", {1: "a sua 1 foto ", 3: "as 3 fotos ", 21: "as 21 fotos "}),
        ("ko", {1: "사진 1장", 3: "사진 3장", 21: "사진 21장"}),
    ],
)
def test_the_number_chooses_the_form_of_the_sentence(locale, shown):
    for n, words in shown.items():
        assert words in text("daily_quota", locale, n=n, wait=timedelta(hours=1))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 sec"),
        (0.2, "1 sec"),
        (59, "59 sec"),
        (60, "1 min"),
        (61, "2 min"),
        (3541, "1 hr"),
        (11_521, "3 hr 13 min"),
        (86_340, "23 hr 59 min"),
        (86_341, "1 day"),
        (187_200, "2 days 4 hr"),
    ],
)
def test_a_duration_is_rounded_up_to_what_matters(seconds, shown):
    assert f"possible in {shown}." in text("daily_quota", "en", n=2, wait=timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("locale", "shown"), [("en", "3 hr 12 min"), ("ru", "3 ч 12 мин"), ("pt_BR", "3 h 12 min"), ("ko", "3시간 12분")]
)
def test_a_duration_is_written_as_in_the_language(locale, shown):
    assert shown in text("daily_quota", locale, n=2, wait=timedelta(hours=3, minutes=12))


@pytest.mark.parametrize(
    ("locale", "shown"), [("en", "1,234.5"), ("ru", "1\xa0234,5"), ("pt_BR", "1.234,5"), ("ko", "1,234.5")]
)
def test_a_number_is_written_as_in_the_language(locale, shown):
    assert shown in text("too_many_pixels", locale, megapixels=1234.5, max_megapixels=50)


def test_a_moment_is_written_in_its_own_time_zone():
    noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).astimezone(ZoneInfo("Asia/Seoul"))
    assert "Nov 21, 2026 21:00" in text("failure", "en", reason=noon, code="x")
    assert "2026. 11. 21. 21:00" in text("failure", "ko", reason=noon, code="x")


@pytest.mark.parametrize("locale", locales())
def test_a_word_is_left_alone(locale):
    assert "{a}1234" in text("failure", locale, reason="{a}1234", code="x")
