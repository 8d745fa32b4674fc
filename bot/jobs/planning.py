"""Which images a job is to make: its slots, with the inputs and the seed of each. The same job is planned the same."""

import uuid

from replicate_gateway.presets import OutputKind, Preset
from storage.job import Job, Slot
from storage.wishes import AlbumUse

# One album holds so many pictures.
MAX_SLOTS = 10
_MAX_SEED = 2**31 - 1


def plan(job: Job, preset: Preset) -> tuple[Slot, ...]:
    """The slots of a job that has all its preset needs: each group of inputs in as many variations as were wished.

    Where that would be more than `MAX_SLOTS` there are fewer variations, then fewer groups.
    """
    groups = input_groups(len(job.inputs), preset, job.wishes.album)[:MAX_SLOTS]
    times = max(1, min(job.wishes.variations, MAX_SLOTS // len(groups)))
    everything = tuple(range(len(job.inputs)))
    wanted = [group for group in groups for _ in range(times)]
    return tuple(
        Slot(
            seed=seed_of(job.id, part) if preset.seed_field else None,
            inputs=() if group == everything else group,
            writes=preset.output_kind is OutputKind.TEXT,
        )
        for part, group in enumerate(wanted)
    )


def input_groups(count: int, preset: Preset, use: AlbumUse | None = None) -> list[tuple[int, ...]]:
    """Which of `count` inputs go into a run together, as indices.

    A preset of one picture works on each; one of a person and a garment on the person with each garment; any other
    on as many as it takes.
    """
    if preset.max_images == 1:
        return [(index,) for index in range(1 if use is AlbumUse.FIRST else count)]
    if _one_with_each(preset):
        return [(0, index) for index in range(1, count)]
    return [tuple(range(min(count, preset.max_images)))]


def most_inputs(preset: Preset) -> int:
    """How many pictures one order for this preset may have where nobody can be asked what to do with more."""
    return 1 + MAX_SLOTS if _one_with_each(preset) else preset.max_images


def _one_with_each(preset: Preset) -> bool:
    return bool(preset.extra_image_fields) and preset.max_images == 2


def seed_of(job_id: str, part: int) -> int:
    """The seed of a slot. It follows from the job, so that a redelivered update asks for the very same images."""
    ident = uuid.uuid5(uuid.UUID(job_id), str(part)).hex if part else job_id
    return int(ident[:8], 16) % _MAX_SEED
