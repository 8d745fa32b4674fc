"""Painted scenes that pass for photos: the pictures a newcomer sends first. Blocking: call them in a thread."""

import random
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

SIZE = (1280, 960)
_Point = tuple[float, float]


def lighthouse() -> Image.Image:
    """A lighthouse over the sea at dusk."""
    horizon, height = int(SIZE[1] * 0.62), SIZE[1]
    scene = _sky("#27325f", "#c4657a", "#ffd9a0", horizon, sun=(0.3, 0.94))
    _ridge(scene, horizon, rise=150, colour="#5b4a78", seed=4)
    _ridge(scene, horizon, rise=70, colour="#3c3560", seed=9)
    _mirror(scene, horizon, tint="#1f2a52")
    cliff = [(760, height), (800, 700), (860, 640), (1010, 615), (1130, 628), (1280, 600), (1280, height)]
    ImageDraw.Draw(scene).polygon(cliff, fill="#1c1a33")
    _beam(scene, (960, 262))
    _tower(scene, 960, top=240, foot=622)
    return _finished(scene, grain=10)


def mountain_lake() -> Image.Image:
    """Mountains and a tent by a lake in the morning."""
    horizon, height = int(SIZE[1] * 0.58), SIZE[1]
    scene = _sky("#3f77b5", "#9ccbe0", "#fdeccb", horizon, sun=(0.7, 0.55))
    _ridge(scene, horizon, rise=360, colour="#6f8fb3", seed=21, snow="#f3f7fb")
    _ridge(scene, horizon, rise=190, colour="#3f6a7c", seed=33)
    _forest(scene, horizon)
    _mirror(scene, horizon, tint="#2b5d79")
    shore = [(0, 905), (300, 862), (640, 880), (980, 850), (1280, 876), (1280, height), (0, height)]
    draw = ImageDraw.Draw(scene)
    draw.polygon(shore, fill="#2c4a33")
    draw.polygon([(250, 872), (345, 742), (470, 868)], fill="#e2703a")
    draw.polygon([(345, 742), (470, 868), (520, 850)], fill="#b6502a")
    draw.polygon([(318, 871), (345, 772), (378, 870)], fill="#5b2716")
    return _finished(scene, grain=8)


