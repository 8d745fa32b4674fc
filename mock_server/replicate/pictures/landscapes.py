"""A picture out of nothing but a prompt and a seed: sky, sun or moon, ridges, water."""

import colorsys
import random
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from mock_server.replicate.pictures.sizes import within

Colour = tuple[int, int, int]
PAINTED_EDGE = 512
RIDGES = 4


def landscape(size: tuple[int, int], seed: int) -> Image.Image:
    """A scene that differs visibly from seed to seed."""
    draws = random.Random(seed)  # noqa: S311 -- a picture, not a secret
    work = within((max(8, size[0]), max(8, size[1])), PAINTED_EDGE)
    hue = draws.random()
    high, low = _colour(hue, 0.75, 0.45), _colour(hue + draws.uniform(0.08, 0.45), 0.45, 1.0)
    horizon = round(work[1] * draws.uniform(0.55, 0.75))
    scene = _sky(work, horizon, high, low)
    sun = (work[0] * draws.uniform(0.15, 0.85), horizon * draws.uniform(0.3, 0.9))
    scene = _with_sun(scene, sun, work[0] * draws.uniform(0.035, 0.07), low)
    for number in range(RIDGES):
        _ridge(scene, horizon, _colour(hue, 0.5, 0.55 - 0.11 * number), draws, 0.42 - 0.1 * number)
    water = ImageOps.flip(scene.crop((0, max(0, 2 * horizon - work[1]), work[0], horizon)))
    water = water.resize((work[0], work[1] - horizon)).filter(ImageFilter.BoxBlur(1))
    scene.paste(Image.blend(water, Image.new("RGB", water.size, high), 0.35), (0, horizon))
    return scene.resize(size, Image.Resampling.BICUBIC)


def _sky(size: tuple[int, int], horizon: int, high: Colour, low: Colour) -> Image.Image:
    fall = Image.linear_gradient("L").resize((size[0], horizon))
    scene = Image.new("RGB", size, low)
    scene.paste(ImageOps.colorize(fall, high, low), (0, 0))
    return scene


def _with_sun(scene: Image.Image, centre: tuple[float, float], radius: float, low: Colour) -> Image.Image:
    x, y, wide = (round(value) for value in (*centre, radius * 12))
    glow = ImageOps.invert(Image.radial_gradient("L")).point(lambda value: max(0, value - 76) * 2 // 3)
    glow = ImageOps.colorize(glow.resize((wide, wide), Image.Resampling.BILINEAR), "black", low)
    light = Image.new("RGB", scene.size)
    light.paste(glow, (x - wide // 2, y - wide // 2))
    ImageDraw.Draw(light).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 250, 230))
    return ImageChops.screen(scene, light)


def _ridge(scene: Image.Image, horizon: int, colour: Colour, draws: random.Random, rise: float) -> None:
    """A mountain line by midpoint displacement."""
    points = [draws.random() * 0.5, draws.random() * 0.5]
    rough = 0.5
    while len(points) < 65:
        halves = [(a + b) / 2 + draws.uniform(-rough, rough) * 0.5 for a, b in pairwise(points)]
        points = [value for pair in zip(points, [*halves, 0.0], strict=True) for value in pair][:-1]
        rough *= 0.55
    width = scene.width
    line = [
        (width * place / (len(points) - 1), horizon - max(0.0, 0.4 + value) * rise * horizon)
        for place, value in enumerate(points)
    ]
    ImageDraw.Draw(scene).polygon([(0, horizon), *line, (width, horizon)], fill=colour)


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, max(0.05, value))
    return round(red * 255), round(green * 255), round(blue * 255)
