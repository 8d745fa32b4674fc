"""Which messages a job's results go into."""

import pytest

from bot.jobs.parcels import Form, items, next_parcel
from storage.job import Job, JobFile, JobStatus, Outcome, Slot
from storage.wishes import Delivery
from tests.support.fakes import BEGIN, new_job

DONE = Outcome(JobStatus.COMPLETED, BEGIN)
PHOTO = JobFile("photo.jpg", "image/jpeg", 1)
LARGE = JobFile("large.png", "image/png", 1, as_photo=False, preview="large.preview.jpg")
ODD = JobFile("odd.webp", "image/webp", 1, as_photo=False)
TEXT = JobFile("words.txt", "text/plain; charset=utf-8", 1, as_photo=False)


def job_of(*files: JobFile, delivery: Delivery = Delivery.PHOTO, handed: int = 0, outcome=DONE) -> Job:
    job = new_job(slots=tuple(Slot(files=(file,)) for file in files), outcome=outcome, handed=handed)
    origin = type(job.origin)("tg-7", "en", chat_id=7, delivery=delivery)
    return new_job(slots=job.slots, outcome=outcome, handed=handed, origin=origin)


def shape(job: Job) -> list[tuple[Form, str, int]]:
    return [(item.form, item.key, item.number) for item in items(job)]


def test_photos_come_as_photos_and_what_is_none_also_as_a_file():
    assert shape(job_of(PHOTO, LARGE, ODD)) == [
        (Form.PHOTO, "photo.jpg", 1),
        (Form.PHOTO, "large.preview.jpg", 2),
        (Form.FILE, "large.png", 2),
        (Form.FILE, "odd.webp", 3),
    ]


def test_who_wishes_for_files_gets_files():
    assert shape(job_of(PHOTO, LARGE, delivery=Delivery.FILE)) == [
        (Form.FILE, "photo.jpg", 1),
        (Form.FILE, "large.png", 2),
    ]


def test_who_wishes_for_both_gets_both():
    assert [form for form, *_ in shape(job_of(PHOTO, LARGE, delivery=Delivery.BOTH))] == [
        *[Form.PHOTO] * 2,
        *[Form.FILE] * 2,
    ]


@pytest.mark.parametrize("delivery", Delivery)
def test_words_are_words_whatever_was_wished_for_pictures(delivery):
    assert shape(job_of(TEXT, delivery=delivery)) == [(Form.TEXT, "words.txt", 1)]


def parcels(job: Job) -> list[tuple[Form, int]]:
    """Form and size of one parcel after the other."""
    sizes, handed = [], job.handed
    while parcel := next_parcel(new_job(slots=job.slots, origin=job.origin, outcome=job.outcome, handed=handed)):
        assert len({item.form for item in parcel}) == 1
        sizes.append((parcel[0].form, len(parcel)))
        handed += len(parcel)
    return sizes


def test_an_album_has_one_form_and_at_most_ten_members():
    assert parcels(job_of(*[PHOTO] * 12, LARGE)) == [(Form.PHOTO, 10), (Form.PHOTO, 3), (Form.FILE, 1)]
    assert parcels(job_of(TEXT, TEXT)) == [(Form.TEXT, 1), (Form.TEXT, 1)]


def test_what_is_left_after_the_first_one_is_one_album_again():
    assert parcels(job_of(*[PHOTO] * 3, handed=1)) == [(Form.PHOTO, 2)]


@pytest.mark.parametrize("outcome", [None, Outcome(JobStatus.FAILED, BEGIN), Outcome(JobStatus.CANCELED, BEGIN)])
def test_nothing_is_handed_over_unless_the_job_went_well(outcome):
    assert next_parcel(job_of(PHOTO, outcome=outcome)) == ()
