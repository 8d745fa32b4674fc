"""What the adapters are opened with."""

import pytest
from pydantic import SecretStr

from bot.composition.adapters import replicate_token
from bot.settings import Settings

TOKEN = "r8_" + "t" * 37


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({"replicate_mode": "real"}, TOKEN),
        ({"replicate_base_url": "http://127.0.0.1:8001"}, TOKEN),
        ({"replicate_base_url": "https://mock.example"}, TOKEN),
        ({"replicate_base_url": "http://mock:8001"}, "r8_mock"),
        ({"replicate_base_url": "http://replicate.example"}, "r8_mock"),
    ],
)
def test_a_real_token_is_never_sent_over_plain_http_to_another_machine(values, sent):
    assert replicate_token(Settings(replicate_api_token=SecretStr(TOKEN), **values)) == sent
