import pytest

from mock_server.telegram.errors import BotApiError
from mock_server.telegram.text_entities import FormattedText, parse_html, trimmed, utf16_slice, with_detected


def marked(formatted: FormattedText) -> list[tuple[str, str]]:
    return [(e["type"], utf16_slice(formatted.text, e["offset"], e["length"])) for e in formatted.entities]


def test_tags_become_entities_with_utf16_offsets():
    parsed = parse_html("👀 <b>fat <i>both</i></b> &lt;x&gt; <code>a &amp; b</code>")
    assert parsed.text == "👀 fat both <x> a & b"
    assert parsed.entities[0] == {"type": "bold", "offset": 3, "length": 8}
    assert marked(parsed) == [("bold", "fat both"), ("italic", "both"), ("code", "a & b")]


def test_links_spoilers_quotes_and_languages_keep_their_arguments():
    parsed = parse_html(
        '<a href="https://x.org/?a=1&amp;b=2">x</a><span class="tg-spoiler">s</span>'
        '<pre><code class="language-python">print()</code></pre><blockquote expandable>q</blockquote>'
    )
    by_type = {entity["type"]: entity for entity in parsed.entities}
    assert by_type["text_link"]["url"] == "https://x.org/?a=1&b=2"
    assert by_type["pre"]["language"] == "python"
    assert set(by_type) == {"text_link", "spoiler", "pre", "expandable_blockquote"}


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é <blink>", 'Unsupported start tag "blink" at byte offset 3'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("1 < 2", "Unclosed start tag at byte offset 2"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
    ],
)
def test_broken_html_is_refused_with_the_byte_offset(source, why):
    with pytest.raises(BotApiError) as refused:
        parse_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {why}"


def test_white_space_around_the_text_goes_and_entities_move_along():
    assert trimmed(FormattedText(" \n hi ", ({"type": "bold", "offset": 1, "length": 5},))) == FormattedText(
        "hi", ({"type": "bold", "offset": 0, "length": 2},)
    )


def test_commands_mentions_and_links_are_found_outside_other_entities():
    found = with_detected(parse_html("/start@bot see https://x.org/y. and @anna <code>/not</code> a/b"))
    assert marked(found) == [
        ("bot_command", "/start@bot"),
        ("url", "https://x.org/y"),
        ("mention", "@anna"),
        ("code", "/not"),
    ]
