"""What words in a prompt do to a picture: a look is a filter, a colour is a tint."""

import re
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from mock_server.replicate.pictures.sizes import smaller

PAINTED_EDGE, PAINTED_COLOURS = 640, 40
Look = Callable[[Image.Image, int], Image.Image]
"""Takes a picture and a seed."""


def _grey(picture: Image.Image, _seed: int) -> Image.Image:
    return ImageOps.autocontrast(picture.convert("L"), cutoff=1).convert("RGB")


def _sepia(picture: Image.Image, _seed: int) -> Image.Image:
    toned = ImageOps.colorize(ImageOps.autocontrast(picture.convert("L")), "#24140a", "#fff2d8", mid="#a07a4a")
    return _vignette(toned, 0.55)


def _warm(picture: Image.Image, _seed: int) -> Image.Image:
    return _toned(ImageEnhance.Color(picture).enhance(1.25), "#ffb060", 0.38)


def _cold(picture: Image.Image, _seed: int) -> Image.Image:
    return _toned(picture, "#6aa8ff", 0.35)


def _night(picture: Image.Image, _seed: int) -> Image.Image:
    dark = ImageEnhance.Brightness(ImageEnhance.Color(picture).enhance(0.7)).enhance(0.42)
    return _vignette(_toned(dark, "#3050b0", 0.4), 0.5)


def _sketch(picture: Image.Image, _seed: int) -> Image.Image:
    grey = picture.convert("L")
    soft = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(max(2, picture.width / 140)))
    lines = ImageChops.add(grey, soft).point(lambda value: max(0, 255 - (255 - value) * 3))
    return ImageOps.autocontrast(lines, cutoff=(0.5, 5)).convert("RGB")


