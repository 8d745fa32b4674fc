"""Our own reference in the callback's URL."""

from urllib.parse import parse_qs, urlsplit

import pytest

from bot.jobs.callback_reference import CallbackReference, JobReference, ReferenceForgedError
from storage.object_keys import job_id_of

JOB = job_id_of(1, 7, 1)
REFERENCES = CallbackReference("https://bot.example/webhook/replicate", b"k" * 32)


def query_of(url: str) -> tuple[str, str, str]:
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    return query["job"][0], query["slot"][0], query["ref"][0]


@pytest.mark.parametrize("slot", [0, 1, 99])
def test_the_url_leads_back_to_job_and_slot(slot):
    assert REFERENCES.parse(*query_of(REFERENCES.url(JOB, slot))) == JobReference(JOB, slot)


def test_the_url_is_the_same_every_time_and_in_every_process_with_this_key():
    other = CallbackReference("https://bot.example/webhook/replicate", b"k" * 32)
    assert REFERENCES.url(JOB, 1) == other.url(JOB, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda job, slot, ref: (job_id_of(1, 7, 2), slot, ref),
        lambda job, slot, ref: (job, "1", ref),
        lambda job, slot, ref: (job, f"0{slot}", ref),
        lambda job, slot, ref: (job, "٠", ref),  # noqa: RUF001 - a digit, but not ours
        lambda job, slot, ref: (job, "-0", ref),
        lambda job, slot, ref: (job, "", ref),
        lambda job, slot, ref: (job, "9" * 5000, ref),
        lambda job, slot, ref: (job, slot, ref[:-1]),
        lambda job, slot, ref: (job, slot, ref.upper()),
        lambda job, slot, ref: (job, slot, ""),
        lambda job, slot, ref: (job, slot, "é" * 32),
        lambda job, slot, ref: (job, slot, "\ud800"),
        lambda job, slot, ref: ("", "", ""),
        lambda job, slot, ref: ("../jobs", slot, ref),
    ],
)
def test_what_we_did_not_make_is_forged(change):
    with pytest.raises(ReferenceForgedError):
        REFERENCES.parse(*change(*query_of(REFERENCES.url(JOB, 0))))


def test_another_key_makes_other_references():
    other = CallbackReference("https://bot.example/webhook/replicate", b"x" * 32)
    with pytest.raises(ReferenceForgedError):
        other.parse(*query_of(REFERENCES.url(JOB, 0)))


@pytest.mark.parametrize(("job", "slot"), [("../x", 0), (JOB, 100)])
def test_even_a_genuine_signature_makes_no_strange_reference(job, slot):
    with pytest.raises(ReferenceForgedError):
        REFERENCES.parse(*query_of(REFERENCES.url(job, slot)))


def test_the_reference_does_not_show_the_key():
    assert "kkkk" not in REFERENCES.url(JOB, 0)
