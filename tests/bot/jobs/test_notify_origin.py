"""Jobs from a chat are spoken of there, jobs of the API nowhere. What stands before a party stands before all of it."""

import inspect
import io

import pytest

from bot.jobs.guards.guarded_replicate import GuardedReplicate
from bot.jobs.guards.guarded_store import GuardedStore
from bot.jobs.guards.measured_sources import MeasuredOutputs, MeasuredPictures
from bot.jobs.notify_origin import NotifyOrigin
from bot.jobs.ports.chat import Notifier
from bot.jobs.ports.pictures import OutputSource, PictureSource
from replicate_gateway.protocol import ReplicateGateway
from storage import object_keys
from storage.job import JobFile, JobStatus, Origin, Outcome, Slot, SlotState
from storage.objects import ObjectStore
from tests.support.fakes import BEGIN, RESULT, new_job

JOB = new_job().id


def methods(protocol):
    return {name for name, value in vars(protocol).items() if inspect.isfunction(value) and not name.startswith("_")}


@pytest.mark.parametrize(
    ("protocol", "wrapper"),
    [
        (Notifier, NotifyOrigin),
        (ReplicateGateway, GuardedReplicate),
        (ObjectStore, GuardedStore),
        (PictureSource, MeasuredPictures),
        (OutputSource, MeasuredOutputs),
    ],
)
def test_no_method_of_a_wrapper_is_inherited_from_its_protocol(protocol, wrapper):
    """Such a method would do nothing at all, and no type checker minds."""
    assert methods(protocol) - set(vars(wrapper)) == set()


class Chat:
    """Notes what it is asked to do."""

    def __init__(self):
        self.asked = []

    def __getattr__(self, name):
        async def ask(*_):
            self.asked.append(name)

        return ask


@pytest.mark.parametrize("handed", [0, 1], ids=["nothing handed over", "one handed over by an older version"])
async def test_a_job_without_a_chat_is_completed_as_soon_as_that_is_decided(world, process, handed):
    """It was so only once results had been read back for nobody, and a page been drawn that nobody is shown."""
    files = [JobFile(object_keys.output_image(JOB, n, "png"), "image/png", len(RESULT), n) for n in (1, 2)]
    for file in files:
        world.store.put_now(file.key, RESULT)
    job = new_job(
        origin=Origin("api-1", "en"),
        status=JobStatus.PROCESSING,
        slots=tuple(Slot(state=SlotState.ARCHIVED, files=(file,)) for file in files),
        outcome=Outcome(JobStatus.COMPLETED, BEGIN),
        handed=handed,
    )
    await process.repository.create(job)
    await process.service.renew(job)
    await process.run_ready()
    assert world.job(JOB).status is JobStatus.COMPLETED
    assert world.is_closed(JOB)
    assert world.faults.calls["store.stream"] == 0
    assert world.store.keys(object_keys.REPORTS) == []


@pytest.mark.parametrize("chat_id", [7, None])
async def test_only_a_job_from_a_chat_is_spoken_of(chat_id):
    chat, job = Chat(), new_job(origin=Origin("somebody", "en", chat_id=chat_id))
    spoken = methods(Notifier) - {"alert"}
    notifier = NotifyOrigin(chat)
    for name in sorted(spoken):
        takes = inspect.signature(getattr(notifier, name)).parameters
        await getattr(notifier, name)(job, *[io.BytesIO()] * (len(takes) - 1))
    assert chat.asked == (sorted(spoken) if chat_id else [])
    await notifier.alert("code", "text")
    assert chat.asked[-1] == "alert"
