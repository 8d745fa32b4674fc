"""Every sentence in every language: complete, with the same facts, used, and one for every way a job can end."""

import ast
import io
import string
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from bot.jobs.images.refusals import ImageLimits, ImageProblem, ImageRefusedError
from bot.jobs.prediction_events import _MODEL_ERRORS, OPERATOR_CODES, news_of
from bot.settings import Settings
from bot.telegram import messages
from bot.telegram.catalogue_files import file_of
from bot.telegram.catalogues import locales, path_of
from bot.telegram.command_names import ADMIN, PERSONAL
from bot.telegram.messages import outcome_text
from bot.telegram.wording import text
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


@cache
def catalogue(locale: str) -> Catalog:
    with path_of(locale).open("rb") as source:
        return read_po(source, locale=locale, abort_invalid=True)


def sentences(locale: str) -> Mapping[str, tuple[str, ...]]:
    """All forms of every sentence, by key."""
    return {
        message.id if isinstance(message.id, str) else message.id[0]: (
            (message.string,) if isinstance(message.string, str) else tuple(message.string)
        )
        for message in catalogue(locale)
        if message.id
    }


def plurals(locale: str) -> set[str]:
    return {message.id[0] for message in catalogue(locale) if message.pluralizable}


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def trees(*packages: str, naming: Collection[str] = ("",)) -> Iterator[tuple[Path, ast.Module]]:
    """Each module in which one of these names stands."""
    for package in packages:
        for path in (ROOT / package).rglob("*.py"):
            source = path.read_text()
            if any(name in source for name in naming):
                yield path, ast.parse(source)


def written_codes() -> set[str]:
    """The failure codes that stand in the code as literals."""
    found = set()
    for path, tree in trees("bot", "replicate_gateway", naming=CODE_ARGUMENT):
        if path.name == "stop.py":  # it works for jobs whose outcome is decided already
            continue
        if path.name == "web_pictures.py":  # only the API has pictures of the web: see tests/bot/http_api/test_texts.py
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODE_ARGUMENT:
                arguments = node.args[CODE_ARGUMENT[node.func.id] :][:1]
                found |= {c.value for a in arguments for c in ast.walk(a) if isinstance(c, ast.Constant)}
    return found - CANCELED


def codes_given_up_for() -> set[str]:
    """The codes of what is tried a few times only; after that each is a failure code."""
    nodes = (node for _, tree in trees("bot/jobs", naming=("tries=",)) for node in ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.args]
    codes = [call.args[0] for call in calls if any(keyword.arg == "tries" for keyword in call.keywords)]
    return {code.value for code in codes if isinstance(code, ast.Constant)}


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
    | codes_given_up_for()
    | set(OPERATOR_CODES)
    | {problem.value for problem in ImageProblem}
    | {"timeout", "internal", "daily_quota"}
)
# Signs and names that are the same in several languages.
SAME_EVERYWHERE = frozenset({"report_seconds"})
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


EN = sentences("en")
OTHERS = [locale for locale in locales() if locale != "en"]


@pytest.mark.parametrize("locale", OTHERS)
def test_every_language_has_every_sentence_of_english_and_no_other_in_the_same_order(locale):
    assert list(sentences(locale)) == list(EN)
    assert plurals(locale) == plurals("en")


@pytest.mark.parametrize("locale", locales())
def test_every_form_of_every_sentence_is_there(locale):
    forms = catalogue(locale).num_plurals
    assert {key for key in plurals(locale) if len(sentences(locale)[key]) != forms} == set()
    spoken = [form for all_forms in sentences(locale).values() for form in all_forms]
    assert all(form and form.strip() == form for form in spoken)


@pytest.mark.parametrize("locale", locales())
def test_the_files_are_as_make_languages_leaves_them(locale):
    template = path_of("en").read_text(encoding="utf-8")
    body = path_of(locale).read_text(encoding="utf-8")
    assert file_of(locale, body, template) == body


def test_a_new_language_begins_in_english_with_its_own_plural_forms():
    begun = file_of("pl", None, path_of("en").read_text(encoding="utf-8"))
    catalog = read_po(io.BytesIO(begun.encode()), locale="pl")
    assert [message.id for message in catalog] == [message.id for message in catalogue("en")]
    assert all(message.fuzzy for message in catalog if message.id)
    assert {len(message.string) for message in catalog if message.pluralizable} == {3}
    assert catalog.plural_expr == get_plural("pl")[1]


