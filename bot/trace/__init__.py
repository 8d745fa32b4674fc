"""`python -m bot trace`: what the log tells of one job, or which jobs it tells of that were slow or failed.

Needs no settings and imports nothing heavy: logs are often read on another machine than the one that wrote them.
"""

import os
import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, TextIO

from bot.trace.endings import Ending, endings, slowest
from bot.trace.lines import LogLines
from bot.trace.story import Story, find_stories, job_of_prediction
from bot.trace.words import as_ending, as_timeline, plain

__all__ = ["run_trace"]

_EXIT_OK, _EXIT_NOT_FOUND, _EXIT_USAGE = 0, 1, 2
_STDIN: Final = "-"


def run_trace(arguments: Namespace) -> int:
    """Print the answer; returns the exit code: 1 when the log does not tell of what was asked for."""
    ranking = arguments.failed or arguments.slow is not None
    wants = "FILE" if ranking else "JOB and FILE"
    names = list(arguments.what)
    asked = None if ranking else (names.pop(0) if names else "")
    if asked == "" or len(names) > 1:
        return _usage(f"trace takes {wants} ({_STDIN} or nothing for stdin), got {len(arguments.what)} arguments")
    name = names[0] if names else _STDIN
    if name == _STDIN and sys.stdin.isatty():
        return _usage("name a file with log lines, or pipe them in")
    try:
        with _opened(name, again=asked is not None) as stream:
            lines = LogLines(stream)
            code = _rank(lines, arguments) if asked is None else _tell(lines, asked, arguments.gap)
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _EXIT_OK
    except OSError as error:
        return _usage(f"{plain(name)} cannot be read: {error.strerror}")
    _sum_up(lines)
    return code


def _rank(lines: LogLines, arguments: Namespace) -> int:
    found = endings(lines, failed_only=arguments.failed)
    shown: Iterator[Ending] | list[Ending] = found if arguments.slow is None else slowest(found, arguments.slow)
    count = 0
    for count, ending in enumerate(shown, 1):  # noqa: B007 - how many there were is asked afterwards
        _print(as_ending(ending))
    if not count:
        _print("no job that failed" if arguments.failed else "no job that ended", sys.stderr)
    return _EXIT_OK if count else _EXIT_NOT_FOUND


def _tell(lines: LogLines, asked: str, gap_s: float) -> int:
    stories = find_stories(lines, asked)
    if not stories and (job_id := job_of_prediction(lines, asked)):
        stories = find_stories(lines, job_id)
    if not stories:
        _print(f"no line tells of {plain(asked)}: give a job's id, its 8 characters, or a prediction's id", sys.stderr)
        return _EXIT_NOT_FOUND
    if len(stories) > 1:
        jobs = ", ".join(plain(story.job_id) for story in stories)
        _print(f"{plain(asked)} stands for several jobs, name one: {jobs}", sys.stderr)
        return _EXIT_USAGE
    [story] = stories
    _print_story(story, gap_s)
    return _EXIT_OK


def _print_story(story: Story, gap_s: float) -> None:
    for line in as_timeline(story, gap_s):
        _print(line)


@contextmanager
def _opened(name: str, *, again: bool) -> Iterator[BinaryIO]:
    """The lines as bytes. What has to be read twice and comes through a pipe lies in a file meanwhile."""
    if name != _STDIN:
        with open(name, "rb") as file:  # noqa: PTH123 - a name such as /dev/fd/63 is fine too
            if file.seekable() or not again:
                yield file
                return
            with _copied(file) as copy:
                yield copy
    elif again:
        with _copied(sys.stdin.buffer) as copy:
            yield copy
    else:
        yield sys.stdin.buffer


@contextmanager
def _copied(stream: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)
        copy.seek(0)
        yield copy


def _sum_up(lines: LogLines) -> None:
    for count, what in (
        (lines.foreign, "lines are no JSON objects (LOG_FORMAT=json writes such) and were left out"),
        (lines.broken, "lines of JSON are cut off, too long or without a time, and were left out"),
    ):
        if count:
            _print(f"{count} {what}", sys.stderr)


def _usage(text: str) -> int:
    _print(text, sys.stderr)
    return _EXIT_USAGE


def _print(text: str, stream: TextIO | None = None) -> None:
    print(text, file=stream or sys.stdout)  # the command's answer
