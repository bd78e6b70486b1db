"""A made-up run of answers alone: which option is chosen is written down, condition by condition."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import stores

OPTIONS = ("yes", "no", "maybe")


def make(
    folder: Path,
    choices: Mapping[str, Sequence[int] | np.ndarray],
    *,
    samples_of_image: int = 1,
    answer: int | None = 0,
    dataset: str = "made up",
) -> stores.Run:
    """The run in which sample k chooses option `choices[condition][k]`; -1 leaves its scores undefined.

    Conditions are written as `family:name=value`, numbers alone; samples of an image lie side by side.
    """
    count = len(choices["clean"])
    images = tuple(f"i{k:03}" for k in range(-(-count // samples_of_image)))
    right = "" if answer is None else OPTIONS[answer]
    samples = tuple(
        stores.SampleRow(f"s{k:03}", k // samples_of_image, f"Question {k}?", right, "mcq", OPTIONS, dataset=dataset)
        for k in range(count)
    )
    layout = stores.Layout(len(images), images, samples, tuple(condition(name) for name in choices))
    stores.create(folder, layout, plan=stores.hashed({"settings": {"perturb": []}}), provenance={})
    writer = stores.Writer(folder, layout)
    for place, chosen in enumerate(choices.values()):
        unit = stores.Unit(0, place)
        arrays = layout.blank(unit)
        scores = np.where(np.arange(len(OPTIONS)) == np.array(chosen)[:, None], -1.0, -2.0)
        arrays["answers/log_likelihood"][:] = np.where(np.array(chosen)[:, None] >= 0, scores, np.nan)
        arrays["answers/token_count"][:] = 1
        writer.commit(unit, arrays, report={})
    return stores.open_run(folder)


def condition(name: str) -> stores.ConditionRow:
    """`low_pass:cutoff=0.5` with its family and parameters."""
    family, _, settings = name.partition(":")
    pairs = (part.split("=") for part in settings.split(",") if part)
    parameters = {key: float(value) for key, value in pairs}
    return stores.ConditionRow(name, family, int(parameters.get("severity", -1)), json.dumps(parameters))
