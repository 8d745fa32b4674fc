"""Which language, which sentence, and the button under it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.telegram.messages import JobButton, cancel_keyboard, locale_of, outcome_text, text
from bot.telegram.texts import TEXTS
from storage.job import JobStatus, Outcome
from tests.support.fakes import new_job

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def ended(status=JobStatus.FAILED, code=None, locale="en", **facts):
    job = new_job(outcome=Outcome(status, NOW, code, facts))
    return replace(job, origin=replace(job.origin, locale=locale))


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
    assert text("result", "tlh") == TEXTS["en"]["result"]


def test_an_unknown_sentence_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        text("no_such_key", "en")


@pytest.mark.parametrize("locale", TEXTS)
def test_a_complete_result_says_only_that_it_is_done(locale):
    assert outcome_text(ended(JobStatus.COMPLETED, locale=locale)) == TEXTS[locale]["result"]


def test_a_partial_result_says_how_many_are_missing():
    assert "2 more" in outcome_text(ended(JobStatus.COMPLETED, missing=2))


@pytest.mark.parametrize("code", ["canceled_by_person", "chat_gone"])
def test_a_canceled_job_says_that_it_does_not_count(code):
    assert outcome_text(ended(JobStatus.CANCELED, code)) == TEXTS["en"]["canceled"]


def test_a_failure_gives_the_reason_and_a_code_to_quote():
    job = ended(code="no_face")
    assert TEXTS["en"]["no_face"] in outcome_text(job)
    assert job.code in outcome_text(job)


def test_a_code_that_this_version_does_not_know_is_told_as_our_fault():
    assert TEXTS["en"]["internal"] in outcome_text(ended(code="from_a_newer_version"))


def test_a_missing_code_is_told_as_our_fault():
    assert TEXTS["en"]["internal"] in outcome_text(ended(code=None))


def test_braces_in_a_fact_are_only_text():
    words = outcome_text(ended(code="too_many_bytes", megabytes="{code}{0}", max_megabytes=20))
    assert "{code}{0}" in words


@pytest.mark.parametrize(
    ("seconds", "shown"), [(1, "0:01"), (60, "0:01"), (61, "0:02"), (3599, "1:00"), (86_400, "24:00")]
)
def test_the_quota_says_when_the_next_is_possible_rounded_up_to_the_minute(seconds, shown):
    words = outcome_text(ended(code="daily_quota", limit=20, wait_s=seconds))
    assert f"in {shown}." in words
    assert "20" in words
    assert "Code" not in words  # nothing went wrong


def test_the_cancel_button_names_its_job_within_telegrams_64_bytes():
    job = new_job()
    ((button,),) = cancel_keyboard(job).inline_keyboard
    assert len(button.callback_data.encode()) <= 64
    assert JobButton.unpack(button.callback_data) == JobButton(action="cancel", job=job.id.replace("-", ""))
    assert button.style == "danger"
