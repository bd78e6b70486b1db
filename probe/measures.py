"""From a run to the labelled arrays that the summary reduces: flips, correctness, drift, control, margin erosion.

Every array has a row per sample; those under conditions also carry `family` along `condition`. Nothing is reduced here.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import drift, flips, margins
from hooks.state_kinds import PRIMARY
from stores import Run

from .prompts import LETTERS

SEMANTIC = "text_overlay.semantic"
OWN = "text_overlay.own"
"""The overlay that repeats the clean choice: a control, kept apart from the overlays that contradict it."""


@dataclass(frozen=True)
class Measures:
    """What is known per sample and condition, and per sample; nan where undefined.

    flipped, correct, erosion [nats], drift [1 - cosine]: (sample, condition), clean first, with coordinates `family`
    and `image`; control [1 - cosine]: (sample), and unaveraged control_pairs: (sample, pair).
    """

    site: str
    flipped: xr.DataArray
    correct: xr.DataArray
    erosion: xr.DataArray
    drift: xr.DataArray
    control: xr.DataArray
    control_pairs: xr.DataArray


def measure(run: Run, *, site: str | None = None, seed: int = 0) -> Measures:
    """Work out the measures of a run at one site (by default the one that speaks for the model)."""
    answers = run.answers
    exists = run.samples.option_text != ""
    scores = margins.complete(margins.score(answers.log_likelihood), exists)
    choice = margins.choice(scores)
    clean = choice.sel(condition="clean", drop=True)
    margin = margins.margin(scores, clean)
    place = site or default_site(run)
    states = vectors(run, place) if place else undefined(choice)
    clean_states = states.sel(condition="clean", drop=True)
    per_pair = {
        "flipped": flips.flipped(choice, clean),
        "correct": flips.correct(choice, flips.answer_index(run.samples.option_text, run.samples.answer)),
        "erosion": margin.sel(condition="clean", drop=True) - margin,
        "drift": drift.cosine(clean_states, states),
    }
    if SEMANTIC in answers.family.values:
        used, parameters = contradicting(run, clean), run.conditions.parameters.values
        per_pair = {name: split_overlays(array, parameters, used) for name, array in per_pair.items()}
    return Measures(
        site=place,
        control=drift.control(clean_states, seed=seed),
        control_pairs=drift.control_pairs(clean_states, seed=seed),
        **per_pair,
    )


def default_site(run: Run) -> str:
    """The site that speaks for the model: the deepest layer of the preferred tokens that the run has; "" for none."""
    for primary in PRIMARY:
        for text in run.sites:
            place, _, kind = text.partition(":")
            if kind == primary:
                layer = int(run.site(text).layer.values.max())
                return f"{place.partition('[')[0]}[{layer}]:{kind}" if "[" in place else text
    return ""


def vectors(run: Run, site: str) -> xr.DataArray:
    """(sample, condition, feature) states of a site; a site per image gives each sample its image's state."""
    states = run.pooled(site)
    states = states.squeeze("layer", drop=True) if "layer" in states.dims else states
    if "image" in states.dims:
        rows = xr.DataArray(run.answers.image.values, dims="sample")
        states = states.sel(image=rows).drop_vars("image").assign_coords(sample=run.answers.sample)
    return states.assign_coords(image=("sample", run.answers.image.values)).transpose("sample", "condition", "feature")


def undefined(choice: xr.DataArray) -> xr.DataArray:
    """(sample, condition, feature) states of a run that kept answers only: all nan."""
    return xr.full_like(choice, np.nan, dtype=np.float32).expand_dims(feature=1, axis=-1)


def contradicting(run: Run, clean_choice: xr.DataArray) -> xr.Dataset:
    """HI's selection per (sample, label): overlays that contradict the clean choice, and the one that repeats it."""
    texts, kinds = run.samples.option_text.values, run.samples.kind.values
    letters = np.array(
        [
            [("" if not text else LETTERS[k] if kind == "mcq" else text.capitalize()) for k, text in enumerate(row)]
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
        family=("condition", [OWN] * len(overlays)),
    )
    return xr.concat([main, own], "condition")


def overlay_label(family: str, parameters: str) -> str | None:
    """The label that a semantic overlay writes; None for other conditions."""
    return str(json.loads(parameters)["label"]) if family == SEMANTIC else None
