"""Stock-taking after crashes: what people see, and what was paid for. What the bot believes is another matter."""

import itertools
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from mock_server.replicate.prediction import Prediction
from tests.support.crash_runs import Scene


@dataclass(frozen=True, slots=True)
class Stock:
    """What became of all photos and of the money.

    `created_twice` counts the predictions beyond the first of a slot.
    """

    jobs: int
    delivered: int
    failed: int
    lost: int
    pinged_twice: int
    edited: int
    shown_twice: int
    left_behind: int
    created_twice: int
    created_twice_unexcused: int

    @property
    def flawless(self) -> bool:
        return not (self.failed or self.lost or self.pinged_twice or self.created_twice_unexcused)


def take_stock(at: Scene) -> Stock:
    """Looks at the chats and at Replicate only."""
    delivered = [sent for sent in at.sent if sent.results]
    failed = [s for s in at.sent if not s.results and any("Code:" in m.all_text for m in s.answers if not m.deleted)]
    twice, unexcused = _created_twice(at)
    return Stock(
        jobs=len(at.sent),
        delivered=len(delivered),
        failed=len(failed),
        lost=len(at.sent) - len(delivered) - len(failed),
        pinged_twice=sum(sent.pings > 1 for sent in at.sent),
        edited=sum(sent.pings == 0 for sent in delivered),
        shown_twice=sum(len(sent.results) > 1 for sent in at.sent),
        left_behind=sum(len(sent.waiting) for sent in delivered),
        created_twice=twice,
        created_twice_unexcused=unexcused,
    )


def _created_twice(at: Scene) -> tuple[int, int]:
    slots: dict[tuple[str, str], list[Prediction]] = defaultdict(list)
    for prediction in at.world.models.predictions():
        subscription = prediction.order.subscription
        assert subscription
        query = parse_qs(urlsplit(subscription.url).query)
        slots[query["job"][0], query["slot"][0]].append(prediction)
    pairs = [pair for made in slots.values() for pair in itertools.pairwise(made) if not _in_vain(*pair)]
    return len(pairs), sum(not _excused(at, first, second) for first, second in pairs)


def _in_vain(first: Prediction, second: Prediction) -> bool:
    """The first had failed before the second was made (it could not read its input, say): that is a new attempt."""
    return first.status == "failed" and (first.completed_at or second.created_at) < second.created_at


def _excused(at: Scene, first: Prediction, second: Prediction) -> bool:
    """The answer died with the bot, and no event of the first came through before the second was made."""
    died = any(first.created_at <= death <= second.created_at for death in at.deaths)
    heard = [d for d in at.world.models.deliveries_of(first.id) if d.status == 200 and d.at < second.created_at]
    return died and not heard
