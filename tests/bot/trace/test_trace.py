"""`python -m bot trace` on logs as they are found: long, interleaved, cut off, with other programs' lines in them."""

import gc
import io
import json
import os
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
import structlog

from bot.cli import main
from bot.log_config import configure_logging
from bot.trace.endings import endings
from bot.trace.lines import MAX_LINE_BYTES, LogLines
from bot.trace.story import MAX_LINES, find_stories
from tests.support.darkroom import open_world, running_bot
from tests.support.pictures import photo
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[3]
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ONE = "8147e2ae-291f-5408-aefa-17d35c6de21f"
OTHER = "69338fa4-9f13-579f-bf49-d34bcd974723"
PREDICTION = "40kqr5c2cd8y0ssy7bszrywj17"


def line(at_s, event, level="info", **fields):
    at = (START + timedelta(seconds=at_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"timestamp": at, "level": level, "event": event, **fields})


def ended(at_s, job, status="completed", **fields):
    return line(at_s, "job_transitioned", status=status, job_id=job, ms=2.0, preset="restore", **fields)


STORY = [
    line(0, "update_received", kinds=["message"], update_id=7),
    line(0.01, "job_recorded", preset="restore", user="tg-1", update_id=7, job_id=ONE),
    line(0.02, "job_recorded", preset="edit", user="tg-2", update_id=8, job_id=OTHER),
    line(0.05, "prediction_created", ms=30.0, prediction_id=PREDICTION, update_id=7, job_id=ONE, chat_id=1),
    line(0.5, "party_down", "error", party="telegram"),
    line(20.05, "callback_verified", status="succeeded", prediction_id=PREDICTION, job_id=ONE, chat_id=1),
    line(23.55, "outcome_delivered", ms=3500.0, job_id=ONE, chat_id=1),
    ended(23.56, ONE, lasted_s=23.55),
]


@pytest.fixture
def log(tmp_path):
    def written(*lines):
        path = tmp_path / "bot.log"
        path.write_bytes(b"".join((text if isinstance(text, bytes) else text.encode()) + b"\n" for text in lines))
        return str(path)

    return written


@pytest.fixture
def trace(capsys, monkeypatch):
    """Runs the command and gives its exit code, stdout and stderr."""

    def traced(*arguments, stdin=None):
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(stdin).encode())))
        code = main(["trace", *arguments])
        return code, *capsys.readouterr()

    return traced


@pytest.mark.parametrize("asked", [ONE, ONE[:8], ONE[:8].upper(), PREDICTION])
def test_a_job_is_found_by_its_id_its_code_and_its_prediction_in_a_file_and_in_a_pipe(trace, log, asked):
    answer = trace(asked, log(*STORY))
    assert answer == trace(asked, stdin=STORY) == trace(asked, "-", stdin=STORY)
    code, out, err = answer
    assert (code, err) == (0, "")
    assert out.startswith(f"job {ONE}: completed, 23.560 s from 2026-11-21 12:00:00.000 UTC")
    assert OTHER not in out
    assert "party_down" not in out


def test_a_prediction_and_a_process_are_named_where_they_change(trace, log):
    lines = (
        line(0, "job_recorded", job_id=ONE, process="web:1"),
        line(0.1, "prediction_created", job_id=ONE, process="web:1", prediction_id="p1", webhook_id="w1"),
        line(0.2, "prediction_failed", "warning", job_id=ONE, process="work:2", prediction_id="p1", webhook_id="w2"),
        line(0.3, "prediction_created", job_id=ONE, process="work:2", prediction_id="p2"),
    )
    _, out, _ = trace(ONE, log(*lines))
    assert [row.split()[3:] for row in out.splitlines()[1:]] == [
        ["job_recorded", "process=web:1"],
        ["prediction_created", "prediction_id=p1"],
        ["prediction_failed", "[warning]", "process=work:2"],
        ["prediction_created", "prediction_id=p2"],
    ]


def test_the_timeline_has_durations_and_marks_the_gaps_between_them(trace, log):
    _, out, _ = trace(ONE, log(*STORY))
    rows = [row.split() for row in out.splitlines()[1:]]
    assert [(row[1], *row[3:]) for row in rows if row[0] == "+"] == [
        ("0.000", "update_received", 'kinds=["message"]'),
        ("0.010", "job_recorded", "preset=restore"),
        ("0.050", "30.0", "ms", "prediction_created", f"prediction_id={PREDICTION}"),
        ("20.050", "callback_verified", "status=succeeded"),  # of the same prediction
        ("23.550", "3.500", "s", "outcome_delivered"),  # no gap before it: it took all that time
        ("23.560", "2.0", "ms", "job_transitioned", "status=completed", "preset=restore", "lasted_s=23.55"),
    ]
    assert [" ".join(row) for row in rows if row[0] == "..."] == ["... 20.000 s nothing: waited for the model"]
    assert "..." not in trace("--gap", "21", ONE, log(*STORY))[1]


