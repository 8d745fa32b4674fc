"""Collections of models: those of Replicate's that hold a model the mock knows."""

from dataclasses import dataclass

from mock_server.replicate.models.catalogue import KNOWN_MODELS
from mock_server.replicate.models.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Collection:
    """Models that carry its slug as a tag."""

    slug: str
    name: str
    description: str

    @property
    def models(self) -> list[ModelSpec]:
        """Its models, in the order of the catalogue."""
        return [model for model in KNOWN_MODELS if self.slug in model.tags]


_TABLE = """
official | Official models | Models that are always on, maintained, and have predictable pricing.
image-editing | Image editing | Tools for manipulating images.
image-restoration | Image restoration | Models that improve or restore images by deblurring and removing noise.
super-resolution | Super resolution | Upscaling models that create high-quality images from low-quality images.
remove-backgrounds | Remove backgrounds | Models that cut the subject out of an image.
text-to-image | Text to image | Models that generate images from text prompts.
language-models | Language models | Models that can understand and generate text.
vision-models | Vision models | Language models that can see images.
"""
COLLECTIONS = tuple(Collection(*(part.strip() for part in line.split("|"))) for line in _TABLE.strip().splitlines())
