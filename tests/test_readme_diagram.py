"""The state diagram in README.md is the one that the code draws."""

import re
from pathlib import Path

import pytest

from storage.transitions import diagram

README = Path(__file__).parents[1] / "README.md"


def test_the_state_diagram_in_the_readme_is_the_table_in_the_code():
    blocks = re.findall(r"^```mermaid\n(.*?)\n```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    shown = [block for block in blocks if block.startswith("stateDiagram-v2")]
    if len(shown) != 1:
        missing = f"README.md has {len(shown)} ```mermaid blocks that begin with stateDiagram-v2, not one"
        pytest.fail(f"{missing}; it is:\n{diagram()}")
    assert shown[0] == diagram()
