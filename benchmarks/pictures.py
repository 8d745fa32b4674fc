"""The pictures that are sent."""

from io import BytesIO

from PIL import Image


def small_photo() -> bytes:
    """About 100 kB, and so is what the mock's model makes of it."""
    target = BytesIO()
    noise = Image.effect_noise((640, 480), 60).convert("RGB")
    noise.resize((160, 120)).resize((640, 480)).save(target, "JPEG", quality=95)
    return target.getvalue()
