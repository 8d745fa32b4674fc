"""Which sentence tells how a job ended, and the button under it while it runs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.jobs.waiting.live_status import _WAITING
from bot.telegram.catalogues import locales
from bot.telegram.messages import outcome_text, reason_text
from bot.telegram.wording import text
from storage.job import JobStatus, Outcome
from tests.support.fakes import new_job

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def ended(status=JobStatus.FAILED, code=None, locale="en", **facts):
    job = new_job(outcome=Outcome(status, NOW, code, facts))
    return replace(job, origin=replace(job.origin, locale=locale))


@pytest.mark.parametrize("locale", locales())
def test_a_complete_result_says_only_that_it_is_done(locale):
    assert outcome_text(ended(JobStatus.COMPLETED, locale=locale)) == text("result", locale)


def test_a_partial_result_says_how_many_are_missing():
    assert "2 more" in outcome_text(ended(JobStatus.COMPLETED, missing=2))


@pytest.mark.parametrize("code", ["canceled_by_person", "chat_gone"])
def test_a_canceled_job_says_that_it_does_not_count(code):
    assert outcome_text(ended(JobStatus.CANCELED, code)) == text("canceled", "en")


def test_a_failure_gives_the_reason_and_a_code_to_quote():
    job = ended(code="no_face")
    assert text("no_face", "en") in outcome_text(job)
    assert job.code in outcome_text(job)


def test_a_code_that_this_version_does_not_know_is_told_as_our_fault():
    assert text("internal", "en") in outcome_text(ended(code="from_a_newer_version"))


def test_a_missing_code_is_told_as_our_fault():
    assert text("internal", "en") in outcome_text(ended(code=None))


# Each class of fault -> the codes that belong to it. Codes of one class may share a sentence, classes may not.
FAULTS = {
    "authentication": ["service_credentials"],
    "credit": ["service_credit"],
    "model or version gone": ["service_model"],
    "input refused": ["input_rejected"],
    "input refused as unsafe": ["model_refused_content"],
    "input not read": ["input_unreadable"],
    "input too large": ["model_out_of_memory"],
    "model failed": ["model_failed"],
    "no output": ["no_output"],
    "output too large": ["output_too_large"],
    "output gone": ["output_gone"],
    "output no picture": ["output_not_an_image"],
    "output elsewhere": ["output_host", "output_redirected"],
    "output not served": ["output_refused"],
    "canceled at Replicate": ["prediction_canceled"],
    "lost at Replicate": ["prediction_lost", "replicate_unclear"],
    "timed out": ["timeout", "prediction_aborted"],
    "ours": ["internal"],
}


@pytest.mark.parametrize("locale", locales())
def test_every_class_of_fault_has_a_sentence_of_its_own(locale):
    said = {
        name: {reason_text(Outcome(JobStatus.FAILED, NOW, code), locale) for code in FAULTS[name]} for name in FAULTS
    }
    assert {name: len(sentences) for name, sentences in said.items()} == dict.fromkeys(FAULTS, 1)
    assert len(set.union(*said.values())) == len(FAULTS)
    assert all(len(sentence) < 120 for sentences in said.values() for sentence in sentences)


@pytest.mark.parametrize("locale", locales())
def test_every_reason_to_wait_has_a_sentence_of_its_own(locale):
    keys = set(_WAITING.values())
    assert {"waiting_for_place", "waiting_for_turn", "waiting_for_service"} <= keys
    assert len({text(key, locale) for key in keys}) == len(keys)


def test_braces_in_a_fact_are_only_text():
    words = outcome_text(ended(code="too_many_bytes", megabytes="{code}{0}", max_megabytes=20))
    assert "{code}{0}" in words


REFUSED = {
    "too_many_bytes": {"megabytes": 20.1, "max_megabytes": 20},
    "too_many_pixels": {"megapixels": 60, "max_megapixels": 50},
    "too_small": {"width": 16, "height": 20, "min_side": 32},
    "too_narrow": {"width": 40, "height": 960, "max_ratio": 20},
}


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("code", REFUSED)
def test_a_picture_that_is_refused_is_told_its_numbers_and_the_limit(code, locale):
    """A decimal is written as people of the language write it."""
    words = outcome_text(ended(code=code, locale=locale, **REFUSED[code]))
    numbers = [str(one) for one in REFUSED[code].values()]
    comma = [number.replace(".", ",") for number in numbers]
    assert all(number in words for number in (comma if locale in ("ru", "pt_BR") else numbers))


def test_the_quota_says_when_the_next_is_possible():
    words = outcome_text(ended(code="daily_quota", limit=20, wait_s=11_521))
    assert words == "You have used all 20 photos of the day. The next is possible in 3 hr 13 min."
    assert "Code" not in words  # nothing went wrong
