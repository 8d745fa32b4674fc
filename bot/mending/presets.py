"""A presets.toml that cannot be read."""

from bot.mending.cure import Cure
from replicate_gateway.presets import DEFAULT_PATH, PresetError


def presets_cure(error: PresetError) -> Cure:
    """Which preset and field it is stands in the error."""
    return Cure(str(error), f"correct {DEFAULT_PATH} (docs/presets.md says what goes into it)")
