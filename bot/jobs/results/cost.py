"""What jobs cost, as far as one can know: Replicate tells no price, so it is the preset's own hint times its runs."""

from collections.abc import Mapping

from replicate_gateway.presets import Preset
from storage.job import Job


def estimated_usd(job: Job, presets: Mapping[str, Preset]) -> float:
    """Of all predictions of the job, those thrown away included; 0 for a preset that is offered no more."""
    preset = presets.get(job.preset)
    runs = sum(len(slot.discarded) + bool(slot.prediction_id) for slot in job.slots)
    return runs * preset.price_hint_usd if preset else 0.0
