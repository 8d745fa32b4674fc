"""What single events of drafts and of the handing over mean."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.delivery_events import DeliveryReleased, Handed, HandedOver, ReportSettled, ReportStored
from storage.draft_events import (
    AlbumUseChosen,
    AnswerAwaited,
    FirstChosen,
    GatheringEnded,
    InputAdded,
    Joined,
    JoinRefused,
    PresetChosen,
    PromptGiven,
    SlotsPlanned,
    StartConfirmed,
)
from storage.event import EventRefusedError
from storage.job import Claim, InputImage, Job, JobFile, JobStatus, Outcome, Report, Slot
from storage.transitions import apply, apply_all
from storage.wishes import AlbumUse, Wishes
from tests.support.fakes import BEGIN, new_job

SOON = BEGIN + timedelta(seconds=1)
LATER = BEGIN + timedelta(seconds=5)
CLAIM = Claim("me", BEGIN)


def picture(number: int) -> InputImage:
    return InputImage(f"file{number}", message_id=number)


def draft(*numbers: int, **changes) -> Job:
    return new_job(inputs=tuple(map(picture, numbers or (1,))), slots=(), **changes)


def order(job: Job) -> list[int | None]:
    return [image.message_id for image in job.inputs]


def test_members_of_an_album_stand_in_the_order_of_their_messages():
    job = draft(2, gathering_until=SOON)
    added = [InputAdded(picture(n), gathered_until=LATER) for n in (3, 1, 3)]
    job = apply_all(job, added, LATER)
    assert (order(job), job.gathering_until) == ([1, 2, 3], LATER)


def test_a_member_that_comes_when_the_album_is_gathered_is_not_taken_and_an_answer_is():
    job = draft(2)
    assert apply(job, InputAdded(picture(1), gathered_until=LATER), LATER) is job
    assert order(apply(job, InputAdded(picture(1)), LATER)) == [2, 1]


def test_an_older_member_does_not_shorten_the_gathering():
    job = apply(draft(1, gathering_until=LATER), InputAdded(picture(2), gathered_until=SOON), SOON)
    assert job.gathering_until == LATER


def test_what_a_caption_says_counts_for_the_album_and_makes_it_a_wish_of_its_own():
    job = draft(1, gathering_until=SOON, joins="another", prompt="")
    said = apply(job, InputAdded(picture(2), gathered_until=SOON, preset="upscale", prompt="sharper"), SOON)
    assert (said.preset, said.prompt, said.joins) == ("upscale", "sharper", None)
    silent = apply(said, InputAdded(picture(3), gathered_until=SOON, prompt="other words"), SOON)
    assert (silent.preset, silent.prompt) == ("upscale", "sharper")


ANSWERS = [
    InputAdded(picture(9)),
    PresetChosen("edit"),
    PromptGiven("more light"),
    AlbumUseChosen(AlbumUse.FIRST),
    FirstChosen(2),
    StartConfirmed(),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
@pytest.mark.parametrize(
    "settled",
    [
        {"slots": (Slot(),)},
        {"cancel_requested": True},
        {"outcome": Outcome(JobStatus.CANCELED, BEGIN), "status": JobStatus.PROCESSING},
    ],
    ids=["planned", "called_off", "ended"],
)
def test_an_answer_that_comes_too_late_changes_nothing(answer, settled):
    job = replace(draft(1, 2), **settled)
    assert apply(job, answer, LATER) is job


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_what_an_answer_changed_is_shown_anew(answer):
    job = draft(1, 2, status_shown="ask_start")
    assert apply(job, answer, LATER).status_shown == ""
    assert apply(apply(job, answer, LATER), answer, LATER).status_shown == ""


def test_whoever_comes_first_is_said_absolutely():
    job = apply(draft(1, 2, 3), FirstChosen(3), LATER)
    assert order(job) == [3, 1, 2]
    assert apply(job, FirstChosen(3), LATER) is job
    assert apply(job, FirstChosen(77), LATER) is job


def test_the_time_for_an_answer_only_grows():
    job = draft(deadline=LATER)
    assert apply(job, AnswerAwaited(SOON), SOON) is job
    assert apply(job, AnswerAwaited(LATER + timedelta(1)), SOON).deadline == LATER + timedelta(1)


def test_a_gathering_that_was_prolonged_does_not_end_yet():
    job = draft(gathering_until=LATER)
    with pytest.raises(EventRefusedError):
        apply(job, GatheringEnded(SOON), SOON)
    ended = apply(job, GatheringEnded(LATER), LATER)
    assert ended.gathering_until is None
    assert apply(ended, GatheringEnded(LATER), LATER) is ended


PLAN = SlotsPlanned((Slot(seed=1),), LATER, "restore", 1, Wishes())


@pytest.mark.parametrize(
    "said",
    [
        {"preset": "edit"},
        {"wishes": Wishes(album=AlbumUse.FIRST)},
        {"inputs": (picture(1), picture(2))},
        {"gathering_until": LATER},
        {"joins": "another"},
        {"cancel_requested": True},
        {"slots": (Slot(seed=2),)},
    ],
    ids=lambda said: next(iter(said)),
)
def test_a_plan_that_something_overtook_is_refused(said):
    with pytest.raises(EventRefusedError):
        apply(replace(draft(), **said), PLAN, SOON)


def test_a_plan_sets_slots_and_the_time_for_the_result():
    job = apply(draft(), PLAN, SOON)
    assert (job.slots, job.deadline, job.status, job.draft) == (PLAN.slots, LATER, JobStatus.PENDING, False)
    assert apply(job, PLAN, LATER) is job


def test_a_job_that_was_handed_on_is_over_and_one_that_was_refused_goes_its_own_way():
    job = draft(joins="another")
    over = apply(job, Joined(SOON), SOON)
    assert (over.status, over.outcome.code) == (JobStatus.CANCELED, "joined")
    assert apply(over, Joined(SOON), SOON) is over
    own = apply(job, JoinRefused(), SOON)
    assert (own.status, own.joins) == (JobStatus.PENDING, None)
    with pytest.raises(EventRefusedError):
        apply(own, Joined(SOON), SOON)


# --- handing over -----------------------------------------------------------------------------------------------------

FILES = tuple(JobFile(f"images/output/x/{n}.png", "image/png", 3, n) for n in (1, 2))


def handing(**changes) -> Job:
    values = {
        "status": JobStatus.PROCESSING,
        "slots": tuple(Slot(files=(file,)) for file in FILES),
        "outcome": Outcome(JobStatus.COMPLETED, BEGIN),
        "delivery": CLAIM,
    }
    return new_job(**{**values, **changes})


def test_each_result_knows_its_message_and_telegrams_name_for_it():
    job = apply(handing(), HandedOver(0, tuple(Handed(f.key, 10 + f.number, f"id{f.number}") for f in FILES)), SOON)
    assert [(file.message_id, file.file_id) for file in job.files] == [(11, "id1"), (12, "id2")]
    assert (job.handed, job.message_ids) == (2, (11, 12))


def test_the_first_message_that_shows_a_result_is_its_own():
    job = apply(handing(), HandedOver(0, (Handed(FILES[0].key, 11, "photo"),)), SOON)
    job = apply(job, HandedOver(1, (Handed(FILES[0].key, 12, "document"),)), SOON)
    assert (job.files[0].message_id, job.files[0].file_id) == (11, "photo")
    assert (job.handed, job.message_ids) == (2, (11, 12))


def test_what_was_handed_over_already_is_no_news():
    once = apply(handing(), HandedOver(0, (Handed(FILES[0].key, 11),)), SOON)
    assert apply(once, HandedOver(0, (Handed(FILES[0].key, 99),)), LATER) is once


def test_what_was_not_sent_counts_as_handed_over_without_a_message():
    job = apply(handing(), HandedOver(0, (Handed(FILES[0].key), Handed(FILES[1].key, 12))), SOON)
    assert (job.handed, job.message_ids, job.files[0].message_id) == (2, (12,), None)


def test_nothing_is_handed_over_before_it_is_decided():
    with pytest.raises(EventRefusedError):
        apply(handing(outcome=None), HandedOver(0, ()), SOON)


def test_what_stands_in_the_chat_counts_although_the_claim_was_taken_back_meanwhile():
    job = apply(handing(), DeliveryReleased(CLAIM), SOON)
    job = apply(job, HandedOver(0, (Handed(FILES[0].key, 11),)), LATER)
    assert (job.delivery, job.handed, job.message_ids) == (None, 1, (11,))


def test_a_claim_is_not_released_once_something_was_handed_over():
    job = apply(handing(), HandedOver(0, (Handed(FILES[0].key, 11),)), SOON)
    assert apply(job, DeliveryReleased(CLAIM), LATER) is job


def test_a_report_is_made_once_and_settled_with_its_message_or_without():
    job = apply_all(handing(), [ReportStored("a.pdf", "a.png"), ReportStored("b.pdf", "b.png")], SOON)
    assert job.report == Report("a.pdf", "a.png")
    shown = apply_all(job, [ReportSettled(13), ReportSettled(13)], SOON)
    assert (shown.report.settled, shown.message_ids) == (True, (13,))
    assert apply(handing(), ReportSettled(), SOON).report == Report(settled=True)
