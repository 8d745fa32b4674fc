import pytest

from storage.errors import StorageRefusedError
from storage.s3_address import address_in_host, address_in_path
from storage.s3_client import address_of, s3_client, s3_session


def url(address, key):
    return address.origin + address.path_of(key)


@pytest.mark.parametrize(
    ("endpoint", "expected", "host"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/photos/a%20b/c.jpg", "127.0.0.1:9000"),
        ("https://s3.example.org", "https://s3.example.org/photos/a%20b/c.jpg", "s3.example.org"),
        ("https://S3.Example.org:443/", "https://s3.example.org/photos/a%20b/c.jpg", "s3.example.org"),
        ("http://s3.example.org:443", "http://s3.example.org:443/photos/a%20b/c.jpg", "s3.example.org:443"),
        ("https://example.org/a store/", "https://example.org/a%20store/photos/a%20b/c.jpg", "example.org"),
        ("http://[::1]:9000", "http://[::1]:9000/photos/a%20b/c.jpg", "[::1]:9000"),
    ],
)
def test_an_s3_like_has_the_bucket_in_its_path(endpoint, expected, host):
    address = address_in_path(endpoint, "photos")

    assert url(address, "a b/c.jpg") == expected
    assert address.host == host


def test_the_bucket_itself_has_a_path_without_a_key():
    assert address_in_path("https://s3.example.org", "photos").path_of("") == "/photos"
    assert address_in_host("https://s3.example.org", "photos").path_of("") == "/"


@pytest.mark.parametrize("endpoint", ["storage.example.org", "ftp://example.org", "http://", "https://h:port", "//h"])
def test_an_endpoint_that_is_no_url_is_refused(endpoint):
    with pytest.raises(StorageRefusedError, match="endpoint"):
        address_in_path(endpoint, "photos")


class SeenError(Exception):
    """Ends a request before it is sent; its text is the URL."""


def see(request, **_):
    raise SeenError(request.url)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
async def test_aws_is_addressed_as_botocore_addresses_it(region):
    async with s3_client(s3_session("key-id", "secret", region), None) as client:
        client.meta.events.register("before-send.s3.GetObject", see)
        for bucket in ("photos", "my.photos", "my-photos-1"):
            with pytest.raises(SeenError) as seen:
                await client.get_object(Bucket=bucket, Key="a b")
            assert url(address_of(client, bucket, None), "a b") == str(seen.value)
