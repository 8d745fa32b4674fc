from mock_server.replicate.rate_limit import TokenBucket


def test_a_burst_passes_then_the_wait_is_told_then_it_fills_again(clock):
    bucket = TokenBucket(60, clock)
    assert [bucket.take() for _ in range(61)] == [0] * 60 + [1]
    clock.now += 1
    assert [bucket.take(), bucket.take()] == [0, 1]
    clock.now += 3600
    bucket.take()
    assert bucket.remaining == 59


def test_a_clock_that_goes_back_takes_nothing_away(clock):
    bucket = TokenBucket(2, clock)
    clock.now -= 1000
    assert [bucket.take(), bucket.take()] == [0, 0]


def test_zero_is_no_limit(clock):
    bucket = TokenBucket(0, clock)
    assert [bucket.take() for _ in range(5000)] == [0] * 5000
    assert bucket.remaining > 0