def _painted(picture: Image.Image, _seed: int) -> Image.Image:
    """Broad strokes on paper: even patches with soft darker rims."""
    edge = max(24, min(PAINTED_EDGE, max(picture.size) // 2))
    small = smaller(picture, edge)
    strokes = small.filter(ImageFilter.BoxBlur(1)).quantize(PAINTED_COLOURS).convert("RGB").filter(ImageFilter.SMOOTH)
    grey = strokes.convert("L")
    rims = ImageOps.invert(ImageChops.difference(grey, grey.filter(ImageFilter.GaussianBlur(2)))).point(_twice_as_dark)
    wet = ImageChops.multiply(ImageEnhance.Color(strokes).enhance(1.5), rims.convert("RGB"))
    paper = Image.new("RGB", wet.size, "#fbf6ea")
    return Image.blend(wet, paper, 0.16).resize(picture.size, Image.Resampling.BICUBIC)


def _cartoon(picture: Image.Image, _seed: int) -> Image.Image:
    """Few bright colours and black outlines."""
    smooth = picture.filter(ImageFilter.BoxBlur(1)).filter(ImageFilter.SMOOTH_MORE)
    light = ImageEnhance.Brightness(ImageOps.autocontrast(smooth, cutoff=1, preserve_tone=True)).enhance(1.25)
    flat = ImageEnhance.Color(light.quantize(14).convert("RGB")).enhance(1.5)
    grey = smooth.convert("L")
    edges = ImageChops.subtract(grey.filter(ImageFilter.GaussianBlur(2.5)), grey)
    ink = edges.point(lambda value: 30 if value > 9 else 255)
    return ImageChops.multiply(flat, ink.filter(ImageFilter.GaussianBlur(0.8)).convert("RGB"))


def _twice_as_dark(value: int) -> int:
    return max(0, 255 - 3 * (255 - value))


def _neon(picture: Image.Image, _seed: int) -> Image.Image:
    edges = ImageOps.autocontrast(picture.filter(ImageFilter.SMOOTH).filter(ImageFilter.FIND_EDGES).convert("L"))
    glow = ImageOps.colorize(edges.filter(ImageFilter.GaussianBlur(2)), "#000010", "#ff40e0", mid="#30d0ff")
    dark = _toned(ImageEnhance.Brightness(picture).enhance(0.45), "#5020a0", 0.45)
    return ImageChops.screen(dark, glow)


def _snow(picture: Image.Image, seed: int) -> Image.Image:
    cold = ImageEnhance.Color(_toned(ImageEnhance.Brightness(picture).enhance(1.12), "#bcd8ff", 0.45)).enhance(0.7)
    return ImageChops.screen(cold, _specks(picture.size, seed, drop=False).convert("RGB"))


def _rain(picture: Image.Image, seed: int) -> Image.Image:
    dull = ImageEnhance.Color(ImageEnhance.Brightness(picture).enhance(0.75)).enhance(0.6)
    drops = _specks(picture.size, seed, drop=True).point(lambda value: value // 2)
    return ImageChops.screen(_toned(dull, "#8098b0", 0.25), drops.convert("RGB"))


def _pixels(picture: Image.Image, _seed: int) -> Image.Image:
    small = ImageOps.contain(picture, (96, 96), Image.Resampling.BOX)
    return small.quantize(32).convert("RGB").resize(picture.size, Image.Resampling.NEAREST)


def _bright(picture: Image.Image, _seed: int) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(1.35)


def _dark(picture: Image.Image, _seed: int) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(0.6)


def _vivid(picture: Image.Image, _seed: int) -> Image.Image:
    return ImageEnhance.Contrast(ImageEnhance.Color(picture).enhance(1.8)).enhance(1.1)


def _blurred(picture: Image.Image, _seed: int) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(max(3, picture.width / 90)))


def _sharp(picture: Image.Image, _seed: int) -> Image.Image:
    return picture.filter(ImageFilter.UnsharpMask(2.5, 180, 2))


def _inverted(picture: Image.Image, _seed: int) -> Image.Image:
    return ImageOps.invert(picture)


def _mirrored(picture: Image.Image, _seed: int) -> Image.Image:
    return ImageOps.mirror(picture)


def _upside_down(picture: Image.Image, _seed: int) -> Image.Image:
    return ImageOps.flip(picture)


# Stems in the four languages of the bot's users; the first that fits in each group counts.
LOOKS: tuple[tuple[str, Look], ...] = (
    (r"black[ -]and[ -]white|monochrome|gr[ae]y ?scale|ч[её]рно-?бел|preto e branco|흑백", _grey),
    (r"sepia|vintage|retro|old photo|сепи|винтаж|ретро|s[ée]pia|antig|세피아|빈티지|레트로", _sepia),
    (r"sunset|warm|golden|autumn|закат|т[её]пл|осен|p[ôo]r do sol|quente|outono|노을|따뜻|가을", _warm),
    (r"\bcold|\bcool\b|\bice|frozen|холод|л[её]д|frio|gelo|차가|얼음", _cold),
    (r"night|midnight|moon|ноч|noite|lua\b|밤|달빛", _night),
    (r"sketch|pencil|drawing|карандаш|набросок|рисун|esbo[çc]o|l[áa]pis|desenho|스케치|연필", _sketch),
    (r"paint|watercolou?r|\boil\b|impression|van gogh|акварел|масл|живопис|pintura|aquarela|수채|유화|그림", _painted),
    (r"cartoon|comic|anime|pixar|ghibli|мульт|комикс|аниме|desenho animado|quadrinho|만화|애니", _cartoon),
    (r"neon|cyberpunk|неон|киберпанк|네온|사이버펑크", _neon),
    (r"snow|winter|снег|снеж|зим|neve|inverno|눈이|눈 |겨울", _snow),
    (r"\brain|storm|дожд|chuva|비가|폭풍", _rain),
    (r"pixel|8-?bit|пиксел|픽셀", _pixels),
    (r"bright|lighter|светл|ярч|clar[oe]|밝게|밝은", _bright),
    (r"darker|\bdark\b|темн|тёмн|escur|어둡", _dark),
    (r"vivid|colou?rful|saturat|сочн|насыщ|vibrante|colorid|선명|화려", _vivid),
    (r"blur|bokeh|размы|desfoc|흐리", _blurred),
    (r"sharp|crisp|резк|четк|чётк|n[íi]tid|또렷", _sharp),
    (r"invert|negative|негатив|инверт|negativo|반전", _inverted),
    (r"mirror|зеркал|espelh|좌우", _mirrored),
    (r"upside down|вверх ногами|de cabeça para baixo|거꾸로", _upside_down),
)
COLOURS: tuple[tuple[str, str], ...] = (
    (r"\bred\b|красн|vermelh|빨간|붉은", "#ff3030"),
    (r"\borange\b|оранж|laranja|주황", "#ff8c20"),
    (r"yellow|ж[её]лт|amarel|노란", "#ffe030"),
    (r"green|зел[её]н|\bverde|초록|녹색", "#30c050"),
    (r"turquoise|teal|бирюз|turquesa|청록", "#20c0b8"),
    (r"\bblue\b|син(?:ий|яя|ее|им|юю|его)|голуб|azul|파란", "#3070ff"),
    (r"purple|violet|фиолет|roxo|보라", "#9040e0"),
    (r"pink|розов|cor-de-rosa|rosa\b|분홍", "#ff70b0"),
    (r"brown|коричн|marrom|갈색", "#8a5a30"),
)
MOST_LOOKS = 3
TINT = 0.42


def looks_of(prompt: str) -> list[Look]:
    """What the prompt asks for, in the order of the table; empty when no word is known."""
    words = prompt.lower()
    found = [look for pattern, look in LOOKS if re.search(pattern, words)]
    return found[:MOST_LOOKS]


def tint_of(prompt: str) -> str | None:
    """The colour the prompt names, as `#rrggbb`."""
    words = prompt.lower()
    return next((colour for pattern, colour in COLOURS if re.search(pattern, words)), None)


def tinted(picture: Image.Image, colour: str) -> Image.Image:
    """The picture in the light of a colour."""
    return _toned(picture, colour, TINT)


def _toned(picture: Image.Image, colour: str, share: float) -> Image.Image:
    light = ImageOps.colorize(picture.convert("L"), "#000000", "#ffffff", mid=colour)
    return Image.blend(picture, light, share)


def _vignette(picture: Image.Image, strength: float) -> Image.Image:
    shade = Image.radial_gradient("L").resize(picture.size).point(lambda value: max(0, 255 - round(value * strength)))
    return ImageChops.multiply(picture, shade.convert("RGB"))


def _specks(size: tuple[int, int], seed: int, *, drop: bool) -> Image.Image:
    """Snowflakes, or streaks of rain."""
    layer = Image.new("L", size, 0)
    draw = ImageDraw.Draw(layer)
    state = seed * 2654435761 + 12345
    unit = max(1.0, min(size) / 300)
    for _ in range(260):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        x, y, large = (state >> 11) % size[0], (state >> 27) % size[1], 1 + (state >> 45) % 3
        if drop:
            draw.line((x, y, x + unit * 3, y + unit * 9 * large), fill=150 + 30 * large, width=max(1, round(unit / 2)))
        else:
            draw.ellipse((x, y, x + unit * large * 1.6, y + unit * large * 1.6), fill=150 + 35 * large)
    return layer.filter(ImageFilter.GaussianBlur(unit * 0.4))
