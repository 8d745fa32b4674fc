import base64

import pytest

from mock_server.replicate.signing import generate_webhook_secret, sign, signing_key

# The example of the Standard Webhooks specification and its libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_example_is_signed_as_published():
    key = signing_key(SECRET)
    assert sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}') == SIGNATURE


def test_a_new_secret_holds_32_bytes_and_is_never_the_same():
    first, second = generate_webhook_secret(), generate_webhook_secret()
    assert len(signing_key(first)) == 32
    assert first != second


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "plain", "whsec_%%%", "whsec_ключ", "whsec_" + base64.b64encode(b"short").decode()]
)
def test_a_bad_secret_is_refused_without_repeating_it(secret):
    with pytest.raises(ValueError, match="webhook secret") as error:
        signing_key(secret)
    assert secret.removeprefix("whsec_") == "" or secret.removeprefix("whsec_") not in str(error.value)