def portrait() -> Image.Image:
    """A woman with a red scarf against the evening light."""
    scene = _sky("#2d4a5b", "#7d9a8c", "#f2cf9b", SIZE[1], sun=(0.24, 0.42))
    scene = scene.filter(ImageFilter.GaussianBlur(18))
    large = Image.new("RGBA", (SIZE[0] * 2, SIZE[1] * 2))
    draw = ImageDraw.Draw(large)
    _bust(draw)
    _face(draw)
    figure = large.resize(SIZE, Image.Resampling.LANCZOS)
    shade = ImageOps.invert(Image.linear_gradient("L").rotate(90).resize(SIZE)).point(lambda value: value // 3)
    figure_rgb = Image.composite(Image.new("RGB", SIZE, "#281a2c"), figure.convert("RGB"), shade)
    scene.paste(figure_rgb, (0, 0), figure.getchannel("A"))
    return _finished(scene, grain=8)


def camera_sticker() -> Image.Image:
    """A camera that smiles, on nothing."""
    large = Image.new("RGBA", (1024, 1024))
    draw = ImageDraw.Draw(large)
    draw.rounded_rectangle((60, 250, 964, 864), radius=130, fill="#ffffff")  # the rim that stickers have
    draw.rounded_rectangle((300, 150, 700, 420), radius=90, fill="#ffffff")
    draw.rounded_rectangle((100, 290, 924, 824), radius=100, fill="#b3261e")
    draw.rounded_rectangle((340, 190, 660, 380), radius=60, fill="#b3261e")
    draw.ellipse((770, 340, 850, 420), fill="#ffd9a0")
    draw.ellipse((282, 330, 742, 790), fill="#2b0a08")
    draw.ellipse((330, 378, 694, 742), fill="#ffb4a2")
    for x in (430, 594):
        draw.ellipse((x - 32, 480, x + 32, 560), fill="#2b0a08")
        draw.ellipse((x, 490, x + 20, 512), fill="#ffffff")
    draw.arc((412, 530, 612, 680), 20, 160, fill="#2b0a08", width=24)
    return large.resize((512, 512), Image.Resampling.LANCZOS)


def aged(picture: Image.Image) -> Image.Image:
    """The same as a print that lay in the sun: pale, yellowish, scratched."""
    pale = ImageEnhance.Contrast(ImageEnhance.Color(picture).enhance(0.6)).enhance(0.66)
    print_ = Image.blend(pale, Image.new("RGB", picture.size, "#d8c7a0"), 0.3)
    marks = Image.new("L", picture.size, 0)
    draw, chance = ImageDraw.Draw(marks), random.Random(7)  # noqa: S311 - a picture, not a secret
    for _ in range(26):
        x, y = chance.randrange(picture.width), chance.randrange(picture.height)
        end = (x + chance.randrange(-30, 30), y + chance.randrange(40, 260))
        draw.line([(x, y), end], fill=chance.randrange(50, 130), width=chance.choice((1, 1, 2)))
    for _ in range(160):
        x, y, radius = chance.randrange(picture.width), chance.randrange(picture.height), chance.choice((1, 1, 2, 3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=chance.randrange(40, 150))
    print_.paste("#fbf3df", mask=marks.filter(ImageFilter.GaussianBlur(0.6)))
    return print_


def _sky(top: str, middle: str, low: str, horizon: int, *, sun: _Point) -> Image.Image:
    shades = Image.linear_gradient("L").resize((SIZE[0], horizon), Image.Resampling.BICUBIC)
    sky = ImageOps.colorize(shades, top, low, mid=middle)
    x, y = SIZE[0] * sun[0], horizon * sun[1]
    glow = Image.new("RGB", sky.size)
    draw = ImageDraw.Draw(glow)
    draw.ellipse((x - 150, y - 150, x + 150, y + 150), fill="#6b4a30")
    draw.ellipse((x - 56, y - 56, x + 56, y + 56), fill="#fff0d0")
    halo = glow.filter(ImageFilter.GaussianBlur(60))
    disc = Image.new("RGB", sky.size)
    ImageDraw.Draw(disc).ellipse((x - 40, y - 40, x + 40, y + 40), fill="#fff6dd")
    lit = ImageChops.screen(ImageChops.screen(sky, halo), disc.filter(ImageFilter.GaussianBlur(2)))
    scene = Image.new("RGB", SIZE)
    scene.paste(lit, (0, 0))
    return scene


def _ridge(scene: Image.Image, base: int, *, rise: int, colour: str, seed: int, snow: str | None = None) -> None:
    chance = random.Random(seed)  # noqa: S311 - a picture, not a secret
    heights = [chance.uniform(0.25, 0.6), chance.uniform(0.7, 1.0), chance.uniform(0.3, 0.7)]
    rough = 0.42
    for _ in range(7):
        middles = [(left + right) / 2 + chance.uniform(-rough, rough) / 2 for left, right in pairwise(heights)]
        heights = [value for pair in zip(heights, middles, strict=False) for value in pair] + heights[-1:]
        rough *= 0.52
    step = SIZE[0] / (len(heights) - 1)
    line = [(number * step, base - max(0.03, value) * rise) for number, value in enumerate(heights)]
    draw = ImageDraw.Draw(scene)
    draw.polygon([(0, base), *line, (SIZE[0], base)], fill=colour)
    if snow:
        cap = base - rise * 0.6
        edge = [(x, y + (cap - y) * chance.uniform(0.45, 0.9)) for x, y in line]
        for number in range(len(line) - 1):
            if line[number][1] < cap and line[number + 1][1] < cap:
                draw.polygon([*line[number : number + 2], *reversed(edge[number : number + 2])], fill=snow)


def _forest(scene: Image.Image, base: int) -> None:
    draw, chance = ImageDraw.Draw(scene), random.Random(5)  # noqa: S311 - a picture, not a secret
    for x in range(-10, SIZE[0] + 10, 9):
        tall = chance.randrange(26, 74) * (0.55 + abs(x - SIZE[0] / 2) / SIZE[0])
        green = chance.choice(("#1f4a42", "#244f43", "#1b433c"))
        draw.polygon([(x - 11, base), (x, base - tall), (x + 11, base)], fill=green)


def _mirror(scene: Image.Image, horizon: int, *, tint: str) -> None:
    depth = SIZE[1] - horizon
    above = scene.crop((0, horizon - depth, SIZE[0], horizon)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    water = Image.blend(above.filter(ImageFilter.GaussianBlur(5)), Image.new("RGB", above.size, tint), 0.38)
    ripples = Image.new("L", water.size)
    draw, chance = ImageDraw.Draw(ripples), random.Random(3)  # noqa: S311 - a picture, not a secret
    for _ in range(230):
        x, y = chance.randrange(-40, SIZE[0]), chance.randrange(4, depth)
        length = int(chance.randrange(12, 70) * (0.4 + y / depth))
        draw.line([(x, y), (x + length, y)], fill=34, width=2)
    water.paste("#ffffff", mask=ripples)
    scene.paste(water.filter(ImageFilter.GaussianBlur(1)), (0, horizon))


def _beam(scene: Image.Image, lamp: tuple[int, int]) -> None:
    light = Image.new("L", SIZE, 0)
    draw = ImageDraw.Draw(light)
    draw.polygon([lamp, (0, lamp[1] - 170), (0, lamp[1] + 10)], fill=120)
    draw.polygon([lamp, (SIZE[0], lamp[1] - 20), (SIZE[0], lamp[1] + 90)], fill=80)
    draw.ellipse((lamp[0] - 60, lamp[1] - 60, lamp[0] + 60, lamp[1] + 60), fill=190)
    scene.paste("#fff3c9", mask=light.filter(ImageFilter.GaussianBlur(16)))


def _tower(scene: Image.Image, x: int, *, top: int, foot: int) -> None:
    draw = ImageDraw.Draw(scene)
    bands = 6
    for band in range(bands):
        upper, lower = band / bands, (band + 1) / bands
        left, right = 30 + 24 * upper, 30 + 24 * lower
        y0, y1 = top + 40 + (foot - top - 40) * upper, top + 40 + (foot - top - 40) * lower
        colour, shade = ("#f6efe6", "#c9bccb") if band % 2 else ("#d8473f", "#a0334a")
        draw.polygon([(x - left, y0), (x + left, y0), (x + right, y1), (x - right, y1)], fill=colour)
        draw.polygon([(x + left * 0.3, y0), (x + left, y0), (x + right, y1), (x + right * 0.3, y1)], fill=shade)
    draw.rectangle((x - 42, top + 32, x + 42, top + 42), fill="#2b2540")
    draw.rectangle((x - 22, top, x + 22, top + 32), fill="#fff2b8")
    draw.polygon([(x - 30, top), (x, top - 34), (x + 30, top)], fill="#a0334a")
    for side in (-1, 1):
        draw.line([(x + side * 22, top), (x + side * 22, top + 32)], fill="#2b2540", width=4)


def _bust(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((800, 260, 1760, 1560), fill="#3a2430")  # the hair behind
    draw.rounded_rectangle((1130, 1120, 1430, 1640), radius=120, fill="#d99a78")  # the neck
    draw.ellipse((520, 1480, 2040, 2700), fill="#35506b")  # the coat
    draw.polygon([(1010, 1500), (1280, 1900), (1550, 1500), (1640, 1560), (1300, 2100), (920, 1560)], fill="#2a4058")
    draw.rounded_rectangle((980, 1400, 1580, 1600), radius=96, fill="#c8423c")  # the scarf
    draw.polygon([(1380, 1540), (1560, 1540), (1640, 1920), (1460, 1920)], fill="#aa332f")


def _face(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((940, 420, 1620, 1360), fill="#efb391")
    draw.pieslice((900, 330, 1660, 1080), 180, 360, fill="#4a2d38")
    draw.ellipse((900, 560, 1070, 1180), fill="#4a2d38")
    draw.ellipse((1510, 560, 1670, 1240), fill="#432835")
    draw.pieslice((960, 440, 1330, 900), 180, 350, fill="#4a2d38")
    for x in (1130, 1420):
        draw.ellipse((x - 62, 842, x + 62, 906), fill="#fff8f2")
        draw.ellipse((x - 30, 844, x + 30, 904), fill="#3f6b62")
        draw.ellipse((x - 14, 860, x + 14, 890), fill="#17212a")
        draw.ellipse((x + 2, 858, x + 16, 872), fill="#ffffff")
        draw.arc((x - 72, 826, x + 72, 940), 200, 340, fill="#3a2430", width=12)
        draw.arc((x - 92, 752, x + 92, 900), 215, 325, fill="#4a2d38", width=18)
        draw.ellipse((x - 84, 1000, x + 84, 1110), fill="#ee9f85")
    draw.arc((1230, 960, 1330, 1060), 20, 160, fill="#cf8566", width=12)
    draw.pieslice((1170, 1090, 1390, 1220), 8, 172, fill="#b4433f")
    draw.arc((1150, 1060, 1410, 1190), 20, 160, fill="#9a3836", width=10)


def _finished(scene: Image.Image, *, grain: int) -> Image.Image:
    vignette = ImageOps.invert(Image.radial_gradient("L").resize(SIZE)).point(lambda value: min(255, 110 + value))
    darker = ImageChops.multiply(scene, Image.merge("RGB", [vignette] * 3))
    noise = Image.effect_noise(SIZE, grain)
    return ImageChops.overlay(darker, Image.merge("RGB", [noise] * 3))