def test_a_sentence_that_english_lost_goes_and_one_that_it_got_comes_marked():
    header = 'msgid ""\nmsgstr ""\n"Language: %s\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    before = header % "ko" + 'msgid "lost"\nmsgstr "L"\n\nmsgid "kept"\nmsgstr "K"\n'
    template = header % "en" + 'msgid "new"\nmsgstr "n"\n\nmsgid "kept"\nmsgstr "k"\n'
    after = file_of("ko", before, template)
    assert after.partition("\n\n")[2] == '#, fuzzy\nmsgid "new"\nmsgstr "n"\n\nmsgid "kept"\nmsgstr "K"\n'


@pytest.mark.parametrize("locale", locales())
def test_no_sentence_waits_for_its_translator(locale):
    assert [message.id for message in catalogue(locale) if message.fuzzy and message.id] == []
    assert not catalogue(locale).obsolete


@pytest.mark.parametrize("locale", locales())
def test_every_form_takes_the_facts_of_the_english_one(locale):
    wanted = {key: fields(forms[-1]) for key, forms in EN.items()}
    assert {
        (key, form) for key, forms in sentences(locale).items() for form in forms if fields(form) != wanted[key]
    } == set()


@pytest.mark.parametrize("locale", OTHERS)
def test_no_sentence_was_left_in_english(locale):
    worded = {key for key, forms in EN.items() if any(map(str.isalpha, _without_fields(forms[0])))}
    assert {key for key in worded if sentences(locale)[key][0] == EN[key][0]} - SAME_EVERYWHERE == set()


def _without_fields(sentence: str) -> str:
    return "".join(literal for literal, *_ in string.Formatter().parse(sentence))


def test_the_default_language_is_one_of_ours():
    assert set(get_args(Settings.model_fields["default_locale"].annotation)) == set(locales())


def test_no_sentence_is_unused():
    used = set(CODES) | set(messages._SAID_AS.values()) | {f"command_{name}" for name in (*PERSONAL, *ADMIN)}
    for _, tree in trees("bot"):
        used |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    used |= {f"api_{code}" for code in used}  # said in place of the chat's sentence for that code
    # These are literals in any case; as sentences they are used where they are said.
    names = {*PERSONAL, *ADMIN} - {key for _, tree in trees("bot") for key in _said(tree)}
    assert EN.keys() - (used - names) == set()


def _said(tree: ast.Module) -> set[str]:
    """The sentences that are named in the call that says them."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    return {key for call in calls if call.func.id == "text" for key in _literals(call.args[0])}


def test_every_sentence_that_the_code_names_is_there_and_gets_its_facts():
    calls = 0
    for path, tree in trees("bot"):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text"):
                continue
            for key in _literals(node.args[0]):
                calls += 1
                assert key in EN, f"{path}: {key}"
                given = {keyword.arg for keyword in node.keywords}
                if None not in given:  # else they come as a mapping
                    assert fields(EN[key][-1]) == given - ({"n"} - fields(EN[key][-1])), f"{path}: {key}"
                    assert ("n" in given) == (key in plurals("en")), f"{path}: {key}"
    assert calls > 10


def _literals(node: ast.expr) -> list[str]:
    """The keys that this argument may be, as far as the code says so."""
    match node:
        case ast.Constant(str(key)):
            return [key]
        case ast.IfExp():
            return [*_literals(node.body), *_literals(node.orelse)]
        case _:
            return []


def test_no_shared_sentence_is_unused_or_missing():
    assert messages._SAID_AS.keys() <= set(CODES)
    assert set(messages._SAID_AS.values()) <= EN.keys()


@pytest.mark.parametrize("code", CODES)
def test_every_way_to_fail_has_a_sentence_of_its_own(code):
    assert messages._SAID_AS.get(code, code) in EN


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("code", CODES)
def test_every_way_to_fail_can_be_told_with_the_facts_that_it_brings(code, locale):
    words = failed(code, locale)
    assert "{" not in words
    assert code == "internal" or text("internal", locale) not in words
    assert len(words) < 1024  # a caption's limit, the smaller one


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("key", ["old_button", "already_finished", "canceling"])
def test_what_a_pressed_button_answers_fits_into_a_toast(key, locale):
    assert all(len(form) <= MAX_CALLBACK_ANSWER for form in sentences(locale)[key])
