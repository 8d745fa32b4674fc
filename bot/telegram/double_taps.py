"""The same picture for the same wish twice within seconds: a finger that slipped, not two wishes."""

import asyncio
from collections import OrderedDict

_WITHIN_S = 10.0


class DoubleTaps:
    """Remembers the wishes of the last seconds, of this process."""

    def __init__(self) -> None:
        self._latest: OrderedDict[tuple[object, ...], tuple[str, float]] = OrderedDict()

    def before(self, job_id: str, *wish: object) -> str | None:
        """The other job that is for the same wish and just a few seconds old, if there is one.

        The same job again is a delivery that is repeated, which is another matter.
        """
        known, at = self._latest.get(wish, (job_id, 0.0))
        return known if known != job_id and asyncio.get_running_loop().time() - at < _WITHIN_S else None

    def note(self, job_id: str, *wish: object) -> None:
        """From now on this job is the one for this wish."""
        now = asyncio.get_running_loop().time()
        self._latest[wish] = (job_id, now)
        self._latest.move_to_end(wish)
        while next(iter(self._latest.values()))[1] < now - _WITHIN_S:
            self._latest.popitem(last=False)
