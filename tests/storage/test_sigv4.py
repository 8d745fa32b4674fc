"""The signature against AWS's own examples, and against botocore's."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.sigv4 import UNSIGNED_PAYLOAD, Credentials, Signer, encoded_path, encoded_query, hash_of

# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
AWS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AT = datetime(2013, 5, 24, tzinfo=UTC)
HOST = "examplebucket.s3.amazonaws.com"
NOTHING = hash_of(b"")
EXAMPLES = {
    "get": (
        ("GET", "/test.txt", "", {"range": "bytes=0-9"}, NOTHING),
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "put": (
        (
            "PUT",
            "/test%24file.text",
            "",
            {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            hash_of(b"Welcome to Amazon S3."),
        ),
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "lifecycle": (
        ("GET", "/", "lifecycle=", {}, NOTHING),
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list": (
        ("GET", "/", "max-keys=2&prefix=J", {}, NOTHING),
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F), max_size=15)
QUERIES = st.dictionaries(st.text("az-AZ=&~ä/", min_size=1, max_size=4), TEXTS, max_size=3).map(dict.items).map(list)
KEYS = st.from_regex(r"[ -.0-~]{1,20}(/[ -.0-~]{1,20}){0,2}", fullmatch=True)
WHO = st.sampled_from([AWS, Credentials("ASIAEXAMPLE", "other+secret/", "temporary//token==")])


@pytest.mark.parametrize(("request_parts", "names", "signature"), EXAMPLES.values(), ids=EXAMPLES)
def test_requests_are_signed_as_in_awss_examples(request_parts, names, signature):
    method, path, query, headers, payload = request_parts

    signed = Signer("us-east-1").signed_headers(method, path, query, {"host": HOST, **headers}, payload, AWS, AT)

    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


def test_a_link_is_signed_as_in_awss_example():
    query = Signer("us-east-1").signed_query("GET", HOST, "/test.txt", [], 86400, AWS, AT)

    assert query == (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def botocores(auth, request, at, monkeypatch):
    """What botocore adds to the request at that time."""
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: at.replace(tzinfo=None))
    auth.add_auth(request)
    return request


def as_botocore(who):
    return BotocoreCredentials(who.access_key_id, who.secret_access_key, who.session_token)


@settings(max_examples=40)
@given(key=KEYS, query=QUERIES, body=st.binary(max_size=20), who=WHO, region=st.sampled_from(["us-east-1", "ru-1"]))
def test_any_request_is_signed_as_botocore_signs_it(key, query, body, who, region):
    path, encoded = f"/photos/{encoded_path(key)}", encoded_query(query)
    headers = {"content-type": "image/jpeg", "x-amz-meta-writer": "  spaced   out "}
    theirs = AWSRequest("PUT", f"https://s3.example.org:9000{path}?{encoded}", headers, body)
    theirs.context["payload_signing_enabled"] = True
    with pytest.MonkeyPatch.context() as patch:
        botocores(S3SigV4Auth(as_botocore(who), "s3", region), theirs, AT, patch)

    ours = Signer(region).signed_headers(
        "PUT", path, encoded, {"host": "s3.example.org:9000", **headers}, hash_of(body), who, AT
    )

    assert ours["authorization"] == theirs.headers["Authorization"]
    assert ours.get("x-amz-security-token") == theirs.headers.get("X-Amz-Security-Token") == who.session_token


@settings(max_examples=40)
@given(key=KEYS, filename=TEXTS, who=WHO, ttl_s=st.integers(1, 604_800))
def test_any_link_is_signed_as_botocore_signs_it(key, filename, who, ttl_s):
    path, query = f"/{encoded_path(key)}", [("response-content-disposition", filename)]
    theirs = AWSRequest("GET", f"https://photos.s3.amazonaws.com{path}", params=dict(query))
    with pytest.MonkeyPatch.context() as patch:
        botocores(S3SigV4QueryAuth(as_botocore(who), "s3", "us-east-1", expires=ttl_s), theirs, AT, patch)

    ours = Signer("us-east-1").signed_query("GET", "photos.s3.amazonaws.com", path, query, ttl_s, who, AT)

    assert dict(parse_qsl(ours, keep_blank_values=True)) == dict(
        parse_qsl(urlsplit(theirs.url).query, keep_blank_values=True)
    )


def test_names_that_begin_alike_are_sorted_by_name():
    assert encoded_query([("max-keys", "1"), ("max", "2")]) == "max=2&max-keys=1"


def test_the_day_is_part_of_the_key():
    def signature(at):
        return Signer("us-east-1").signed_headers("GET", "/", "", {"host": HOST}, UNSIGNED_PAYLOAD, AWS, at)

    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (20, 21, 20)]

    assert signature(days[0]) == signature(days[2]) != signature(days[1])


def test_credentials_do_not_show_their_secrets():
    assert repr(Credentials("id", "hush", "hush-hush")) == "Credentials(access_key_id='id')"
