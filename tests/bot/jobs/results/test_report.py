"""The page about a job of several images: what it says, and that it can be drawn from anything."""

import io
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po
from PIL import Image, ImageFont

from bot.jobs.images import contact_sheet as drawing
from bot.jobs.images.contact_sheet import Cell, columns_for, contact_sheet
from bot.jobs.results.report import ReportWriter, report_keys, wants_report
from bot.telegram.catalogues import locales, path_of
from bot.telegram.wording import text
from storage.job import InputImage, JobFile, JobStatus, Outcome, Report, Slot, SlotState
from tests.support import pictures
from tests.support.fakes import BEGIN, PRESETS, new_job

SEOUL = ReportWriter(text, ZoneInfo("Asia/Seoul"))


def result(number: int, **changes) -> Slot:
    file = JobFile(f"images/output/j/{number}.png", "image/png", 3, number)
    values = {"seed": 40 + number, "state": SlotState.ARCHIVED, "prediction_id": f"p{number}", "predict_time_s": 1.25}
    return Slot(**{**values, "files": (file,), **changes})


def done(*slots: Slot, pictures_sent: int = 1, locale: str = "en"):
    inputs = tuple(InputImage("f", key=f"images/input/{n}.jpg") for n in range(1, pictures_sent + 1))
    job = new_job(
        preset="edit", slots=slots, inputs=inputs, outcome=Outcome(JobStatus.COMPLETED, BEGIN + timedelta(seconds=9))
    )
    return replace(job, origin=replace(job.origin, locale=locale))


THREE = done(result(1), result(2), Slot(state=SlotState.FAILED, failure="model_failed", prediction_id="p3"))


def test_it_says_what_was_made_by_what_when_and_for_how_much():
    lines = SEOUL.lines(THREE, PRESETS["edit"])
    assert lines == [
        "Edit by words · black-forest-labs/flux-kontext-pro",
        "Begun 2026-11-21 21:00:00 KST · done 2026-11-21 21:00:09 KST",
        "2 of 3 made · the model worked for 2.5 s",
        "Estimated cost: $0.120",
    ]
    assert THREE.code in SEOUL.title(THREE)


def test_it_shows_the_original_each_result_and_a_frame_for_what_is_missing():
    shown = {key: BytesIO() for key in report_keys(THREE)}
    cells = SEOUL.cells(THREE, shown.get)
    assert [cell.lines for cell in cells] == [
        ("Original",),
        ("1", "seed 41 · 1.2 s"),
        ("2", "seed 42 · 1.2 s"),
        ("could not be made",),
    ]
    assert [cell.source for cell in cells] == [*shown.values(), None]


def test_with_several_originals_each_result_names_its_own():
    job = done(result(1, inputs=(0, 1), seed=None), result(2, inputs=(0, 2), seed=None), pictures_sent=3)
    words = [cell.lines[0] for cell in SEOUL.cells(job, lambda _: None)]
    assert words == ["Original 1", "Original 2", "Original 3", "1 ← 1, 2", "2 ← 1, 3"]


@pytest.mark.parametrize(
    ("job", "wanted"),
    [
        (THREE, True),
        (done(result(1)), False),
        (replace(THREE, outcome=None), False),
        (replace(THREE, outcome=Outcome(JobStatus.FAILED, BEGIN)), False),
        (replace(THREE, report=Report("a.pdf", "a.png")), True),
        (replace(THREE, report=Report("a.pdf", "a.png", settled=True)), False),
        (done(*[result(n, files=(JobFile("1.txt", "text/plain", 1),)) for n in (1, 2)]), False),
    ],
)
def test_a_page_is_for_jobs_with_something_to_compare(job, wanted):
    assert wants_report(job) is wanted


def test_the_page_is_a_pdf_and_a_png_of_one_page():
    cells = [Cell(BytesIO(pictures.jpeg(300, 200)), ("Original",)), Cell(None, ("could not be made",))]
    cells += [Cell(BytesIO(body), ("1", "seed 7")) for body in (pictures.png(), pictures.webp(64, 48), b"no picture")]
    sheet = contact_sheet("Отчёт", ["한국어", "ção"], cells)
    assert sheet.pdf.startswith(b"%PDF-")
    assert sheet.pdf.count(b"/Type /Page\n") == 1
    with Image.open(BytesIO(sheet.png)) as page:
        assert page.size == (1240, 1754)
        assert len(page.convert("RGB").getcolors(maxcolors=10**6)) > 10


@pytest.mark.parametrize(("count", "columns"), [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (8, 3), (11, 3), (20, 4)])
def test_a_page_is_filled(count, columns):
    assert columns_for(count) == columns


def test_a_line_that_is_too_long_is_cut():
    font = drawing._font(20)
    cut = drawing._cut("x" * 500, font, 200)
    assert cut.endswith("…")
    assert font.getlength(cut) <= 200


def test_the_font_has_every_letter_of_every_sentence_of_ours():
    font = ImageFont.truetype(drawing._FONT, 20)
    missing = bytes(font.getmask("\U0010fffd"))
    spoken = {locale: read_po(io.BytesIO(path_of(locale).read_bytes()), locale=locale) for locale in locales()}
    words = [one.string for catalog in spoken.values() for one in catalog if str(one.id).startswith("report_")]
    titles = {title for preset in PRESETS.values() for title in preset.titles.values()}
    letters = {c for sentence in words for c in sentence} | {c for t in titles for c in t}
    letters |= set("←·…0123456789")
    assert [c for c in sorted(letters) if not c.isspace() and bytes(font.getmask(c)) == missing] == []
    assert bytes(font.getmask("中")) == missing  # so that the comparison means something
