"""Keys: what is built can be parsed, what is foreign is not taken for ours."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import object_keys

JOB = object_keys.job_id_of(1, 7, 3)
HOSTILE = ["", "..", "../x", "a/b", "a b", "a\n", "é", "%2e", "x" * 65, "p\0", f"{JOB}\n", JOB.upper(), JOB[:-1]]
MOMENTS = st.integers(0, 9 * 10**12).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
QUICK = settings(max_examples=200, deadline=None, derandomize=True)


def test_the_same_delivery_always_gives_the_same_job():
    assert object_keys.job_id_of(1, 7, 3) == JOB
    assert object_keys.is_job_id(JOB)
    assert uuid.UUID(JOB).version == 5
    # Changing this would make second jobs of updates that come again after an upgrade.
    assert object_keys.job_id_of(42, 7, 3) == str(
        uuid.uuid5(uuid.UUID("5f2c9f0e-6d0b-5f0a-9a3e-3b1d6f6f7c11"), "42/7/3")
    )


def test_other_deliveries_give_other_jobs():
    assert (
        len({object_keys.job_id_of(*i) for i in [(1, 7, 3), (1, 73), (17, 3), (1, 7, "3x"), (1, 7, 4), (2, 7, 3)]}) == 6
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_no_id_and_makes_no_key(text):
    assert not object_keys.is_job_id(text)
    if text not in (JOB.upper(), JOB[:-1]):
        assert not object_keys.is_prediction_id(text)
        with pytest.raises(ValueError, match="prediction"):
            object_keys.task(text)


def test_an_open_marker_names_its_job():
    assert object_keys.job_id_of_marker(object_keys.open_marker(JOB)) == JOB
    assert object_keys.open_marker(JOB).startswith(object_keys.OPEN)


@pytest.mark.parametrize("key", ["open/", "open/x", f"open/{JOB}/x", f"opened/{JOB}", f"open/open/{JOB}"])
def test_a_foreign_object_among_the_markers_is_no_job(key):
    assert object_keys.job_id_of_marker(key) is None


def test_pictures_have_the_same_key_on_every_attempt_and_their_own_for_each_place():
    keys = [object_keys.input_image(JOB, n, "jpg") for n in (0, 1)] + [
        object_keys.output_image(JOB, n, "png") for n in (1, 2)
    ]
    assert len(set(keys)) == 4
    assert keys[0] == object_keys.input_image(JOB, 0, "jpg")
    assert re.fullmatch(r"images/input/[0-9a-f-]{36}\.jpg", keys[0])
    assert keys[2] == f"images/output/{JOB}/1.png"


@pytest.mark.parametrize("extension", ["", "../x", "JPG", "jpg/", "toolong", "j g"])
def test_an_extension_cannot_lead_elsewhere(extension):
    with pytest.raises(ValueError, match="extension"):
        object_keys.input_image(JOB, 0, extension)
    with pytest.raises(ValueError, match="extension"):
        object_keys.output_image(JOB, 1, extension)


@QUICK
@given(MOMENTS)
def test_a_history_key_tells_its_time(at):
    key = object_keys.history("tg-7", at, JOB)
    assert key.startswith(object_keys.history_prefix("tg-7"))
    assert abs(object_keys.history_time(key) - at.timestamp()) <= 0.001
    assert key.endswith(JOB)


@QUICK
@given(st.lists(MOMENTS, min_size=2, max_size=8, unique=True))
def test_ascending_history_keys_are_descending_times(moments):
    keys = {at: object_keys.history("tg-7", at, JOB) for at in moments}
    newest_first = sorted(moments, reverse=True)
    times = [int(at.timestamp() * 1000) for at in newest_first]
    if len(set(times)) == len(times):
        assert [keys[at] for at in newest_first] == sorted(keys.values())


def test_one_persons_history_does_not_begin_like_anothers():
    assert not object_keys.history("tg-77", datetime(2026, 1, 1, tzinfo=UTC), JOB).startswith(
        object_keys.history_prefix("tg-7")
    )


def test_poison_is_kept_apart_by_kind():
    assert object_keys.poison("jobs", JOB) == f"poison/jobs/{JOB}.json"
