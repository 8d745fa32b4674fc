"""The buttons under a job's messages: while it is asked about, while it runs, and when it has ended."""

from collections.abc import Mapping, Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.jobs.questions import open_question
from bot.telegram.button_data import MenuButton, job_data
from bot.telegram.keyboards import Style, button, in_rows, keyboard
from bot.telegram.wording import text
from replicate_gateway.presets import Preset
from storage.job import Job, JobStatus
from storage.person import Person
from storage.wishes import AlbumUse, Delivery, Question

# As many as fit on a page side by side.
VARIATIONS = 3
_BIN = "🗑"
# What helps when a job has failed so; whatever is not named here may work when it is tried again.
_FAILED: Mapping[str, tuple[str, ...]] = {
    "model_refused_content": ("another_tool",),
    "no_face": ("another_tool",),
    "input_rejected": ("another_tool",),
    "model_out_of_memory": ("shrink_and_retry", "another_tool"),
    "output_too_large": ("shrink_and_retry", "another_tool"),
    "service_credentials": (),
    "service_credit": (),
    "service_model": ("another_tool",),
    "preset_gone": ("another_tool",),
    "daily_quota": ("remind_me",),
    "daily_quota_left": ("remind_me",),
    "too_many_bytes": ("how_to",),
    "too_many_pixels": ("how_to",),
    "too_small": ("how_to",),
    "too_narrow": ("how_to",),
    "not_an_image": ("how_to",),
    "unsupported_format": ("how_to",),
    "truncated": ("how_to",),
    "input_gone": ("how_to",),
    "internal": ("try_again", "tell_owner"),
}
_OTHERWISE = ("try_again", "another_tool")
_ACTIONS: Mapping[str, tuple[str, Style | None]] = {
    "try_again": ("again", "primary"),
    "another_tool": ("tools", None),
    "shrink_and_retry": ("shrink", "primary"),
    "tell_owner": ("report", None),
    "remind_me": ("remind", None),
}


def status_keyboard(job: Job, presets: Mapping[str, Preset], person: Person) -> InlineKeyboardMarkup:
    """The answers to the open question, if there is one, and the way out."""
    locale = job.origin.locale
    cancel = [button(text("cancel", locale), job_data("cancel", job.id), "danger")]
    match open_question(job, presets):
        case Question.PRESET:
            return keyboard(*in_rows(_presets(job, presets, person, "preset"), 2), cancel)
        case Question.ALBUM:
            everything = button(
                text("all_photos", locale, n=len(job.inputs)), job_data("album", job.id, AlbumUse.ALL), "primary"
            )
            first = button(text("first_photo", locale), job_data("album", job.id, AlbumUse.FIRST))
            return keyboard([everything, first], cancel)
        case Question.START:
            start = button(text("begin", locale), job_data("start", job.id), "success")
            return keyboard([start, *_swap(job)], cancel)
        case _:
            return keyboard(cancel)


def outcome_keyboard(job: Job) -> InlineKeyboardMarkup | None:
    """Under the message that tells how the job ended; under several results see `results_keyboard`."""
    outcome = job.outcome
    if outcome is None or not job.slots:
        return None
    match outcome.status:
        case JobStatus.COMPLETED if not job.files:
            return _helping(job, _OTHERWISE)
        case JobStatus.COMPLETED if len(job.files) == 1:
            return result_keyboard(job, 1)
        case JobStatus.FAILED:
            return _helping(job, _FAILED.get(outcome.code or "internal", _OTHERWISE))
        case JobStatus.CANCELED:
            return _helping(job, ("try_again",))
        case _:
            return None


def result_keyboard(job: Job, number: int, *more: Sequence[InlineKeyboardButton]) -> InlineKeyboardMarkup:
    """What can be done with one result; `more` rows come before the last one."""
    locale, file, arg = job.origin.locale, job.files[number - 1], str(number)
    again = button(text("again", locale), job_data("again", job.id))
    trash = button(_BIN, job_data("bin", job.id, arg))
    if file.is_text:
        return keyboard([again, trash], *more)
    compare = button(text("compare", locale), job_data("compare", job.id, arg))
    original = button(text("original_file", locale), job_data("file", job.id, arg))
    further = button(text("do_more", locale), job_data("more", job.id, arg), "primary")
    shown = [compare] if job.origin.delivery is Delivery.FILE else [compare, original]
    several = button(text("variations", locale, n=VARIATIONS), job_data("vary", job.id))
    seeded = any(slot.seed is not None for slot in job.slots)  # else they would all look the same
    return keyboard(
        shown, [again, several] if seeded else [again, further], [further] if seeded else [], *more, [trash]
    )


def results_keyboard(job: Job) -> InlineKeyboardMarkup | None:
    """Under what comes after several results: a number for each, then what concerns them all."""
    if len(job.files) <= 1:
        return None
    numbers = [button(f"✨ {n}", job_data("result", job.id, str(n))) for n in range(1, len(job.files) + 1)]
    again = button(text("again", job.origin.locale), job_data("again", job.id))
    return keyboard(*in_rows(numbers, 5), [again, button(_BIN, job_data("bin", job.id))])


def tools_keyboard(job: Job, presets: Mapping[str, Preset], person: Person, number: int | None) -> InlineKeyboardMarkup:
    """Every tool for result `number`, or for what was sent; and the way back."""
    tools = _presets(job, presets, person, "with") if number is None else _presets(job, presets, person, "do", number)
    back = button(text("back", job.origin.locale), job_data("back", job.id, str(number or "")))
    return keyboard(*in_rows(tools, 2), [back])


def bin_keyboard(job: Job, number: str) -> InlineKeyboardMarkup:
    """A second tap, since nothing brings it back."""
    locale = job.origin.locale
    return keyboard(
        [
            button(text("delete_for_good", locale), job_data("delete", job.id, number), "danger"),
            button(text("keep_it", locale), job_data("back", job.id, number)),
        ]
    )


def _presets(
    job: Job, presets: Mapping[str, Preset], person: Person, action: str, number: int | None = None
) -> list[InlineKeyboardButton]:
    """The last used first."""
    recent = [name for name in person.recent_presets if name in presets]
    names = dict.fromkeys([*recent, *presets])
    prefix = f"{number}." if number else ""
    return [
        button(
            presets[name].label(job.origin.locale),
            job_data(action, job.id, f"{prefix}{name}"),
            "primary" if recent and name == recent[0] else None,
        )
        for name in names
    ]


def _swap(job: Job) -> list[InlineKeyboardButton]:
    """The next picture, as they were sent, becomes the first one."""
    sent = sorted(image.message_id for image in job.inputs if image.message_id is not None)
    first = job.inputs[0].message_id
    if first not in sent or len(sent) < 2:
        return []
    following = sent[(sent.index(first) + 1) % len(sent)]
    return [button(text("swap", job.origin.locale), job_data("first", job.id, str(following)))]


def _helping(job: Job, names: Sequence[str]) -> InlineKeyboardMarkup | None:
    locale, buttons = job.origin.locale, []
    for name in names:
        if name == "how_to":
            buttons.append(button(text("how_to", locale), MenuButton(screen="how_to").pack()))
            continue
        action, style = _ACTIONS[name]
        buttons.append(button(text(name, locale), job_data(action, job.id), style))
    return keyboard(*([one] for one in buttons)) if buttons else None
