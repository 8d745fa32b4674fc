"""Every sentence in every language: complete, with the same facts, used, and one for every way a job can end."""

import ast
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.jobs.images.refusals import ImageLimits, ImageProblem, ImageRefusedError
from bot.jobs.replicate_news import _MODEL_ERRORS, OPERATOR_CODES, news_of
from bot.telegram import messages
from bot.telegram.messages import outcome_text
from bot.telegram.texts import EN, TEXTS
from replicate_gateway.prediction import Prediction, PredictionStatus
from storage.job import JobStatus, Outcome
from tests.support.fakes import new_job

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 21, tzinfo=UTC)
# Where the failure code stands among the arguments of what reports a failure.
CODE_ARGUMENT = {
    "JobFailedError": 0,
    "SlotFailedError": 0,
    "OutputRefusedError": 0,
    "SlotFailed": 1,
    "OutcomeDecided": 2,
}
# These end a job as canceled, whose sentence needs no code.
CANCELED = frozenset({"canceled_by_person", "chat_gone", "not_answered"})
MAX_CALLBACK_ANSWER = 200  # https://core.telegram.org/bots/api#answercallbackquery


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def trees(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for package in packages:
        for path in (ROOT / package).rglob("*.py"):
            yield path, ast.parse(path.read_text())


def written_codes() -> set[str]:
    """The failure codes that stand in the code as literals."""
    found = set()
    for path, tree in trees("bot", "replicate_gateway"):
        if path.name == "stop.py":  # it works for jobs whose outcome is decided already
            continue
        if path.name == "web_pictures.py":  # only the API has pictures of the web, and sentences for them
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODE_ARGUMENT:
                arguments = node.args[CODE_ARGUMENT[node.func.id] :][:1]
                found |= {c.value for a in arguments for c in ast.walk(a) if isinstance(c, ast.Constant)}
    return found - CANCELED


def codes_of_predictions() -> set[str]:
    """The failure codes that a prediction's end gives."""
    found = {code for _, code in _MODEL_ERRORS}
    for status in PredictionStatus:
        for error in (None, "anything else"):
            for removed in (True, False):
                prediction = Prediction(
                    id="p", status=status, raw_status=status.value, error=error, data_removed=removed
                )
                found |= {getattr(event, "failure", None) for event in news_of(prediction, 0, NOW)}
    return found - {None}


# "timeout" and "internal" are given by name elsewhere: by `decide` at the deadline, by a step that keeps crashing.
CODES = sorted(
    written_codes()
    | codes_of_predictions()
    | set(OPERATOR_CODES)
    | {problem.value for problem in ImageProblem}
    | {"timeout", "internal", "daily_quota"}
)
SHARED_FACTS = {"limit": 20, "wait_s": 61, "wanted": 4, "left": 3}


def real_facts(code: str) -> dict[str, int | str]:
    """The numbers that come with a refused picture, from the code that refuses it."""
    limits = ImageLimits()
    for attempt in (
        lambda: limits.check_bytes(10**9),
        lambda: limits.check_dimensions(20_000, 20_000),
        lambda: limits.check_dimensions(8, 8),
        lambda: limits.check_dimensions(100, 6000),
    ):
        with pytest.raises(ImageRefusedError) as refused:
            attempt()
        if refused.value.code == code:
            return dict(refused.value.data)
    return dict(SHARED_FACTS) if code.startswith("daily_quota") else {}


def failed(code: str, locale: str) -> str:
    job = new_job(outcome=Outcome(JobStatus.FAILED, NOW, code, real_facts(code)))
    return outcome_text(replace(job, origin=replace(job.origin, locale=locale)))


def test_the_codes_are_found_at_all():
    assert {"input_gone", "output_host", "prediction_lost", "no_face", "replicate_unclear", "service_credit"} <= {
        *CODES
    }


@pytest.mark.parametrize("locale", TEXTS)
def test_every_language_has_every_sentence_of_english_and_no_other(locale):
    assert TEXTS[locale].keys() == EN.keys()
    assert all(sentence.strip() == sentence and sentence for sentence in TEXTS[locale].values())


@pytest.mark.parametrize("locale", TEXTS)
def test_every_sentence_takes_the_facts_of_the_english_one(locale):
    assert {key: fields(s) for key, s in TEXTS[locale].items()} == {key: fields(s) for key, s in EN.items()}


@pytest.mark.parametrize("locale", [locale for locale in TEXTS if locale != "en"])
def test_no_sentence_was_left_in_english(locale):
    assert [key for key in EN if TEXTS[locale][key] == EN[key]] == []


def test_no_sentence_is_unused():
    used = set(CODES) | set(messages._SAID_AS.values())
    for path, tree in trees("bot"):
        if path.name != "texts.py":
            used |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert EN.keys() - used == set()


def test_no_shared_sentence_is_unused_or_missing():
    assert messages._SAID_AS.keys() <= set(CODES)
    assert set(messages._SAID_AS.values()) <= EN.keys()


@pytest.mark.parametrize("code", CODES)
def test_every_way_to_fail_has_a_sentence_of_its_own(code):
    assert messages._SAID_AS.get(code, code) in EN


@pytest.mark.parametrize("locale", TEXTS)
@pytest.mark.parametrize("code", CODES)
def test_every_way_to_fail_can_be_told_with_the_facts_that_it_brings(code, locale):
    words = failed(code, locale)
    assert "{" not in words
    assert code == "internal" or TEXTS[locale]["internal"] not in words
    assert len(words) < 1024  # a caption's limit, the smaller one


@pytest.mark.parametrize("locale", TEXTS)
@pytest.mark.parametrize("key", ["old_button", "already_finished", "canceling"])
def test_what_a_pressed_button_answers_fits_into_a_toast(key, locale):
    assert len(TEXTS[locale][key]) <= MAX_CALLBACK_ANSWER