def test_a_status_message_on_the_way_does_not_hide_what_is_waited_for(trace, log):
    edited = line(10.05, "status_shown", job_id=ONE)
    _, out, _ = trace(ONE, log(*STORY[:5], edited, *STORY[5:]))
    assert out.count("... 10.000 s nothing: waited for the model") == 2


def test_lines_of_several_processes_are_put_in_order(trace, log):
    assert trace(ONE, log(*reversed(STORY[1:]), STORY[0]))[1].count("callback_verified") == 1
    assert trace(ONE, log(*STORY[1:][::-1]))[1] == trace(ONE, log(*STORY[1:]))[1]


def test_warnings_are_marked_and_a_traceback_is_its_last_line(trace, log):
    crash = line(1, "step_crashed", "error", job_id=ONE, exception="Traceback:\n  File x\nValueError: \x1b[2Jno")
    _, out, _ = trace(ONE, log(*STORY, crash))
    assert "step_crashed  [error]  exception=ValueError:  [2Jno" in out
    assert "\x1b" not in out


def test_a_job_without_an_end_says_so(trace, log):
    assert "no end in this log" in trace(OTHER, log(*STORY))[1]


def test_what_is_no_log_line_is_counted_and_left_out(trace, log):
    noise = [
        "make: Entering directory",
        "",
        STORY[1][: len(STORY[1]) // 2],
        b"\xff\xfe{not utf-8} " + ONE.encode() + b"}",
        f'{{"event": "without_time", "job_id": "{ONE}"}}',
        f'{{"timestamp": 7, "event": "e", "job_id": "{ONE}"}}',
        f'{{"timestamp": "9999-12-31T23:59:59-23:59", "event": "e", "job_id": "{ONE}"}}',
        "[" * 10,
        f'{"[" * 5} {{"a": {"[" * 100_000} "{ONE}" }}',
        f'{{"timestamp": "{"x" * MAX_LINE_BYTES * 3}", "job_id": "{ONE}"}}',
    ]
    code, out, err = trace(ONE, log(*noise, *STORY))
    assert (code, out) == trace(ONE, log(*STORY))[:2]
    assert err.splitlines() == [
        "2 lines are no JSON objects (LOG_FORMAT=json writes such) and were left out",
        "7 lines of JSON are cut off, too long or without a time, and were left out",
    ]


def test_a_prefix_of_compose_or_the_journal_does_not_matter(trace, log):
    assert trace(ONE, log(*(f"bot-1  | {text}" for text in STORY)))[:2] == trace(ONE, log(*STORY))[:2]


def test_the_slowest_and_the_failed_are_listed(trace, log):
    jobs = [f"{n:08x}-9f13-579f-bf49-d34bcd974723" for n in range(5)]
    lines = [ended(n, job, lasted_s=float(n)) for n, job in enumerate(jobs[:3])]
    lines += [ended(7, jobs[3], "failed", lasted_s=1.5, code="nsfw"), ended(8, jobs[4], "canceled", lasted_s=0.1)]
    lines += [lines[2], line(9, "job_transitioned", status="processing", job_id=jobs[4])]  # told again, and not an end
    path = log(*lines)
    code, out, _ = trace("--slow", "3", path)
    assert code == 0
    assert [(row.split()[0], row.split()[3]) for row in out.splitlines()] == [
        ("2.000", jobs[2]),
        ("1.500", jobs[3]),
        ("1.000", jobs[1]),
    ]
    _, failed, _ = trace("--failed", stdin=lines)
    assert failed.split()[2:6] == ["failed", jobs[3], "restore", "nsfw"]
    assert trace("--failed", "--slow", "9", path)[1] == failed
    assert trace("--failed", log(*STORY)) == (1, "", "no job that failed\n")


def test_a_code_that_two_jobs_share_names_both(trace, log):
    twin = ONE[:8] + OTHER[8:]
    code, out, err = trace(ONE[:8], log(*STORY, line(1, "job_recorded", job_id=twin)))
    assert (code, out) == (2, "")
    assert ONE in err
    assert twin in err


@pytest.mark.parametrize("asked", ["ffffffff", "short", "x" * 26, "../../etc", "\x1b[2J" + "a" * 8])
def test_what_the_log_does_not_tell_of_is_said_with_code_1(trace, log, asked):
    code, out, err = trace(asked, log(*STORY))
    assert (code, out) == (1, "")
    assert "no line tells of" in err
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "JOB and FILE"),
        ([ONE, "a", "b"], "JOB and FILE"),
        (["--failed", "a", "b"], "takes FILE"),
        ([ONE, "/nowhere/bot.log"], "cannot be read: No such file"),
        ([ONE, "/"], "cannot be read: Is a directory"),
    ],
)
def test_wrong_arguments_are_one_line_and_code_2(trace, arguments, problem):
    code, out, err = trace(*arguments, stdin=[])
    assert (code, out) == (2, "")
    assert problem in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("count", ["0", "-1", "x", "10001", "9" * 5000])
