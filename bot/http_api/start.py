"""Starting a task: an order becomes a job, exactly one per Idempotency-Key, and is durable before it is answered."""

import uuid

from bot.http_api.door import ApiDoor, garments_taken, offered
from bot.http_api.models import Fault
from bot.http_api.orders import GARMENTS, Order, Upload
from bot.http_api.problems import ProblemError, invalid
from bot.http_api.web_pictures import parsed
from bot.jobs.errors import NoSuchJobError
from bot.jobs.images import ImageRefusedError
from bot.jobs.planning import MAX_SLOTS, input_groups, most_inputs
from bot.jobs.submission import Submission
from storage import object_keys
from storage.job import InputImage, Job, Origin
from storage.wishes import Wishes

# A key's digest tells uploads apart; the extension is not known before the picture was looked at.
_ANY_EXTENSION = "bin"


async def start_task(door: ApiDoor, user: str, idempotency_key: str | None, order: Order, locale: str) -> Job:
    """The recorded job, new or old.

    Raises:
        ProblemError: invalid, image_refused, idempotency_key_reused, too_many_active, daily_quota.
        StorageError: nothing may have been recorded; the request may be repeated.
    """
    _check(door, order)
    submission = _submission(user, idempotency_key or str(uuid.uuid4()), order, locale)
    recorded = await _recorded(door, submission)
    if recorded is None:
        await _check_room(door, user)
        images = [
            await _stored(door, submission.job_id, index, image, locale) for index, image in enumerate(order.images)
        ]
        await door.service.submit(submission.with_inputs(images))
        recorded = await door.board.find(submission.job_id, user)
    elif submission.same_as(recorded):
        await door.service.renew(recorded)
    # Of two requests with the same key at the same time one is recorded, and the other may have asked for another job.
    if not submission.same_as(recorded):
        raise ProblemError("idempotency_key_reused")
    return recorded


async def _recorded(door: ApiDoor, submission: Submission) -> Job | None:
    try:
        return await door.board.find(submission.job_id, submission.origin.user)
    except NoSuchJobError:
        return None


def _check(door: ApiDoor, order: Order) -> None:
    preset = offered(door.presets).get(order.options.preset)
    if preset is None:
        raise invalid("/preset", f"is none of {', '.join(offered(door.presets))}")
    if not preset.min_images <= len(order.images) <= most_inputs(preset):
        raise invalid(f"/{GARMENTS}", f"{preset.name} takes {garments_taken(preset)} of these")
    if len(input_groups(len(order.images), preset)) * order.options.variations > MAX_SLOTS:
        raise invalid("/variations", f"a task makes at most {MAX_SLOTS} results, over all garments and variations")
    if preset.prompt_required and not order.options.prompt_hints.strip():
        raise invalid("/prompt_hints", f"{preset.name} needs some")
    for index, image in enumerate(order.images):
        url = parsed(image) if isinstance(image, str) else None
        if isinstance(image, str) and not (url and door.url_rules.allow(url)):
            wanted = "must be an https URL of the public internet, without credentials"
            raise invalid(f"/{GARMENTS}/{index - 1}" if index else "/person_image", wanted)


async def _check_room(door: ApiDoor, user: str) -> None:
    refusal = await door.board.no_room(user)
    if refusal:
        detail = f"At most {refusal.limit}."
        raise ProblemError(refusal.code, detail=detail, retry_after_s=refusal.retry_after_s)


def _submission(user: str, identity: str, order: Order, locale: str) -> Submission:
    job_id = object_keys.job_id_of("api", user, identity)
    options = order.options
    return Submission(
        job_id=job_id,
        origin=Origin(user=user, locale=locale, on_behalf_of=options.user_id),
        preset=options.preset,
        inputs=tuple(_expected(job_id, index, image) for index, image in enumerate(order.images)),
        prompt=options.prompt_hints,
        wishes=Wishes(variations=options.variations),
    )


def _expected(job_id: str, index: int, image: str | Upload) -> InputImage:
    if isinstance(image, str):
        return InputImage(url=image)
    return InputImage(key=object_keys.input_image(job_id, index, _ANY_EXTENSION, digest=image.digest))


async def _stored(door: ApiDoor, job_id: str, index: int, image: str | Upload, locale: str) -> InputImage:
    """The input as it is recorded: a URL is fetched later, an upload is ours already."""
    if isinstance(image, str):
        return InputImage(url=image)
    try:
        stored = await door.inputs.put(job_id, index, image.content, image.size, digest=image.digest)
    except ImageRefusedError as error:
        fault = Fault(pointer=image.pointer, detail=door.languages.refusal(error, locale))
        raise ProblemError("image_refused", detail=error.code.value, errors=[fault]) from error
    return InputImage(
        size=image.size,
        key=stored.key,
        content_type=stored.content_type,
        width=stored.width,
        height=stored.height,
    )
