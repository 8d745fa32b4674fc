"""Translates what the operating system says about a disk: who can act."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from storage.errors import StorageRefusedError, StorageUnavailableError

_OPERATOR_FAULTS = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOENT,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


@contextmanager
def disk_errors(doing: str, key: str = "") -> Iterator[None]:
    """Turns an `OSError` in its block into one of the `StorageError` tree; `doing` is an infinitive, and
    `key` what it is done to: an object, or the directory.
    """
    try:
        yield
    except OSError as error:
        code = error.errno or 0
        what = f"cannot {doing} {key}".rstrip() + f": {os.strerror(code)}"
        if code in _OPERATOR_FAULTS:
            raise StorageRefusedError(what) from error
        raise StorageUnavailableError(what) from error
