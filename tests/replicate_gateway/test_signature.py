import base64
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from replicate_gateway.signature import (
    MIN_KEY_BYTES,
    SecretMalformedError,
    SignatureRefusedError,
    decode_secret,
    read_headers,
)

# The first text that hypothesis draws on a fresh machine builds its tables of characters, which takes a second.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Made once with `openssl dgst -sha256 -mac HMAC`, so that nothing under test has computed them.
KEY_A = bytes(range(32))
SECRET_A = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
TIMESTAMP = "1764000000"
BODY = b'{"id":"hdwst0bb05rgp0cf0p29mzk2am","status":"succeeded","output":"https://replicate.delivery/a.png"}'
SIGNATURE_A = "v1,K5Cd10E3kUbGnzRE6AIjrtzPFPi4PQC09G41v5SWTYA="
BODY_NOT_UTF8 = b"\xff\xfe\x00 not text"
SIGNATURE_NOT_UTF8 = "v1,iQIEw9CehwYpVydM32Gv7vxs/zQLCs1KBElldE4csZ4="
NOW_S = 1_764_000_000.0


def headers(signature=SIGNATURE_A, webhook_id=ID, timestamp=TIMESTAMP):
    return {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def check(given_headers, body=BODY, *, key=KEY_A, now_s=NOW_S, tolerance_s=300):
    return read_headers(given_headers, tolerance_s=tolerance_s, now_s=now_s).verify(key, body)


def reason_of(*args, **kwargs):
    with pytest.raises(SignatureRefusedError) as caught:
        check(*args, **kwargs)
    return caught.value.reason


def test_fixed_vectors_are_accepted():
    assert check(headers()) == ID
    assert check(headers(SIGNATURE_NOT_UTF8), BODY_NOT_UTF8) == ID


def test_header_names_have_no_case():
    assert check({name.title(): value for name, value in headers().items()}) == ID


OTHER = "v1," + "A" * 43 + "="


@pytest.mark.parametrize(
    "signature",
    [
        f"{OTHER} {SIGNATURE_A}",
        f"v1a,zzz {SIGNATURE_A}",
        f"garbage {SIGNATURE_A}",
        f"v1,abc {SIGNATURE_A}",
        f"v1,é {SIGNATURE_A}",
        f"v2,é  v1 , {SIGNATURE_A} tail",
    ],
)
def test_one_valid_signature_among_others_is_enough(signature):
    assert check(headers(signature)) == ID


@pytest.mark.parametrize("signature", [OTHER, "v1,", "v1,abc", SIGNATURE_A.rstrip("="), f"v1,{SIGNATURE_A}"])
def test_a_wrong_signature_is_a_mismatch(signature):
    assert reason_of(headers(signature)) == "mismatch"


@pytest.mark.parametrize("prefix", ["v2,", "v1a,", "V1,", "", ",", "v99,"])
def test_a_valid_digest_under_another_version_does_not_count(prefix):
    assert reason_of(headers(SIGNATURE_A.replace("v1,", prefix))) == "unsupported_version"


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed(missing):
    assert reason_of({name: value for name, value in headers().items() if name != missing}) == "missing_header"


@pytest.mark.parametrize(
    "timestamp",
    ["", "abc", " 1764000000 ", "1764000000\n", "+1764000000", "-1", "1764000000.0", "1_764_000_000", "9" * 5000, "²",
     "١٧٦٤٠٠٠٠٠٠"],
)  # fmt: skip
def test_only_plain_digits_are_a_timestamp(timestamp):
    assert reason_of(headers(timestamp=timestamp)) == "malformed_timestamp"


@pytest.mark.parametrize("webhook_id", ["", "a b", "a.b", "é", "\udce9", "a\n", "a" * 256])
def test_only_a_short_printable_id_without_dots_is_an_id(webhook_id):
    assert reason_of(headers(webhook_id=webhook_id)) == "malformed_id"


@pytest.mark.parametrize("away_s", [-300, 300])
def test_the_tolerance_itself_is_fresh(away_s):
    assert check(headers(), now_s=NOW_S + away_s) == ID


@pytest.mark.parametrize("away_s", [-300.5, 300.5, 10 * 365 * 86_400])
def test_older_or_younger_is_stale_though_signed(away_s):
    assert reason_of(headers(), now_s=NOW_S + away_s) == "stale"


def test_a_flood_of_signatures_is_cut_off():
    assert reason_of(headers(f"{OTHER} " * 100 + SIGNATURE_A)) == "mismatch"


def test_the_error_shows_neither_key_nor_signature():
    with pytest.raises(SignatureRefusedError) as caught:
        check(headers(OTHER))
    assert str(caught.value) == "mismatch"


@pytest.mark.parametrize("secret", [SECRET_A, SECRET_A.rstrip("="), f" {SECRET_A}\n"])
def test_a_secret_is_decoded(secret):
    assert decode_secret(secret) == KEY_A


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_****", SECRET_A.removeprefix("whsec_"), "whsec_" + "é" * 40, "whsec_" + "A" * 41,
     "whsec_" + base64.b64encode(b"k" * (MIN_KEY_BYTES - 1)).decode(),
     "whsec_AAEC_wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
)  # fmt: skip
def test_a_malformed_secret_is_refused_without_showing_it(secret):
    with pytest.raises(SecretMalformedError) as caught:
        decode_secret(secret)
    shown = secret.removeprefix("whsec_")
    assert not shown or shown not in f"{caught.value}{caught.value!r}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_an_empty_key_proves_nothing():
    with pytest.raises(SecretMalformedError):
        check(headers(), key=b"")


ids = st.text(alphabet="abcXYZ019_-", min_size=1, max_size=40)
keys = st.binary(min_size=MIN_KEY_BYTES, max_size=64)


def signed(key, webhook_id, timestamp, text):
    """By the reference implementation."""
    moment = datetime.fromtimestamp(timestamp, UTC)
    return Webhook(key).sign(webhook_id, moment, text)


@PATIENT
@given(key=keys, webhook_id=ids, timestamp=st.integers(0, 4_000_000_000), text=st.text())
def test_whatever_the_reference_implementation_signs_is_accepted(key, webhook_id, timestamp, text):
    signature = signed(key, webhook_id, timestamp, text)
    given_headers = headers(signature, webhook_id, str(timestamp))
    assert check(given_headers, text.encode(), key=key, now_s=timestamp) == webhook_id
    secret = "whsec_" + base64.b64encode(key).decode()
    assert decode_secret(secret) == key


@PATIENT
@given(data=st.data())
def test_any_changed_byte_is_refused(data):
    part = data.draw(st.sampled_from(["body", "webhook-id", "webhook-timestamp", "webhook-signature", "key"]))
    values = {**{name: text.encode() for name, text in headers().items()}, "body": BODY, "key": KEY_A}
    place = data.draw(st.integers(0, len(values[part]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != values[part][place]))
    values[part] = values[part][:place] + bytes([byte]) + values[part][place + 1 :]
    changed = {name: values[name].decode("latin-1") for name in headers()}
    with pytest.raises(SignatureRefusedError):
        check(changed, values["body"], key=values["key"], tolerance_s=10**12)


@PATIENT
@given(
    st.dictionaries(st.sampled_from([*headers(), "x"]), st.text() | st.sampled_from([ID, TIMESTAMP, SIGNATURE_A])),
    st.binary(),
)
def test_hostile_headers_are_refused_and_nothing_else(given_headers, body):
    with pytest.raises(SignatureRefusedError):
        check(given_headers, body + b"!")
