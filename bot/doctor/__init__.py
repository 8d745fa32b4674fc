"""`python -m bot doctor`: asks every configured outside party whether it plays its part, and says what to fix.

Nothing here imports the framework: that alone takes longer than all the answers.
"""

import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack

from bot.doctor.checks import CHECKS
from bot.doctor.context import open_context
from bot.doctor.examination import examine
from bot.doctor.finding import State
from bot.doctor.report import as_json_list, as_lines, redacted
from bot.settings import Settings
from replicate_gateway.presets import Preset, PresetError, load_presets

__all__ = ["run_doctor"]

_EXIT_OK, _EXIT_FAILED = 0, 1


async def run_doctor(settings: Settings, as_json: bool, *, presets: Mapping[str, Preset] | None = None) -> int:
    """Print the findings; returns the exit code: 0 when nothing failed, warnings or not.

    `presets` replaces those that are shipped. Parties that are built in are started for the examination.
    """
    async with AsyncExitStack() as stack:
        complete = await _with_built_in_parties(settings, stack)
        on_offer = _shipped() if presets is None else presets
        context = await stack.enter_async_context(open_context(complete, on_offer))
        findings = redacted(await examine(CHECKS, context), complete.secret_values())
    sys.stdout.write(as_json_list(findings) if as_json else as_lines(findings))
    return _EXIT_FAILED if any(finding.state is State.FAILED for finding in findings) else _EXIT_OK


def _shipped() -> Mapping[str, Preset] | PresetError:
    try:
        return load_presets()
    except PresetError as error:
        return error


async def _with_built_in_parties(settings: Settings, stack: AsyncExitStack) -> Settings:
    if not settings.sandbox and settings.replicate_base_url is not None:
        return settings
    from bot.sandbox import with_built_in_parties  # noqa: PLC0415 - the mocks are slow to import

    # On ports of their own, so that a sandbox that runs already is not in the way.
    own_ports = settings.model_copy(update={"sandbox_port": 0})
    complete, _ = await stack.enter_async_context(with_built_in_parties(own_ports))
    return complete
