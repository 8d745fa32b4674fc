"""Where a bucket answers: its name in the path, as S3-likes have it, or in the host, as AWS wants it."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from storage.errors import StorageRefusedError
from storage.sigv4 import encoded_path

# A certificate for *.s3.<region>.amazonaws.com does not cover names with a dot.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
_NAME_FOR_A_HOST = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """A key lies at `origin`, then `path_of(key)`. `host` is what the Host header says, port included if need be."""

    origin: str
    host: str
    root: str

    @property
    def encrypted(self) -> bool:
        """Whether requests go over TLS."""
        return self.origin.startswith("https:")

    def path_of(self, key: str) -> str:
        """The percent-encoded path of a key, or of the bucket itself for an empty one."""
        return f"{self.root}/{encoded_path(key)}" if key or not self.root else self.root


def address_in_path(endpoint_url: str, bucket: str) -> BucketAddress:
    """`https://endpoint/bucket/key`. Raises `StorageRefusedError` when the endpoint is no http(s) URL."""
    scheme, host, path = _parts(endpoint_url)
    return BucketAddress(f"{scheme}://{host}", host, f"{path}/{bucket}")


def address_in_host(endpoint_url: str, bucket: str) -> BucketAddress:
    """`https://bucket.endpoint/key`, where the bucket's name allows it."""
    if not _NAME_FOR_A_HOST.fullmatch(bucket):
        return address_in_path(endpoint_url, bucket)
    scheme, host, path = _parts(endpoint_url)
    return BucketAddress(f"{scheme}://{bucket}.{host}", f"{bucket}.{host}", path)


def _parts(endpoint_url: str) -> tuple[str, str, str]:
    """Scheme, host with a port that is not the usual one, and path without its last slash."""
    try:
        url = urlsplit(endpoint_url)
        host, port = url.hostname, url.port
    except ValueError:
        host, port = None, None
    if not host or url.scheme not in _DEFAULT_PORTS:
        raise StorageRefusedError(f"cannot set up the S3 client: the endpoint {endpoint_url} is no http(s) URL")
    host = f"[{host}]" if ":" in host else host
    shown = host if port in (None, _DEFAULT_PORTS[url.scheme]) else f"{host}:{port}"
    return url.scheme, shown, encoded_path(url.path.rstrip("/"))
