"""What a front end is told of the presets, which it may believe when it starts a task."""

import pytest

from bot.http_api.door import offered
from bot.http_api.models import PresetOffer
from bot.http_api.presets import offer
from replicate_gateway.presets import load_presets
from tests.support.api import KEY, Api, open_api
from tests.support.fakes import LIMITS, PRESETS, World


@pytest.fixture
async def api():
    async with open_api(World().start(LIMITS)) as api:
        yield Api(api.client, api.process, KEY, api.contract)


async def test_all_presets_that_make_pictures_are_listed_in_their_order_with_one_default(api):
    listed = (await api.call("GET", "/presets")).json["presets"]
    assert [one["name"] for one in listed] == list(offered(PRESETS))
    assert [one["name"] for one in listed if one["default"]] == ["restore"]


@pytest.mark.parametrize(("wanted", "tag"), [("ru", "ru"), ("pt", "pt-BR"), ("ko-KR, en;q=0.5", "ko"), ("fi", "en")])
async def test_titles_are_in_the_callers_language(api, wanted, tag):
    answer = await api.call("GET", "/presets", headers={"Accept-Language": wanted})
    assert answer.headers["Content-Language"] == tag
    titles = [preset.title(tag.replace("-", "_")) for preset in offered(PRESETS).values()]
    assert [one["title"] for one in answer.json["presets"]] == titles


def test_what_a_preset_takes_is_told():
    presets = load_presets()
    assert offer(presets["restore"], "en").model_dump(include={"min_garments", "max_garments", "prompt_hints"}) == {
        "min_garments": 0,
        "max_garments": 0,
        "prompt_hints": "unused",
    }
    try_on, edit = offer(presets["try_on"], "en"), offer(presets["edit"], "en")
    assert isinstance(try_on, PresetOffer)
    assert try_on.min_garments == 1
    assert try_on.max_garments > 1
    assert edit.prompt_hints == "required"
