"""What Darkroom costs on this machine: `make bench`, or a part of it: `make bench ARGS="jobs growth"`.

Darkroom and the floor (`benchmarks.floor`) are processes of their own; the outside, emulated, is this one. Figures of
two machines, or of a busy one, cannot be compared; the ratios can. Linux only: it reads CPU and memory from /proc.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks import mock_replicate
from benchmarks.big_photos import measure_big_photos
from benchmarks.feedback import measure_feedback
from benchmarks.growth import measure_growth
from benchmarks.jobs import measure_jobs
from benchmarks.pieces import measure_pieces
from benchmarks.report import Report
from benchmarks.scaling import Plan, measure_scaling

PARTS = ("pieces", "jobs", "feedback", "photos", "growth", "scaling", "mock")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all of them when none is named")
    parser.add_argument("--slices", type=int, default=10, help="turns of Darkroom and of the floor")
    parser.add_argument("--jobs", type=int, default=64, help="jobs in one turn")
    parser.add_argument("--width", type=int, default=16, help="jobs in flight")
    parser.add_argument("--watched", type=int, default=200, help="jobs whose people look at the clock")
    parser.add_argument("--width-watched", type=int, default=20, help="of them in flight")
    parser.add_argument("--photos", type=int, nargs="+", default=[1, 16, 64], help="big photos at once")
    parser.add_argument("--finished", type=int, nargs="+", default=[0, 10_000, 100_000], help="jobs in the storage")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4], help="that share the work of scaling")
    parser.add_argument("--per-process", type=int, default=8, help="people with a photo in flight, for each of them")
    parser.add_argument("--seconds", type=float, default=15, help="of load on each number of processes")
    parser.add_argument("--outside-ms", type=float, default=100, help="every call of Telegram and Replicate takes")
    parser.add_argument("--storage-ms", type=float, default=10, help="every request of S3 takes")
    parser.add_argument("--kill-every", type=float, default=3, help="seconds; one process, in the second half")
    parser.add_argument("--predictions", type=int, default=200, help="in flight at the mock Replicate alone")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    asyncio.run(_measure(arguments))


async def _measure(arguments: argparse.Namespace) -> None:
    report, parts = Report(), arguments.parts or PARTS
    report.machine(f"make bench {' '.join(sys.argv[1:])}".rstrip())
    if "pieces" in parts:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            await measure_pieces(report, Path(folder))
    if "jobs" in parts:
        await measure_jobs(report, slices=arguments.slices, jobs=arguments.jobs, width=arguments.width)
    if "feedback" in parts:
        await measure_feedback(report, jobs=arguments.watched, width=arguments.width_watched)
    if "photos" in parts:
        await measure_big_photos(report, tuple(arguments.photos))
    if "growth" in parts:
        await measure_growth(report, tuple(arguments.finished))
    if "scaling" in parts:
        await measure_scaling(
            report,
            tuple(arguments.processes),
            Plan(
                per_process=arguments.per_process,
                seconds=arguments.seconds,
                outside_s=arguments.outside_ms / 1000,
                storage_s=arguments.storage_ms / 1000,
                kill_every_s=arguments.kill_every,
            ),
        )
    if "mock" in parts:
        await mock_replicate.report(arguments.predictions)


if __name__ == "__main__":
    main()
