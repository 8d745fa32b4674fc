"""The command line. Nothing heavy is imported before a command is known, so that `--help` answers at once."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bot.settings import Settings

Command = Callable[["Settings", argparse.Namespace], Coroutine[Any, Any, int]]

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2  # wrong arguments or settings: starting again without a change is of no use
EXIT_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count

_MOST_SLOW: Final = 10_000

# How many new objects, then rounds, pass before garbage is looked for. A job in work holds some thousand objects, and
# a round every 700, which is the default, took a tenth of its CPU time.
_GARBAGE_THRESHOLDS: Final = (5_000, 10, 20)

# Their stdout belongs to the process supervisor; the other commands print an answer there and log to stderr.
_SERVICES: Final = frozenset({"serve", "worker"})


def main(argv: Sequence[str] | None = None, commands: Mapping[str, Command] | None = None) -> int:
    """Run one command and return the exit code of the process; `commands` replaces the built-in ones."""
    _occupy_standard_streams()
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "trace":
            from bot.trace import run_trace  # noqa: PLC0415 - reads logs, wherever they are: needs no settings

            return run_trace(arguments)
        return _configure_and_run(arguments, commands or COMMANDS)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _occupy_standard_streams() -> None:
    """Where one was closed (`>&-`), the next socket would take its number, with which libuv aborts the process."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _configure_and_run(arguments: argparse.Namespace, commands: Mapping[str, Command]) -> int:
    from bot.settings import SettingsError, load_settings  # noqa: PLC0415 - pydantic would slow --help down

    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - before there is a log
        return EXIT_USAGE
    if problem := _queue_problem(settings, arguments.command):
        print(problem, file=sys.stderr)  # noqa: T201 - the answer to a person at a shell
        return EXIT_USAGE
    return _run(commands[arguments.command], settings, arguments)


def _queue_problem(settings: "Settings", command: str) -> str | None:
    if command in {"worker", "dead-letters"} and settings.queue_url is None:
        return (
            "QUEUE_URL: got nothing, wants a redis:// or rediss:// URL: that queue is what workers share.\n"
            "Without a queue `python -m bot` does all the work in one process and needs no worker."
        )
    return None


def _run(command: Command, settings: "Settings", arguments: argparse.Namespace) -> int:
    import structlog  # noqa: PLC0415 - as above

    from bot.log_config import configure_logging, process_name  # noqa: PLC0415
    from bot.operator_errors import report_operator_errors  # noqa: PLC0415
    from bot.settings import SettingsError, doubtful_names  # noqa: PLC0415

    stream = sys.stdout if arguments.command in _SERVICES else sys.stderr
    writer = configure_logging(
        settings.log_level,
        settings.log_format,
        settings.secret_values(),
        stream=stream,
        process=process_name() if settings.queue_url else None,
    )
    log = structlog.get_logger()
    for doubt in doubtful_names(settings):
        log.warning("setting_name_doubtful", name=doubt.variable, fix=doubt.wants)
    try:
        with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
            return runner.run(report_operator_errors(command(settings, arguments), settings))
    except SettingsError as error:  # one that only the command itself can find
        print(error, file=sys.stderr)  # noqa: T201 - the answer to a person at a shell
        return EXIT_USAGE
    except Exception:
        log.exception("command_failed", command=arguments.command)  # the log redacts; a bare traceback would not
        return EXIT_FAILED
    finally:
        writer.close()


