"""`Accept-Language`, as browsers and programs send it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.http_api.languages import language_tag, negotiated

LOCALES = ("en", "ru", "pt_BR", "ko")


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de-DE,de;q=0.9,ko;q=0.8,en;q=0.7", "ko"),
        ("pt", "pt_BR"),
        ("PT-br", "pt_BR"),
        ("en;q=0.2, ru;q=0.9", "ru"),
        ("ru ; q=0.5 , ko ; q=0.6", "ko"),
        ("de", "en"),
        ("*", "en"),
        ("de, *;q=0.5", "en"),
        ("ru;q=0", "en"),
        ("ru;q=2", "en"),
        ("", "en"),
        (";;;,,,q=", "en"),
        ("rú", "en"),
    ],
)
def test_the_best_of_our_languages_is_found(header, locale):
    assert negotiated(header, LOCALES, "en") == locale


@given(st.text(max_size=200), st.sampled_from(LOCALES))
def test_any_header_leads_to_a_language_of_ours(header, default):
    assert negotiated(header, LOCALES, default) in LOCALES


def test_http_spells_languages_with_a_dash():
    assert language_tag("pt_BR") == "pt-BR"
