"""A presets.toml that cannot be read."""

from bot.operator_errors.diagnosis import Diagnosis
from replicate_gateway.presets import DEFAULT_PATH, PresetError


def diagnose_presets(error: PresetError) -> Diagnosis:
    """Which preset and field it is stands in the error."""
    return Diagnosis(str(error), f"correct {DEFAULT_PATH} (docs/presets.md says what goes into it)")
