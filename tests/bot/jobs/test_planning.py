"""What follows from job, preset and wishes: the open question, the slots."""

from dataclasses import replace

import pytest

from bot.jobs.planning import MAX_SLOTS, input_groups, plan, seed_of
from bot.jobs.questions import open_question
from storage.job import InputImage, JobStatus, Outcome, Slot
from storage.wishes import AlbumUse, Question, Wishes
from tests.support.fakes import BEGIN, PRESETS, new_job


def draft(pictures: int = 1, preset: str = "restore", **changes):
    inputs = tuple(InputImage(f"file{n}", message_id=n) for n in range(1, pictures + 1))
    return new_job(preset=preset, inputs=inputs, slots=(), **changes)


@pytest.mark.parametrize(
    ("job", "question"),
    [
        (draft(), None),
        (draft(4), None),
        (draft(preset=""), Question.PRESET),
        (draft(preset="no longer on offer"), Question.PRESET),
        (draft(preset="try_on"), Question.IMAGE),
        (draft(2, preset="try_on"), None),
        (draft(2, preset="try_on", album="g"), Question.START),
        (draft(2, preset="try_on", album="g", wishes=Wishes(started=True)), None),
        (draft(preset="edit"), Question.PROMPT),
        (draft(preset="edit", prompt="more light"), None),
        (draft(preset="nano_banana", album="g"), Question.PROMPT),
        (draft(2, preset="nano_banana", prompt="both", album="g"), None),
        (draft(2, wishes=Wishes(ask=(Question.ALBUM,))), Question.ALBUM),
        (draft(1, wishes=Wishes(ask=(Question.ALBUM,))), None),
        (draft(2, wishes=Wishes(ask=(Question.ALBUM,), album=AlbumUse.ALL)), None),
        (draft(wishes=Wishes(ask=(Question.START,))), Question.START),
        (draft(2, wishes=Wishes(ask=(Question.ALBUM, Question.START))), Question.ALBUM),
    ],
)
def test_one_question_at_a_time_and_only_what_is_missing(job, question):
    assert open_question(job, PRESETS) is question


@pytest.mark.parametrize(
    "changes",
    [
        {"slots": (Slot(),)},
        {"gathering_until": BEGIN},
        {"joins": "another"},
        {"cancel_requested": True},
        {"outcome": Outcome(JobStatus.CANCELED, BEGIN)},
        {"status": JobStatus.PROCESSING},
    ],
)
def test_nothing_is_asked_while_pictures_come_in_and_once_it_is_settled(changes):
    assert open_question(replace(draft(preset=""), **changes), PRESETS) is None


@pytest.mark.parametrize(
    ("count", "preset", "use", "groups"),
    [
        (1, "restore", None, [(0,)]),
        (3, "restore", None, [(0,), (1,), (2,)]),
        (3, "restore", AlbumUse.FIRST, [(0,)]),
        (2, "try_on", None, [(0, 1)]),
        (4, "try_on", None, [(0, 1), (0, 2), (0, 3)]),
        (2, "nano_banana", None, [(0, 1)]),
        (9, "nano_banana", None, [(0, 1, 2)]),
    ],
)
def test_which_pictures_go_into_a_run_together(count, preset, use, groups):
    assert input_groups(count, PRESETS[preset], use) == groups


def test_each_preset_takes_what_a_run_of_it_is_given():
    for preset in PRESETS.values():
        for count in range(preset.min_images, 12):
            for group in input_groups(count, preset):
                assert preset.min_images <= len(group) <= preset.max_images


@pytest.mark.parametrize(
    ("pictures", "variations", "slots"), [(1, 3, 3), (3, 4, 9), (4, 4, 8), (10, 4, 10), (1, 99, 10)]
)
def test_there_are_never_more_images_than_an_album_holds(pictures, variations, slots):
    job = draft(pictures, wishes=Wishes(variations=variations))
    assert len(plan(job, PRESETS["restore"])) == slots <= MAX_SLOTS


def test_variations_differ_by_their_seeds_where_the_model_takes_one():
    job = draft(preset="edit", prompt="more light", wishes=Wishes(variations=3))
    assert len({slot.seed for slot in plan(job, PRESETS["edit"])}) == 3
    assert {slot.seed for slot in plan(replace(job, preset="restore"), PRESETS["restore"])} == {None}


def test_a_slot_over_all_inputs_does_not_name_them():
    assert [slot.inputs for slot in plan(draft(), PRESETS["restore"])] == [()]
    assert [slot.inputs for slot in plan(draft(2, "try_on"), PRESETS["try_on"])] == [()]
    assert [slot.inputs for slot in plan(draft(3, "try_on"), PRESETS["try_on"])] == [(0, 1), (0, 2)]


def test_a_seed_follows_from_job_and_slot():
    one, other = new_job(1).id, new_job(2).id
    seeds = [seed_of(job_id, part) for job_id in (one, other) for part in range(10)]
    assert len(set(seeds)) == 20
    assert seeds[0] == int(one[:8], 16) % (2**31 - 1)
    assert all(0 <= seed < 2**31 for seed in seeds)
