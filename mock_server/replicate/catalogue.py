"""The models the mock knows by name, with the inputs of the real ones; any other name gets a generic one."""

from typing import Any

from mock_server.replicate.model_spec import Family, InputField, ModelSpec, OutputShape

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
KONTEXT_RATIOS = ("match_input_image", *RATIOS, "1:2", "2:1", "9:21")
BANANA_RATIOS = ("match_input_image", *RATIOS)


def _picture(name: str, *, required: bool = True) -> InputField:
    return InputField(name=name, is_uri=True, required=required, description="Picture to work on")


def _pictures(name: str) -> InputField:
    return InputField(name=name, is_uri=True, is_list=True, default=[], description="Pictures to work on")


def _text(name: str, *, required: bool = False, default: str | None = None) -> InputField:
    return InputField(name=name, required=required, default=default)


def _choice(name: str, *choices: str, default: str) -> InputField:
    return InputField(name=name, choices=choices, default=default)


def _flag(name: str, *, default: bool = False) -> InputField:
    return InputField(name=name, type="boolean", default=default)


def _integer(name: str, default: int | None = None, **bounds: Any) -> InputField:
    return InputField(name=name, type="integer", default=default, **bounds)


def _number(name: str, default: float, **bounds: Any) -> InputField:
    return InputField(name=name, type="number", default=default, **bounds)


CODEFORMER = ModelSpec(
    owner="sczhou",
    name="codeformer",
    family=Family.RESTORE,
    description="Face restoration for old photos",
    inputs=(
        _picture("image"),
        _number("codeformer_fidelity", 0.5, minimum=0, maximum=1),
        _flag("background_enhance", default=True),
        _flag("face_upsample", default=True),
        _integer("upscale", 2),
    ),
)
GFPGAN = ModelSpec(
    owner="tencentarc",
    name="gfpgan",
    family=Family.RESTORE,
    description="Face restoration",
    inputs=(
        _picture("img"),
        _choice("version", "v1.2", "v1.3", "v1.4", "RestoreFormer", default="v1.4"),
        _number("scale", 2),
    ),
)
REAL_ESRGAN = ModelSpec(
    owner="nightmareai",
    name="real-esrgan",
    family=Family.UPSCALE,
    description="Super-resolution",
    inputs=(_picture("image"), _number("scale", 4, minimum=0, maximum=10), _flag("face_enhance")),
)
IDM_VTON = ModelSpec(
    owner="cuuupid",
    name="idm-vton",
    family=Family.TRY_ON,
    picture_format="jpg",
    description="Virtual try-on of a garment",
    inputs=(
        _picture("human_img"),
        _picture("garm_img"),
        _text("garment_des"),
        _choice("category", "upper_body", "lower_body", "dresses", default="upper_body"),
        _flag("crop"),
        _flag("force_dc"),
        _flag("mask_only"),
        _picture("mask_img", required=False),
        _integer("steps", 30),
        _integer("seed", 42),
    ),
)
BACKGROUND_REMOVER = ModelSpec(
    owner="851-labs",
    name="background-remover",
    family=Family.CUTOUT,
    description="Cuts the subject out",
    inputs=(
        _picture("image"),
        _text("format", default="png"),
        _text("background_type", default="rgba"),
        _number("threshold", 0.0),
        _flag("reverse"),
    ),
)
REMOVE_BG = ModelSpec(
    owner="lucataco",
    name="remove-bg",
    family=Family.CUTOUT,
    description="Cuts the subject out",
    inputs=(_picture("image"),),
)
FLUX_KONTEXT_PRO = ModelSpec(
    owner="black-forest-labs",
    name="flux-kontext-pro",
    family=Family.EDIT,
    official=True,
    description="Edits a picture as told by a text",
    inputs=(
        _text("prompt", required=True),
        _picture("input_image", required=False),
        _choice("aspect_ratio", *KONTEXT_RATIOS, default="match_input_image"),
        _choice("output_format", "jpg", "png", default="png"),
        _integer("safety_tolerance", 2, minimum=0, maximum=6),
        _flag("prompt_upsampling"),
        _integer("seed"),
    ),
)
NANO_BANANA = ModelSpec(
    owner="google",
    name="nano-banana",
    family=Family.EDIT,
    official=True,
    picture_format="jpg",
    description="Edits and combines pictures as told by a text",
    inputs=(
        _text("prompt", required=True),
        _pictures("image_input"),
        _choice("aspect_ratio", *BANANA_RATIOS, default="match_input_image"),
        _choice("output_format", "jpg", "png", default="jpg"),
    ),
)
NANO_BANANA_PRO = ModelSpec(
    owner="google",
    name="nano-banana-pro",
    family=Family.EDIT,
    official=True,
    picture_format="jpg",
    description="Edits and combines pictures as told by a text, larger",
    inputs=(
        *NANO_BANANA.inputs,
        _choice("resolution", "1K", "2K", "4K", default="2K"),
        _choice(
            "safety_filter_level",
            "block_low_and_above",
            "block_medium_and_above",
            "block_only_high",
            default="block_only_high",
        ),
    ),
)
SEEDREAM_4 = ModelSpec(
    owner="bytedance",
    name="seedream-4",
    family=Family.EDIT,
    official=True,
    picture_format="jpg",
    output=OutputShape.LIST,
    description="Makes and edits pictures, several at once",
    inputs=(
        _text("prompt", required=True),
        _pictures("image_input"),
        _choice("size", "1K", "2K", "4K", "custom", default="2K"),
        _integer("width", 2048, minimum=1024, maximum=4096),
        _integer("height", 2048, minimum=1024, maximum=4096),
        _text("aspect_ratio", default="match_input_image"),
        _choice("sequential_image_generation", "disabled", "auto", default="disabled"),
        _integer("max_images", 1, minimum=1, maximum=15),
        _flag("enhance_prompt", default=True),
    ),
)
O4_MINI = ModelSpec(
    owner="openai",
    name="o4-mini",
    family=Family.TEXT,
    official=True,
    output=OutputShape.TEXT,
    description="Answers in text",
    inputs=(
        _text("prompt"),
        _text("system_prompt"),
        _pictures("image_input"),
        _choice("reasoning_effort", "low", "medium", "high", default="medium"),
        _integer("max_completion_tokens", 4096),
    ),
)

KNOWN_MODELS = (
    CODEFORMER,
    GFPGAN,
    REAL_ESRGAN,
    IDM_VTON,
    BACKGROUND_REMOVER,
    REMOVE_BG,
    FLUX_KONTEXT_PRO,
    NANO_BANANA,
    NANO_BANANA_PRO,
    SEEDREAM_4,
    O4_MINI,
)
