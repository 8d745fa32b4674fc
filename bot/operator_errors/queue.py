"""An engine behind the queue that does not take us, or is not there."""

from bot.addresses import host_of
from bot.jobs.errors import EngineUnavailableError
from bot.operator_errors.diagnosis import Diagnosis
from bot.settings import Settings
from bot.work_queue.engine_errors import EngineRefusedError


def diagnose_queue(error: EngineRefusedError | EngineUnavailableError, settings: Settings) -> Diagnosis:
    """Names the host, never the credentials in the URL."""
    url = settings.queue_url
    host = host_of(url.get_secret_value()) if url else "the queue engine"
    if isinstance(error, EngineRefusedError):
        return Diagnosis(f"{host}: {error.what}", error.fix)
    why = f": {error.why}" if error.why else ""
    return Diagnosis(f"{host} cannot be reached{why}", "start Redis or Valkey there, or correct QUEUE_URL")