def test_a_count_that_is_none_is_refused(count):
    with pytest.raises(SystemExit) as ended_with:
        main(["trace", f"--slow={count}"])
    assert ended_with.value.code == 2


def test_memory_does_not_grow_with_the_log():
    """Twice as many jobs, and nothing more is kept: the ids that tell a repeated end are a thousand at most."""

    class Endless(io.RawIOBase):
        def __init__(self, jobs):
            self._lines = (
                ended(n, f"{n:08x}-9f13-579f-bf49-d34bcd974723", lasted_s=1.0).encode() + b"\n" for n in range(jobs)
            )

        def readline(self, _limit=-1):
            return next(self._lines, b"")

    def kept(jobs):
        gc.collect()
        tracemalloc.start()
        told = endings(LogLines(Endless(jobs + 1)), failed_only=False)
        assert sum(1 for _ in islice(told, jobs)) == jobs
        gc.collect()  # when it would come by itself is left to chance
        measured = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(list(told)) == 1
        return measured

    kept(1_000)
    assert kept(6_000) < 1.2 * kept(3_000)


def test_a_job_with_lines_without_end_is_cut():
    many = "\n".join(line(n, "step_postponed", job_id=ONE) for n in range(MAX_LINES + 3))
    [story] = find_stories(LogLines(io.BytesIO(many.encode())), ONE)
    assert (len(story.lines), story.left_out) == (MAX_LINES, 3)


def test_the_command_needs_no_settings_and_imports_nothing_heavy_and_a_reader_may_leave(tmp_path, log):
    (tmp_path / ".env").write_text("PORT=nonsense\n")
    code = (
        "import sys\nfrom bot.cli import main\nstatus = main(sys.argv[1:])\n"
        "print([n for n in ('aiohttp', 'pydantic', 'structlog') if n in sys.modules], file=sys.stderr)\n"
        "sys.exit(status)"
    )
    path = log(*STORY, *(line(30 + n, "step_postponed", job_id=ONE) for n in range(9000)))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = f'"{sys.executable}" -c "$CODE" trace {ONE} "{path}" | head -n 1'
    answer = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=tmp_path,
        env={**environment, "CODE": code},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "[]\n")
    assert answer.stdout.startswith(f"job {ONE}: completed")


async def test_what_the_bot_logs_tells_the_whole_way_of_a_job(tmp_path, trace):
    written = io.StringIO()
    async with open_world() as world:
        writer = configure_logging("info", "json", stream=written)
        try:
            async with running_bot(world.settings(tmp_path)):
                await world.person().send_photo(photo(160, 120))
                await eventually(lambda: "job_transitioned" in written.getvalue())
        finally:
            writer.close()
            structlog.reset_defaults()
    lines = written.getvalue().splitlines()
    [job] = {json.loads(text)["job_id"] for text in lines if "job_recorded" in text}
    code, out, _ = trace(job[:8], stdin=lines)
    assert code == 0
    rows = [row.split() for row in out.splitlines()[1:] if row.startswith("+")]
    events = [row[5] if row[4:5] and row[4] in {"ms", "s"} else row[3] for row in rows]
    assert (events[0], events[1], events[-1]) == ("update_received", "job_recorded", "job_transitioned")
    assert {"input_stored", "prediction_created", "artifact_archived", "outcome_delivered"} < set(events)
    assert trace("--slow", "1", stdin=lines)[1].split()[2:5] == ["completed", job, "restore"]
