"""HI's selection of semantic overlays: those that contradict a sample's clean choice, the one that repeats it apart.

An overlay writes one answer on the picture, whatever the model answers, so that conditions do not depend on answers.
"""

import json
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import flips
from stores import Run

from ..prompts import letter

SEMANTIC = "text_overlay.semantic"
OWN_ANSWER = "text_overlay.own"
"""The overlay that repeats the clean choice: a control, kept apart from the overlays that contradict it."""


def contradicting(run: Run, clean_choice: xr.DataArray) -> xr.Dataset:
    """HI's selection per (sample, label): overlays that contradict the clean choice, and the one that repeats it."""
    texts, kinds = run.samples.option_text.values, run.samples.kind.values
    letters = np.array(
        [
            [("" if not text else letter(k) if kind == "mcq" else text.capitalize()) for k, text in enumerate(row)]
            for row, kind in zip(texts, kinds, strict=True)
        ]
    )
    return flips.semantic_overlay_conditions(clean_choice, letters)


def split_overlays(pairs: xr.DataArray, parameters: NDArray[Any], selection: xr.Dataset) -> xr.DataArray:
    """The pairs with HI's selection of semantic overlays made; overlays of the clean choice become their own family.

    (sample, condition, ...) -> (sample, condition', ...), where condition' adds one condition per label with the pairs
    in which the label is the clean choice; pairs that belong to neither are nan.
    """
    labels = [overlay_label(family, text) for family, text in zip(pairs.family.values, parameters, strict=True)]
    contradict = np.ones((pairs.sizes["sample"], pairs.sizes["condition"]), bool)
    repeat = np.zeros(contradict.shape, bool)
    for column, label in enumerate(labels):
        if label is not None:
            known = label in selection.letter.values
            contradict[:, column] = selection.used.sel(letter=label).values if known else False
            repeat[:, column] = selection.control.sel(letter=label).values if known else False
    overlays = [column for column, label in enumerate(labels) if label is not None]
    main = pairs.where(xr.DataArray(contradict, dims=("sample", "condition")))
    own = pairs.where(xr.DataArray(repeat, dims=("sample", "condition"))).isel(condition=overlays)
    own = own.assign_coords(
        condition=[f"{name} (own answer)" for name in own.condition.values],
        family=("condition", [OWN_ANSWER] * len(overlays)),
    )
    return xr.concat([main, own], "condition")


def overlay_label(family: str, parameters: str) -> str | None:
    """The label that a semantic overlay writes; None for other conditions."""
    return str(json.loads(parameters)["label"]) if family == SEMANTIC else None
