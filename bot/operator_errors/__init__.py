"""What only the operator can mend: one error line that names what is wrong and the setting that mends it, whichever
command met it. `doctor` says the same sentences.
"""

from collections.abc import Coroutine
from typing import Any, Final

import structlog

from bot.jobs.errors import EngineUnavailableError
from bot.operator_errors.listening import CannotListenError
from bot.operator_errors.presets import diagnose_presets
from bot.operator_errors.queue import diagnose_queue
from bot.operator_errors.storage import diagnose_storage
from bot.operator_errors.token import BotTokenRefusedError
from bot.settings import Settings
from bot.work_queue.engine_errors import EngineRefusedError
from replicate_gateway.presets import PresetError
from storage.errors import StorageRefusedError, StorageUnavailableError

_EXIT_FAILED: Final = 1
_EXIT_USAGE: Final = 2  # as for settings: starting again without a change is of no use

_log = structlog.get_logger()


async def report_operator_errors(running: Coroutine[Any, Any, int], settings: Settings) -> int:
    """The exit code of a command; what only the operator can mend becomes one log line, all else is raised."""
    try:
        return await running
    except BotTokenRefusedError as error:
        _log.error("bot_token_refused", error=str(error), fix=error.fix)
    except (StorageRefusedError, StorageUnavailableError) as error:
        diagnosis = diagnose_storage(error, settings)
        _log.error("storage_not_usable", error=diagnosis.what, fix=diagnosis.fix)
    except (EngineRefusedError, EngineUnavailableError) as error:
        diagnosis = diagnose_queue(error, settings)
        _log.error("queue_not_usable", error=diagnosis.what, fix=diagnosis.fix)
    except CannotListenError as error:
        if error.is_taken:
            _log.error("port_not_free", error=str(error), fix=error.fix)
        else:
            _log.error("address_not_usable", error=str(error), fix=error.fix)
    except PresetError as error:
        diagnosis = diagnose_presets(error)
        _log.error("presets_not_usable", error=diagnosis.what, fix=diagnosis.fix)
        return _EXIT_USAGE
    return _EXIT_FAILED
