"""The models the mock knows by name, with the inputs of the real ones; any other name gets a generic one.

Each schema is described at https://replicate.com/<owner>/<name>/api.
"""

from mock_server.replicate.models.fields import choice, flag, integer, number, picture, pictures, text
from mock_server.replicate.models.spec import Family, ModelSpec, OutputShape

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
KONTEXT_RATIOS = ("match_input_image", *RATIOS, "1:2", "2:1", "9:21")
BANANA_RATIOS = ("match_input_image", *RATIOS)
PROMPT = text("prompt", "What to make of the pictures, or to draw without any", required=True)

CODEFORMER = ModelSpec(
    owner="sczhou",
    name="codeformer",
    family=Family.RESTORE,
    description="Robust face restoration algorithm for old photos / AI-generated faces",
    tags=("image-restoration", "faces", "super-resolution"),
    released_at=1_661_990_400.0,
    inputs=(
        picture("image", "Input image"),
        number("codeformer_fidelity", 0.5, "Balance of quality (lower) and fidelity (higher)", minimum=0, maximum=1),
        flag("background_enhance", "Enhance background image with Real-ESRGAN", default=True),
        flag("face_upsample", "Upsample restored faces for high-resolution AI-created images", default=True),
        integer("upscale", 2, "The final upsampling scale of the image"),
    ),
)
GFPGAN = ModelSpec(
    owner="tencentarc",
    name="gfpgan",
    family=Family.RESTORE,
    description="Practical face restoration algorithm for *old photos* or *AI-generated faces*",
    tags=("image-restoration", "faces", "super-resolution"),
    released_at=1_663_200_000.0,
    inputs=(
        picture("img", "Input"),
        choice("version", "v1.2", "v1.3", "v1.4", "RestoreFormer", default="v1.4", description="GFPGAN version"),
        number("scale", 2, "Rescaling factor"),
    ),
)
REAL_ESRGAN = ModelSpec(
    owner="nightmareai",
    name="real-esrgan",
    family=Family.UPSCALE,
    description="Real-ESRGAN with optional face correction and adjustable upscale",
    tags=("super-resolution",),
    released_at=1_665_100_800.0,
    inputs=(
        picture("image", "Input image"),
        number("scale", 4, "Factor to scale image by", minimum=0, maximum=10),
        flag("face_enhance", "Run GFPGAN face enhancement along with upscaling"),
    ),
)
IDM_VTON = ModelSpec(
    owner="cuuupid",
    name="idm-vton",
    family=Family.TRY_ON,
    picture_format="jpg",
    description="Best-in-class clothing virtual try on in the wild",
    tags=("try-on", "image-editing"),
    released_at=1_713_916_800.0,
    inputs=(
        picture("human_img", "Model: a person; must be 3:4 unless crop is set"),
        picture("garm_img", "Garment, the category must match"),
        text("garment_des", "Description of garment e.g. Short Sleeve Round Neck T-shirt"),
        choice("category", "upper_body", "lower_body", "dresses", default="upper_body", description="The garment's"),
        flag("crop", "Use cropping (for a person that is not 3:4)"),
        flag("force_dc", "Use the DressCode version (default for dresses)"),
        flag("mask_only", "Return only the mask"),
        picture("mask_img", "Optional mask; saves time", required=False),
        integer("steps", 30, "Steps"),
        integer("seed", 42, "Seed"),
    ),
)
BACKGROUND_REMOVER = ModelSpec(
    owner="851-labs",
    name="background-remover",
    family=Family.CUTOUT,
    description="Remove backgrounds from images.",
    tags=("remove-backgrounds", "image-editing"),
    released_at=1_730_419_200.0,
    inputs=(
        picture("image", "Input image"),
        text("format", "Output format (e.g., png, jpg)", default="png"),
        text(
            "background_type",
            "rgba, map, green, white, [R,G,B] array, blur, overlay",
            default="rgba",
        ),
        number("threshold", 0.0, "Threshold for hard segmentation; 0.0 is soft alpha"),
        flag("reverse", "Remove the foreground instead of the background"),
    ),
)
REMOVE_BG = ModelSpec(
    owner="lucataco",
    name="remove-bg",
    family=Family.CUTOUT,
    description="Remove background from an image",
    tags=("remove-backgrounds", "image-editing"),
    released_at=1_694_736_000.0,
    inputs=(picture("image", "Input image"),),
)
FLUX_KONTEXT_PRO = ModelSpec(
    owner="black-forest-labs",
    name="flux-kontext-pro",
    family=Family.EDIT,
    official=True,
    description="Edits a picture as told by a text, with high-quality outputs and prompt following",
    tags=("image-editing", "official"),
    released_at=1_748_476_800.0,
    inputs=(
        PROMPT,
        picture("input_image", "Image to use as reference", required=False),
        choice("aspect_ratio", *KONTEXT_RATIOS, default="match_input_image"),
        choice("output_format", "jpg", "png", default="png"),
        integer("safety_tolerance", 2, "0 is most strict; 2 is the most with an input image", minimum=0, maximum=6),
        flag("prompt_upsampling", "Automatic prompt improvement"),
        integer("seed", None, "Random seed. Set for reproducible generation"),
    ),
)
NANO_BANANA = ModelSpec(
    owner="google",
    name="nano-banana",
    family=Family.EDIT,
    official=True,
    picture_format="jpg",
    description="Google's image editing model in Gemini 2.5",
    tags=("image-editing", "text-to-image", "official"),
    released_at=1_756_252_800.0,
    inputs=(
        PROMPT,
        pictures("image_input", "Input images to transform or use as reference (supports multiple images)"),
        choice("aspect_ratio", *BANANA_RATIOS, default="match_input_image"),
        choice("output_format", "jpg", "png", default="jpg"),
    ),
)
NANO_BANANA_PRO = ModelSpec(
    owner="google",
    name="nano-banana-pro",
    family=Family.EDIT,
    official=True,
    picture_format="jpg",
    description="Google's image generation and editing model, larger",
    tags=("image-editing", "text-to-image", "official"),
    released_at=1_763_596_800.0,
    inputs=(
        *NANO_BANANA.inputs,
        choice("resolution", "1K", "2K", "4K", default="2K", description="Resolution of the generated image"),
        choice(
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
    description="Text-to-image generation and precise single-sentence editing at up to 4K resolution",
    tags=("image-editing", "text-to-image", "official"),
    released_at=1_757_376_000.0,
    inputs=(
        PROMPT,
        pictures("image_input", "Input image(s) for image-to-image generation, 1 to 10"),
        choice("size", "1K", "2K", "4K", "custom", default="2K"),
        integer("width", 2048, "Only for size custom", minimum=1024, maximum=4096),
        integer("height", 2048, "Only for size custom", minimum=1024, maximum=4096),
        text("aspect_ratio", "Not for size custom", default="match_input_image"),
        choice("sequential_image_generation", "disabled", "auto", default="disabled"),
        integer("max_images", 1, "Most images, when sequential_image_generation is auto", minimum=1, maximum=15),
        flag("enhance_prompt", default=True),
    ),
)
O4_MINI = ModelSpec(
    owner="openai",
    name="o4-mini",
    family=Family.TEXT,
    official=True,
    output=OutputShape.TEXT,
    description="OpenAI's fast, lightweight reasoning model",
    tags=("language-models", "vision-models", "official"),
    released_at=1_745_280_000.0,
    inputs=(
        text("prompt", "The prompt to send to the model"),
        text("system_prompt", "System prompt to set the assistant's behavior"),
        pictures("image_input", "List of images to send to the model"),
        choice("reasoning_effort", "low", "medium", "high", default="medium"),
        integer("max_completion_tokens", 4096, "Maximum number of completion tokens to generate"),
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
