import hashlib
import hmac
from base64 import urlsafe_b64encode
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.signed_links import LinkRefusedError, attachment_disposition, sign_link, verify_link

KEY = b"signing key"
KEYS = st.from_regex(r"[ -.0-~]{1,20}(/[ -.0-~]{1,20}){0,2}", fullmatch=True)
FILENAMES = st.none() | st.text(max_size=20)


def follow(link: str) -> tuple[str, dict[str, str]]:
    """Key and query as a web framework hands them out."""
    parts = urlsplit(link)
    return unquote(parts.path).removeprefix("/files/"), dict(parse_qsl(parts.query, keep_blank_values=True))


def test_the_signature_is_the_documented_one():
    key, query = follow(sign_link(KEY, method="GET", key="a b/c.jpg", expires_at=1_700_000_000, filename="ä.jpg"))

    text = "file%20link%20v1\nGET\na%20b%2Fc.jpg\n1700000000\n%C3%A4.jpg"
    digest = hmac.new(KEY, text.encode(), hashlib.sha256).digest()
    assert key == "a b/c.jpg"
    assert query == {"e": "1700000000", "n": "ä.jpg", "s": urlsafe_b64encode(digest).decode().rstrip("=")}


@given(KEYS, FILENAMES, st.integers(1, 10**11))
def test_a_link_of_ours_is_good_until_it_expires(key, filename, expires_at):
    found, query = follow(sign_link(KEY, method="GET", key=key, expires_at=expires_at, filename=filename))

    assert found == key
    assert verify_link(KEY, method="GET", key=key, query=query, now=expires_at - 0.001) == filename
    with pytest.raises(LinkRefusedError, match="expired"):
        verify_link(KEY, method="GET", key=key, query=query, now=expires_at)


@given(KEYS, KEYS, FILENAMES, FILENAMES, st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_signature_is_good_for_one_link_only(key, other_key, name, other_name, expires_at, other_expiry):
    _, query = follow(sign_link(KEY, method="GET", key=key, expires_at=expires_at, filename=name))
    changed = {"s": query["s"], "e": str(other_expiry)} | ({} if other_name is None else {"n": other_name})
    if (key, name, expires_at) == (other_key, other_name, other_expiry):
        return

    with pytest.raises(LinkRefusedError, match="signature"):
        verify_link(KEY, method="GET", key=other_key, query=changed, now=0)


@pytest.mark.parametrize(
    "change",
    [
        {"s": None},
        {"s": ""},
        {"s": "ä" * 43},
        {"s": "\udcff"},
        {"e": None},
        {"e": ""},
        {"e": " 100"},
        {"e": "0100"},
        {"e": "1e9"},
        {"e": "-1"},
        {"e": "9" * 400},
        {"n": ""},
    ],
)
def test_an_incomplete_or_malformed_link_is_refused(change):
    _, query = follow(sign_link(KEY, method="GET", key="a", expires_at=100))
    changed = {name: value for name, value in (query | change).items() if value is not None}

    with pytest.raises(LinkRefusedError):
        verify_link(KEY, method="GET", key="a", query=changed, now=0)


def test_another_method_or_another_signing_key_is_refused():
    _, query = follow(sign_link(KEY, method="GET", key="a", expires_at=100))

    for signing_key, method in ((KEY, "HEAD"), (KEY, "PUT"), (b"other", "GET"), (b"", "GET")):
        with pytest.raises(LinkRefusedError):
            verify_link(signing_key, method=method, key="a", query=query, now=0)


def test_a_signed_expiry_that_is_no_number_is_refused():
    _, query = follow(sign_link(KEY, method="GET", key="a", expires_at="soon"))

    with pytest.raises(LinkRefusedError, match="expired"):
        verify_link(KEY, method="GET", key="a", query=query, now=0)


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a.jpg", "attachment; filename=\"a.jpg\"; filename*=UTF-8''a.jpg"),
        ('a"\\b.jpg', "attachment; filename=\"a__b.jpg\"; filename*=UTF-8''a%22%5Cb.jpg"),
        ("a\r\nSet-Cookie: x", "attachment; filename=\"a__Set-Cookie: x\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x"),
        ("фото.jpg", "attachment; filename=\"____.jpg\"; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE.jpg"),
    ],
)
def test_a_filename_cannot_leave_its_header(filename, expected):
    assert attachment_disposition(filename) == expected
