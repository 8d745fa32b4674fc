"""What a browser gets of the chat page: one HTML file, one style sheet, one script, and an icon."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mock_server.telegram.page_script import join_modules

PAGE_DIRECTORY = Path(__file__).parent / "page"
SCRIPT = "page.js"
_FIRST_MODULE = "main.js"
_MIME_TYPES = {".html": "text/html", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class PageFile:
    """Bytes of UTF-8 and their media type."""

    body: bytes
    mime_type: str


@functools.cache
def page_files() -> Mapping[str, PageFile]:
    """Read the files of the page and join its modules: once, since the page shall be there at once.

    Raises: PageScriptError when the modules cannot be joined.
    """
    plain = {path.name: path for path in PAGE_DIRECTORY.iterdir() if path.suffix in _MIME_TYPES}
    files = {name: PageFile(path.read_bytes(), _MIME_TYPES[path.suffix]) for name, path in plain.items()}
    modules = {path.name: path.read_text(encoding="utf-8") for path in sorted(PAGE_DIRECTORY.glob("*.js"))}
    return files | {SCRIPT: PageFile(join_modules(modules, _FIRST_MODULE).encode(), "text/javascript")}