def event_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop: uvloop where it exists, which takes a tenth less CPU time for a photo."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - as above

    return uvloop.new_event_loop


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Darkroom, a Telegram photo lab on Replicate. Without a command it serves: the bot when BOT_TOKEN"
        " is set, else a sandbox with a chat page in the browser.",
        epilog="Settings come from the environment and from .env; .env.example lists them all.",
    )
    parser.set_defaults(command="serve")
    commands = parser.add_subparsers(metavar="command")
    worker = commands.add_parser("worker", help="work on jobs from the queue at QUEUE_URL; has no doors")
    worker.set_defaults(command="worker")
    dead = commands.add_parser("dead-letters", help="list the jobs over which processes died; --revive tries again")
    dead.add_argument("--revive", metavar="JOB", help="have this job tried again, or 'all'")
    dead.set_defaults(command="dead-letters")
    doctor = commands.add_parser("doctor", help="check every configured outside party and say what to fix")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.set_defaults(command="doctor")
    init_storage = commands.add_parser("init-storage", help="create bucket and expiry rules where missing; probe")
    init_storage.set_defaults(command="init-storage")
    _add_trace(commands)
    demo = commands.add_parser("demo", help="one photo through the whole flow: emulated chat, mock model")
    demo.add_argument("--photo", type=Path, required=True, help="JPEG, PNG or WebP to send")
    demo.add_argument("--out", type=Path, required=True, help="where to put the result")
    demo.set_defaults(command="demo")
    return parser


def _add_trace(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    trace = commands.add_parser(
        "trace",
        help="one job's timeline from JSON log lines; or which jobs were slow or failed",
        usage="python -m bot trace [-h] [--gap SECONDS] JOB|CODE|PREDICTION [FILE]\n"
        "       python -m bot trace [--slow N] [--failed] [FILE]",
        description="Reads log lines from FILE, or from stdin where it is - or not given. Needs no settings.",
    )
    trace.add_argument(
        "what", nargs="*", metavar="JOB", help="a job's id, the 8 characters that people see, or a prediction's id"
    )
    trace.add_argument("--slow", type=_count, metavar="N", help="the N jobs that took longest")
    trace.add_argument("--failed", action="store_true", help="the jobs that failed")
    trace.add_argument(
        "--gap", type=float, default=1.0, metavar="SECONDS", help="mark times without a line from here on (default: 1)"
    )
    trace.set_defaults(command="trace")


def _count(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text[:9]) <= _MOST_SLOW):
        raise argparse.ArgumentTypeError(f"wants a whole number from 1 to {_MOST_SLOW}")
    return int(text)


@contextmanager
def _importing_much() -> Iterator[None]:
    """For what imports the framework: it builds many objects that all stay, and nobody looks for garbage among them."""
    import gc  # noqa: PLC0415 - only here

    gc.disable()
    try:
        from bot.telegram.lean_aiogram import import_lean_aiogram  # noqa: PLC0415

        import_lean_aiogram()
        yield
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(*_GARBAGE_THRESHOLDS)


async def _serve(settings: "Settings", _: argparse.Namespace) -> int:
    with _importing_much():
        from bot.serving import serve  # noqa: PLC0415 - imports the framework
    return await serve(settings)


async def _work(settings: "Settings", _: argparse.Namespace) -> int:
    with _importing_much():
        from bot.serving import work  # noqa: PLC0415 - imports the framework
    return await work(settings)


async def _dead_letters(settings: "Settings", arguments: argparse.Namespace) -> int:
    from bot.dead_letters import run_dead_letters  # noqa: PLC0415

    return await run_dead_letters(settings, arguments.revive)


async def _doctor(settings: "Settings", arguments: argparse.Namespace) -> int:
    from bot.doctor import run_doctor  # noqa: PLC0415

    return await run_doctor(settings, arguments.json)


async def _init_storage(settings: "Settings", _: argparse.Namespace) -> int:
    from bot.init_storage import run_init_storage  # noqa: PLC0415

    return await run_init_storage(settings)


async def _demo(settings: "Settings", arguments: argparse.Namespace) -> int:
    with _importing_much():
        from bot.demo import run_demo  # noqa: PLC0415 - imports the framework
    return await run_demo(settings, arguments.photo, arguments.out)


COMMANDS: Final[Mapping[str, Command]] = {
    "serve": _serve,
    "worker": _work,
    "dead-letters": _dead_letters,
    "doctor": _doctor,
    "init-storage": _init_storage,
    "demo": _demo,
}
