"""A whole `probe extract` in one process: from its arguments to its exit code and its words.

The model is loaded once, before processes are forked; all else is as in a process of its own.
"""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from .forked import CRASHED, DONE, FAILED, REFUSED, Work

MODEL = "pocket-vlm"
COMMAND = (
    "extract", MODEL, "streets", "-n", "3", "-p", "white", "-s", "vision.layers[-1]:patches", "-s",
    "language.layers[-1]:context_last", "--device", "cpu",
)  # fmt: skip
"""Three images, one a block, under two conditions: six units."""

IN_USE = ("is being written by", "is being created by", "already contains a run", "another process has taken this run")


@cache
def model() -> Any:
    """The model, loaded with all modules that a run needs where this is asked first."""
    import hooks
    from probe import models

    for name in ("probe.__main__", "probe.cli", "probe.runs", "probe.extraction.block", "probe.pocket.streets"):
        import_module(name)
    return hooks.load(models.source(MODEL), hooks.LoadOptions(device="cpu"))


def extract(
    path: Path, *, join: bool = False, durable: bool = False, command: tuple[str, ...] = COMMAND, block: int = 1
) -> tuple[int, str]:
    """Run the command in blocks of so many images, in this process, which it changes: it must end afterwards."""
    import torch

    from probe.__main__ import main
    from probe.extraction import plan
    from probe.readers import local

    torch.set_num_threads(1)  # threads do not survive a fork
    plan.LARGEST_BLOCK, local.load = block, lambda blueprint: model()
    switches = [name for name, given in (("--join", join), ("--durable", durable)) if given]
    sys.argv = ["probe", *command, "-o", str(path), *switches]
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main()
            code: object = CRASHED
        except SystemExit as ended:
            code = ended.code
    return _end(code, said.getvalue())


def _end(code: object, words: str) -> tuple[int, str]:
    """A command that fails says so in one line, and ends with 2."""
    if code == 0:
        return DONE, words
    (*_, line) = words.splitlines() or [""]
    if code != 2 or "Traceback" in words or words.count("error: ") != 1 or not line.startswith("error: "):
        return CRASHED, f"exit code {code}: {words}"
    return (REFUSED if any(each in line for each in IN_USE) else FAILED), line


EXTRACTION = Work("an extraction", extract, prepare=model)
