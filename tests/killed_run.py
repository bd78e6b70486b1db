"""An extraction in a process of its own, which is killed: the model is loaded once, before the processes are forked."""

from multiprocessing.synchronize import Event

import tiny

import hooks
import probe
from probe.extraction import plan, run

SETTINGS = {
    "perturb": ["driving"],
    "sites": ("vision.layers[-1]:patches", "projector:patches", "language.layers[*]:context_last"),
    "dtype": "float32",
    "keep": "tokens",
}
MODEL = tiny.load("llava", hooks.LoadOptions(dtype="float32", device="cpu"))


def work(dataset: str, out: str, began: Event) -> None:
    """Extract in small blocks; say when units are about to be written."""
    begin = run.begin

    def announce(*arguments: object) -> None:
        began.set()
        begin(*arguments)  # type: ignore[arg-type]

    plan.LARGEST_BLOCK = 2  # in this process alone: tests import this file
    run.begin, run.load = announce, lambda blueprint: MODEL  # type: ignore[assignment]
    execution = probe.Execution(device="cpu", batch_size=2)
    probe.extract(MODEL.blueprint.source, dataset, out=out, execution=execution, **SETTINGS)  # type: ignore[arg-type]
