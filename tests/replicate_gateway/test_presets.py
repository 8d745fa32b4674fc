import json

import pytest

from replicate_gateway.errors import PredictionRejectedError
from replicate_gateway.models import ModelReference
from replicate_gateway.presets import DEFAULT_PRESET, OutputKind, PresetError, load_presets

LOCALES = {"en", "ru", "pt_BR", "ko"}
IMAGES = [f"https://bot.example/{n}.jpg" for n in range(20)]

GOOD = """
[mine]
titles = { en = "Mine" }
model = "me/mine"
image_field = "image"
typical_s = 1
price_hint_usd = 0.1
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "presets.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_shipped_presets_are_complete():
    presets = load_presets()
    assert set(presets) == {
        "restore", "faces", "upscale", "try_on", "cutout", "edit", "nano_banana", "nano_banana_pro", "seedream",
        "describe",
    }  # fmt: skip
    assert all(set(preset.titles) == LOCALES and all(preset.titles.values()) for preset in presets.values())
    assert presets[DEFAULT_PRESET].model == ModelReference("sczhou", "codeformer")
    assert presets["edit"].model.official
    assert presets["edit"].official
    assert presets["describe"].output_kind is OutputKind.TEXT


@pytest.mark.parametrize("name", list(load_presets()))
def test_every_shipped_preset_builds_an_input_from_the_fewest_images_and_a_prompt(name):
    preset = load_presets()[name]
    document = preset.build_input(images=IMAGES[: preset.min_images], prompt="words", seed=7)
    assert document.items() >= {key: value for key, value in preset.fixed.items() if key != "prompt"}.items()
    assert IMAGES[0] in str(document)


def test_the_default_input_is_what_the_model_documents():
    assert load_presets()[DEFAULT_PRESET].build_input(images=IMAGES[:1], prompt="ignored", seed=7) == {
        "image": IMAGES[0],
        "codeformer_fidelity": 0.7,
        "background_enhance": True,
        "face_upsample": True,
        "upscale": 2,
    }


def test_person_and_garment_go_to_fields_of_their_own():
    document = load_presets()["try_on"].build_input(images=IMAGES[:2], prompt="a red coat", seed=7)
    assert document.items() >= {
        "human_img": IMAGES[0], "garm_img": IMAGES[1], "garment_des": "a red coat", "seed": 7
    }.items()  # fmt: skip


def test_several_photos_go_as_a_list():
    document = load_presets()["nano_banana"].build_input(images=IMAGES[:3], prompt="together", seed=7)
    assert document["image_input"] == IMAGES[:3]
    assert "seed" not in document


def test_a_prompt_replaces_the_fixed_one():
    describe = load_presets()["describe"]
    assert describe.build_input(images=IMAGES[:1])["prompt"] == describe.fixed["prompt"]
    assert describe.build_input(images=IMAGES[:1], prompt="What is it?")["prompt"] == "What is it?"


def test_building_leaves_the_preset_as_it_was():
    preset = load_presets()["edit"]
    preset.build_input(images=IMAGES[:1], prompt="x", seed=1)
    assert preset == load_presets()["edit"]


@pytest.mark.parametrize(
    ("name", "count", "prompt", "field"),
    [
        ("restore", 0, None, "image"),
        ("restore", 2, None, "image"),
        ("try_on", 1, "coat", "human_img"),
        ("nano_banana", 4, "x", "image_input"),
        ("edit", 1, None, "prompt"),
        ("edit", 1, "", "prompt"),
    ],
)
def test_input_a_model_does_not_take_is_refused_with_the_field(name, count, prompt, field):
    with pytest.raises(PredictionRejectedError) as caught:
        load_presets()[name].build_input(images=IMAGES[:count], prompt=prompt)
    assert caught.value.invalid_fields == (field,)


def test_a_title_falls_back_to_english(write):
    preset = load_presets(write(GOOD))["mine"]
    assert (preset.title("ko"), load_presets()["restore"].title("ko")) == ("Mine", "사진 복원")


def test_a_label_is_the_title_with_its_icon(write):
    shipped = load_presets()["upscale"]
    assert shipped.label("ru") == f"{shipped.icon} Увеличить"
    assert load_presets(write(GOOD))["mine"].label("en") == "Mine"


def test_a_preset_is_called_by_its_name_and_by_its_aliases_in_any_language():
    assert {"upscale", "увеличить", "ampliar", "확대"} <= load_presets()["upscale"].words


@pytest.mark.parametrize("words", ["", "two words", "Upper"])
def test_an_alias_is_one_word_in_lower_case(write, words):
    with pytest.raises(PresetError, match="aliases"):
        load_presets(write(GOOD + f'aliases = {{ en = ["{words}"] }}\n'))


def test_a_word_cannot_mean_two_presets(write):
    two = GOOD + 'aliases = { en = ["fix"] }\n' + GOOD.replace("[mine]", "[fix]")
    with pytest.raises(PresetError, match="'fix' means both mine and fix"):
        load_presets(write(two))


def test_presets_keep_the_order_of_the_file():
    assert next(iter(load_presets())) == DEFAULT_PRESET


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('model = "me/mine"', 'model = "mine"'), ["'mine'", "model"]),
        (('model = "me/mine"', ""), ["'mine'", "model"]),
        (('model = "me/mine"', "model = 7"), ["'mine'", "model"]),
        (('"me/mine"', '"deployment:me/mine"\nofficial = true'), ["'mine'", "model", "official"]),
        (("typical_s = 1", 'typical_s = "long"'), ["'mine'", "typical_s"]),
        (("typical_s = 1", "typical_s = 0"), ["'mine'", "typical_s"]),
        (("price_hint_usd", "price"), ["'mine'", "price"]),
        (('en = "Mine"', 'ru = "Мой"'), ["'mine'", "titles"]),
        (('image_field = "image"', ""), ["'mine'", "image_field"]),
        (('image_field = "image"', 'image_field = "a"\nimages_field = "b"'), ["'mine'", "images_field"]),
        (('image_field = "image"', 'images_field = "b"\nextra_image_fields = ["c"]'), ["'mine'", "extra_image_fields"]),
        (("typical_s = 1", "typical_s = 1\nmax_images = 2"), ["'mine'", "max_images"]),
        (("typical_s = 1", "typical_s = 1\nprompt_required = true"), ["'mine'", "prompt_field"]),
        (("[mine]", "[Mine!]"), ["presets.toml"]),
        (("[mine]", '["Mine!"]'), ["'Mine!'", "name"]),
        (("[mine]", "mine = 1\n[other]"), ["'mine'", "table"]),
        (("typical_s = 1", "typical_s = inf"), ["'mine'", "typical_s"]),
        ((GOOD, ""), ["no preset"]),
        ((GOOD, "= ="), ["presets.toml"]),
    ],
)
def test_a_wrong_file_is_refused_by_preset_and_field(write, change, words):
    with pytest.raises(PresetError) as caught:
        load_presets(write(GOOD.replace(*change)))
    assert [word for word in ["presets.toml", *words] if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fixed", "key", "shown"),
    [
        ("since = 2026-11-21", "fixed.since", "2026-11-21"),
        ("at = 2026-11-21T10:00:00Z", "fixed.at", "2026-11-21 10:00:00+00:00"),
        ("at = 10:00:00", "fixed.at", "10:00:00"),
        ("scale = nan", "fixed.scale", "nan"),
        ("a = 1, scale = -inf", "fixed.scale", "-inf"),
        ("deep = { er = [1, { at = 10:00:00 }] }", "fixed.deep.er[1].at", "10:00:00"),
        ("list = [[1.5], [inf]]", "fixed.list[1][0]", "inf"),
    ],
)
def test_a_fixed_value_that_json_cannot_carry_is_refused_with_its_key(write, fixed, key, shown):
    with pytest.raises(PresetError) as caught:
        load_presets(write(f"{GOOD}fixed = {{ {fixed} }}\n"))
    assert str(caught.value).startswith(f"presets.toml: preset 'mine': {key}: ")
    assert f" {shown};" in str(caught.value)


def test_whatever_json_can_carry_may_be_fixed(write):
    fixed = '{ a = [1, 2.5, "x", true, { b = [] }], c = { d = "2026-11-21" } }'
    preset = load_presets(write(f"{GOOD}fixed = {fixed}\n"))["mine"]
    assert json.loads(json.dumps(preset.fixed)) == {"a": [1, 2.5, "x", True, {"b": []}], "c": {"d": "2026-11-21"}}


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(PresetError, match=r"none\.toml"):
        load_presets(tmp_path / "none.toml")
