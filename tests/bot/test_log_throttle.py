"""Lines that others cause are counted, not written."""

from bot.log_throttle import LogThrottle


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_few_a_minute_and_then_how_many_were_left_out():
    clock = Clock()
    few = LogThrottle(2, now=clock)
    assert [few.left_out("a") for _ in range(4)] == [0, 0, None, None]
    assert few.left_out("b") == 0
    clock.now += 60
    assert [few.left_out("a") for _ in range(3)] == [2, 0, None]


def test_only_the_latest_keys_are_remembered():
    few = LogThrottle(1, keys=3, now=Clock())
    for key in "abcd":
        few.left_out(key)
    assert len(few._windows) == 3
    assert few.left_out("d") is None
    assert few.left_out("a") == 0
