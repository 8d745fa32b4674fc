"""What the pages say of files, settings and presets is so: a reader follows links and copies lines."""

import re
import tomllib
from pathlib import Path

import pytest

from bot.settings import Settings
from replicate_gateway.presets import load_presets

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS = {name.upper() for name in Settings.model_fields}
# Set by a reader for the lines of a page, or read by others than the settings.
OTHERS = {
    "BASE",
    "KEY",
    "PHOTO",
    "TASK",
    "IMAGE_URL",
    "ETAG",
    "OUT",
    "NEW",
    "ARGS",
    "EXTRAS",
    "MOCK_REPLICATE_SCENARIO",
}


def anchors(page):
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_of_ours_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_is_set_on_a_page_exists(page):
    named = set(re.findall(r"(?<![A-Za-z0-9_$?/%.-])([A-Z][A-Z0-9_]{2,})=", page.read_text()))
    assert named <= SETTINGS | OTHERS


def test_every_page_is_one_step_from_the_readme():
    linked = set(re.findall(r"\]\(docs/([a-z-]+\.md)", (ROOT / "README.md").read_text()))
    assert linked == {page.name for page in PAGES[1:]}


def test_the_readme_is_for_somebody_with_two_minutes():
    assert len((ROOT / "README.md").read_bytes()) < 24_000


def test_the_preset_on_the_page_about_presets_can_be_added(tmp_path):
    [sample] = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "presets.md").read_text(), re.DOTALL)
    table = re.sub(r"^ {3}", "", sample, flags=re.MULTILINE)
    file = tmp_path / "presets.toml"
    file.write_text((ROOT / "replicate_gateway" / "presets.toml").read_text() + "\n" + table)
    assert set(load_presets(file)) == set(load_presets()) | set(tomllib.loads(table))
