"""CPU time and memory of `probe import` on 200,000 lines: many questions under few conditions, and few under many.

    python benchmarks/bench_import.py [LINES]

Each shape is imported in a process of its own; prints CPU seconds, and the peak of its memory beside that of the same
process before it reads the log.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from published_multiple_choice import head, row

SHAPES = (4, 40)
"""Conditions of a question."""


def write(path: Path, lines: int, conditions: int) -> None:
    """A plain log of texts that name an option."""
    random = Random(0)
    with path.open("w", encoding="utf-8") as log:
        for k in range(lines // conditions):
            asked = {"question": f"What is in picture {k}?", "options": ["a bus", "a car", "a dog"], "answer": "a car"}
            for place in range(conditions):
                said = (
                    f"I think that it is ({random.choice('ABC')}), for there is a long red thing in the middle of it."
                )
                name = "clean" if not place else f"size:{place}"
                log.write(
                    json.dumps({"sample": f"s{k}", "image": f"i{k // 2}", "condition": name, "text": said} | asked)
                )
                log.write("\n")


def measure(log: Path, out: Path) -> None:
    """Import a log in this process; print seconds of CPU, and MB at its peak and before it."""
    from probe.logs.imported import import_logs

    def usage() -> tuple[float, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

    began, before = usage()
    import_logs(log, out=out)
    ended, peak = usage()
    print(json.dumps([ended - began, before, peak]))


def main() -> None:
    """Measure each shape."""
    if len(sys.argv) == 4:
        return measure(Path(sys.argv[2]), Path(sys.argv[3]))
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    head("lines", "questions", "conditions", "CPU, s", "memory before, MB", "peak, MB")
    for conditions in SHAPES:
        with TemporaryDirectory() as folder:
            log = Path(folder) / "log.jsonl"
            write(log, lines, conditions)
            command = [sys.executable, __file__, "measure", str(log), f"{folder}/run"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds, before, peak = json.loads(done.stdout)
        row(f"{lines:,}", f"{lines // conditions:,}", conditions, f"{seconds:.0f}", f"{before:.0f}", f"{peak:.0f}")
    return None


if __name__ == "__main__":
    main()
