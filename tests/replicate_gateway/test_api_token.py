import pytest

from replicate_gateway.api_token import header_problem


@pytest.mark.parametrize("token", ["r8_benchbenchbenchbenchbenchbenchbench", "r8_" + "a1B2_" * 7 + "zz", "anything"])
def test_a_token_that_fits_a_header_is_accepted(token):
    assert header_problem(token) is None


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("", "empty"),
        ("r8_abcdefghijkl mnop", "blanks"),
        ("r8_abcdefghijklmnop\n", "blanks"),
        ("r8_äbcdef", "ASCII"),
    ],
)
def test_what_keeps_it_out_is_explained_without_showing_the_token(token, word):
    sentence = header_problem(token)
    assert word in sentence
    assert not token or token.strip() not in sentence
