"""Our own job reference in the callback's URL: which job and slot a delivery is about, and that we said so.

Replicate keeps the query string and recommends it for one's own ids
(https://replicate.com/docs/topics/webhooks/setup-webhook). It lets a callback find its job even when it overtakes the
answer of the create call, or when that answer never came.
"""

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlencode

from storage.object_keys import is_job_id

_MAX_SLOTS = 100


@dataclass(frozen=True, slots=True)
class JobReference:
    """Slot `slot` of job `job_id`."""

    job_id: str
    slot: int


class ReferenceForgedError(Exception):
    """The reference is not one of ours."""


class CallbackReference:
    """Makes and checks callback URLs. `key` must be the same in every process that shares the storage."""

    def __init__(self, callback_url: str, key: bytes) -> None:
        self._url, self._key = callback_url, key

    def url(self, job_id: str, slot: int) -> str:
        """The URL that Replicate shall call for this slot."""
        return f"{self._url}?{urlencode({'job': job_id, 'slot': slot, 'ref': self._sign(job_id, str(slot))})}"

    def parse(self, job_id: str, slot: str, ref: str) -> JobReference:
        """The reference of these query values.

        Raises:
            ReferenceForgedError: we did not make it.
        """
        genuine = hmac.compare_digest(self._sign(job_id, slot).encode(), ref.encode(errors="replace"))
        if not genuine or not is_job_id(job_id) or not slot.isdecimal() or int(slot) >= _MAX_SLOTS:
            raise ReferenceForgedError
        return JobReference(job_id, int(slot))

    def _sign(self, job_id: str, slot: str) -> str:
        message = f"{job_id}/{slot}".encode(errors="replace")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:32]
