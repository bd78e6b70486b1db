"""The answers that a text overlay can write on the images of a dataset."""

from ..prompts import letter
from ..sample import Dataset


def overlay_labels(dataset: Dataset) -> tuple[str, ...]:
    """A letter per option of the longest multiple choice, then Yes and No where such questions are asked."""
    options = max((len(sample.options) for sample in dataset.samples if sample.kind == "mcq"), default=0)
    binary = any(sample.kind in ("yesno", "safety") for sample in dataset.samples)
    return tuple(map(letter, range(options))) + (("Yes", "No") if binary else ())
