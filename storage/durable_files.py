"""The few disk operations that survive a `kill -9` and a power cut. Blocking.

A rename is atomic but not yet on the disk: both the file and the directory that names it have to be flushed.
https://man7.org/linux/man-pages/man2/fsync.2.html
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path


def write_new(path: Path, chunks: Iterable[bytes]) -> None:
    """Write and flush a file that did not exist; on any error there is none."""
    try:
        with path.open("xb", buffering=0) as file:
            for chunk in chunks:
                _write_all(file, chunk)
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def rename_into(source: Path, target: Path) -> list[Path]:
    """Give `source` the name `target`, making directories as needed; returns the directories to flush."""
    try:
        source.replace(target)
    except FileNotFoundError:
        changed = _make_directories(target.parent)
        source.replace(target)
        return [target.parent, *changed]
    return [target.parent]


def unlink_and_prune(path: Path, root: Path) -> Path | None:
    """Remove a file and the directories below `root` that this leaves empty.

    Returns the directory to flush, None if there was no such file.
    """
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if path.is_dir():  # whether that is EISDIR or EPERM depends on the system
            return None
        raise
    folder = path.parent
    while folder != root:
        try:
            folder.rmdir()
        except OSError:  # it has entries; any other trouble will show at the next write
            break
        folder = folder.parent
    return folder


def flush_directories(folders: Iterable[Path]) -> None:
    """Make the names in these directories durable."""
    for folder in folders:
        with suppress(FileNotFoundError):  # emptied and removed meanwhile, so there is nothing left to keep
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def sorted_names(folder: Path) -> list[str]:
    """What is in the directory, in the order of keys: directories with a trailing `/`. Empty if there is none."""
    try:
        with os.scandir(folder) as entries:
            names = [f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(names)


def _make_directories(folder: Path) -> list[Path]:
    """Make `folder` and what is missing above it; returns the directories that got a new entry."""
    try:
        folder.mkdir()
    except FileExistsError:
        return []
    except FileNotFoundError:
        return [*_make_directories(folder.parent), *_make_directories(folder)]
    return [folder.parent]


def _write_all(file: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:  # an unbuffered write may take less than it was given
        rest = rest[file.write(rest) :]
