"""Which job a prediction belongs to, for a callback that names the prediction alone."""

from storage import object_keys
from storage.errors import ObjectNotFoundError
from storage.objects import ObjectStore
from storage.record_format import JSON, MAX_RECORD_BYTES
from storage.records import TaskRecord, dump_task, load_task


class TaskRecords:
    """The task records in an object store; all methods raise the errors of `storage.objects.ObjectStore`."""

    _store: ObjectStore

    async def put_task(self, task: TaskRecord) -> None:
        """Write the record that leads from a prediction to its job."""
        key = object_keys.task(task.prediction_id)
        await self._store.put(key, dump_task(task), content_type=JSON)

    async def find_task(self, prediction_id: str) -> TaskRecord | None:
        """The task record of a prediction, or None."""
        if not object_keys.is_prediction_id(prediction_id):
            return None
        try:
            found = await self._store.get(object_keys.task(prediction_id), max_bytes=MAX_RECORD_BYTES)
        except ObjectNotFoundError:
            return None
        return load_task(found.body, prediction_id)
