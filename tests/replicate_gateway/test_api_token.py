import pytest

from replicate_gateway.api_token import check_token_form


@pytest.mark.parametrize("token", ["r8_benchbenchbenchbenchbenchbenchbench", "r8_" + "a1B2_" * 7 + "zz"])
def test_a_token_of_the_right_form_is_accepted(token):
    assert check_token_form(token) is None


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("", "empty"),
        ("sk_abcdefghijklmnop", "starts with"),
        ("r8_abcdefghijkl mnop", "blanks"),
        ("r8_abcdefghijklmnop\n", "blanks"),
        ("r8_äbcdefghijklmnop", "ASCII"),
        ("r8_abc", "short"),
        ("r8_", "letters"),
        ("r8_*************", "letters"),
    ],
)
def test_a_wrong_form_is_explained_without_showing_the_token(token, word):
    sentence = check_token_form(token)
    assert word in sentence
    assert len(token) <= 3 or token.strip() not in sentence
