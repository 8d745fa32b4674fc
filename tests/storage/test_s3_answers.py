from datetime import UTC, datetime

import pytest

from storage.errors import StorageUnavailableError
from storage.objects import ObjectInfo
from storage.s3_answers import failures_of, page_of

NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
AT = datetime(2026, 11, 20, 10, 20, 30, tzinfo=UTC)


def row(key="a", size="5", modified="2026-11-20T10:20:30.000Z"):
    return f"<Contents><Key>{key}</Key><LastModified>{modified}</LastModified><Size>{size}</Size></Contents>"


def listing(*rows, truncated="false", more="", namespace=NAMESPACE):
    inner = f"<IsTruncated>{truncated}</IsTruncated>{more}{''.join(rows)}"
    return f"<?xml version='1.0'?><ListBucketResult{namespace}>{inner}</ListBucketResult>".encode()


@pytest.mark.parametrize("namespace", [NAMESPACE, "", ' xmlns="http://doc.s3.amazonaws.com/2006-03-01"'])
def test_a_listing_is_read_with_any_namespace(namespace):
    page = page_of(listing(row("a"), row("b", "7"), namespace=namespace))

    assert page.rows == (ObjectInfo("a", 5, AT), ObjectInfo("b", 7, AT))
    assert page.next_page is None


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T10:20:30Z", "2026-11-20T12:20:30.000+02:00", "Fri, 20 Nov 2026 10:20:30 GMT"],
)
def test_times_are_read_in_the_forms_that_storages_write(text):
    assert page_of(listing(row(modified=text))).rows[0].modified_at == AT


def test_encoded_keys_are_decoded_and_plain_ones_are_not():
    encoded = "<EncodingType>url</EncodingType>"

    assert page_of(listing(row("a+b%2Bc%25/d"), more=encoded)).rows[0].key == "a b+c%/d"
    assert page_of(listing(row("a+b%2Bc%25/d"))).rows[0].key == "a+b%2Bc%25/d"
    assert page_of(listing(row("a&lt;b&amp;c"))).rows[0].key == "a<b&c"


def test_the_next_page_is_named_only_where_there_is_one():
    token = "<NextContinuationToken>t/1==</NextContinuationToken>"

    assert page_of(listing(truncated="true", more=token)).next_page == "t/1=="
    assert page_of(listing(truncated="false", more=token)).next_page is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Bad gateway<br></body></html>",
        b"<html><body>Bad gateway</body></html>",
        b"<ListBucketResult><Contents>",
        b"<ListBucketResult></ListBucketResult>",
        b"<Error><Code>InternalError</Code></Error>",
        listing(truncated="perhaps"),
        listing(row(size="many")),
        listing(row(modified="yesterday")),
        listing("<Contents><Key>a</Key></Contents>"),
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><ListBucketResult>&b;</ListBucketResult>',
    ],
)
def test_what_is_no_listing_is_unavailable(body):
    with pytest.raises(StorageUnavailableError):
        page_of(body)


def test_a_listing_that_would_unfold_without_end_is_unavailable():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "eeeeeeeeee">{entities}]><ListBucketResult>&e11;</ListBucketResult>'

    with pytest.raises(StorageUnavailableError):
        page_of(bomb.encode())


def test_the_objects_that_stayed_are_named():
    body = (
        f"<DeleteResult{NAMESPACE}><Deleted><Key>a</Key></Deleted>"
        "<Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>"
    )

    assert list(failures_of(body.encode())) == [("b", "AccessDenied")]


def test_a_refusal_in_place_of_a_deletion_is_unavailable():
    with pytest.raises(StorageUnavailableError):
        list(failures_of(b"<Error><Code>InternalError</Code></Error>"))
