"""What can go wrong with the memory of the product, by who can act."""


class StorageError(Exception):
    """Root of all errors of this package; foreign errors never leave it."""


class ObjectNotFoundError(StorageError):
    """There is no object under `key`."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object at {key}")
        self.key = key


class PreconditionFailedError(StorageError):
    """A conditional write was refused: the object exists already, or is no longer the one that was read."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was changed or created by somebody else")
        self.key = key


class ObjectTooLargeError(StorageError):
    """The object is larger than the reader is ready to take."""

    def __init__(self, key: str, max_bytes: int) -> None:
        super().__init__(f"{key} is larger than {max_bytes} bytes")
        self.key, self.max_bytes = key, max_bytes


class StorageUnavailableError(StorageError):
    """Time helps: the storage is down, slow or throttling. `retry_after_s` is its own wish, if it uttered one."""

    def __init__(self, what: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(what)
        self.retry_after_s = retry_after_s


class StorageRefusedError(StorageError):
    """Only the operator helps: wrong credentials, missing bucket, missing permission, disk full."""


class RecordCorruptError(StorageError):
    """A record cannot be read: it is not our JSON, or far too large."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key}: {why}")
        self.key = key


class RecordTooNewError(StorageError):
    """A record was written by a newer version of this program, which alone may touch it."""

    def __init__(self, key: str, version: object, known: int) -> None:
        super().__init__(f"{key} has version {version}, this program knows {known}")
        self.key = key
