"""Which keys and times every store takes: what works on one of them works on all."""

import re

from storage.errors import StorageRefusedError

_MAX_KEY_LENGTH = 1024  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
# A part is what one directory entry can hold; "." and ".." would lead out of the root or be folded on the way.
_PART = r"(?!\.\.?(?:/|\Z))[ -.0-~]{1,255}"
_KEY = re.compile(rf"{_PART}(?:/{_PART})*")
_MAX_TTL_S = 7 * 24 * 3600  # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html


def check_key(key: str) -> None:
    """Let `key` pass if it is `/`-separated parts of printable ASCII, none of them empty, `.` or `..`.

    Raises:
        StorageRefusedError: it is not; nothing was read or written.
    """
    if len(key) > _MAX_KEY_LENGTH or _KEY.fullmatch(key) is None:
        raise StorageRefusedError(f"not a key of this storage: {key[:80]!r}")


def check_prefix(prefix: str) -> None:
    """Let `prefix` pass if some key can begin with it: its last part may be unfinished.

    Raises:
        StorageRefusedError: no key can.
    """
    folder, slash, _ = prefix.rpartition("/")
    if slash:
        check_key(folder)


def check_ttl(ttl_s: int) -> int:
    """`ttl_s`, if a presigned URL may live that many seconds.

    Raises:
        StorageRefusedError: no time at all, or more than a week.
    """
    if not 1 <= ttl_s <= _MAX_TTL_S:
        raise StorageRefusedError(f"a link may live from 1 to {_MAX_TTL_S} seconds, not {ttl_s}")
    return ttl_s
