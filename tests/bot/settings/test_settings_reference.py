"""docs/settings.md is what the settings class says."""

from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, load_settings
from bot.settings.reference import PAGE, reference

ROOT = Path(__file__).parents[3]


def test_the_page_is_the_one_that_the_class_gives():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == reference(), "run `make reference`"


def test_every_setting_has_a_row_with_what_it_takes():
    rows = [line.split(" | ") for line in reference().splitlines() if line.startswith("| `")]
    assert [row[0] for row in rows] == [f"| `{name.upper()}`" for name in Settings.model_fields]
    assert all(len(row) == 4 and all(cell.strip(" |") for cell in row) for row in rows)


def test_the_example_in_its_head_is_true():
    with pytest.raises(SettingsError) as caught:
        load_settings({"PORT": "eighty"}, None)
    assert str(caught.value) in reference()
