"""Transitions: what a perturbation does to right and to wrong answers.

Source: Wani et al. 2026; definitions, section 4.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from collections.abc import Sequence

import numpy as np
import xarray as xr

from .. import labels, yes_or_no
from ..labels import Array
from .choices import correct, flipped


def transitions(choice: Array, clean_choice: Array, answer: Array) -> xr.Dataset:
    """What the perturbation did to the answer, per sample and condition.

    In: choice (sample, condition), clean_choice and answer (sample). Out: Dataset of 0/1 indicators as choice:
    right_to_wrong, wrong_to_right, right_to_right, wrong_to_wrong, which are 1 in all, and wrong_to_other_wrong, the
    part of wrong_to_wrong whose choice changed. nan where any of the three is undefined. Source: Wani et al. 2026.

    >>> import numpy as np
    >>> result = transitions(np.array([[0, 1, 2]]), np.array([1]), np.array([0]))
    >>> result.wrong_to_right.values, result.wrong_to_wrong.values, result.wrong_to_other_wrong.values
    (array([[1., 0., 0.]]), array([[0., 1., 1.]]), array([[0., 0., 1.]]))
    """
    now = labels.by_sample(correct(choice, answer))
    moved = labels.by_sample(flipped(choice, clean_choice))
    before = labels.by_sample(correct(clean_choice, answer))
    defined = now.notnull() & moved.notnull() & before.notnull()
    kinds = {
        "right_to_wrong": before * (1 - now),
        "wrong_to_right": (1 - before) * now,
        "right_to_right": before * now,
        "wrong_to_wrong": (1 - before) * (1 - now),
        "wrong_to_other_wrong": (1 - before) * (1 - now) * moved,
    }
    return xr.Dataset({name: kind.where(defined).transpose(*now.dims) for name, kind in kinds.items()})


def transition_rates(transitions: xr.Dataset, *, dim: str | Sequence[str] = "sample") -> xr.Dataset:
    """Share of right answers that become wrong, and of wrong ones that become right or another wrong one.

    In: the Dataset of `transitions`. Out: without `dim`, in [0, 1]: right_to_wrong = R→W / (R→W + R→R), wrong_to_right
    = W→R / (W→R + W→W), wrong_to_other_wrong = W→other W / (W→R + W→W); and counts: the clean answers that were `right`
    and `wrong`, and those that are `undefined` and left out. nan where the clean answers give no case.
    Source: Wani et al. 2026.

    >>> import numpy as np
    >>> result = transition_rates(transitions(np.array([[0], [1]]), np.array([0, 0]), np.array([0, 0])))
    >>> result.right_to_wrong.values, result.wrong_to_right.values
    (array([0.5]), array([nan]))
    """
    counts = transitions.sum(dim)
    right = counts.right_to_wrong + counts.right_to_right
    wrong = counts.wrong_to_right + counts.wrong_to_wrong
    return xr.Dataset(
        {
            "right_to_wrong": counts.right_to_wrong / right.where(right > 0),
            "wrong_to_right": counts.wrong_to_right / wrong.where(wrong > 0),
            "wrong_to_other_wrong": counts.wrong_to_other_wrong / wrong.where(wrong > 0),
            "right": right.astype(np.int64),
            "wrong": wrong.astype(np.int64),
            "undefined": transitions.right_to_right.isnull().sum(dim),
        }
    )


def yes_no_rates(
    choice: Array,
    clean_choice: Array,
    answer: Array,
    option_text: Array,
    *,
    dim: str | Sequence[str] = "sample",
    option: str | int = "option",
) -> xr.Dataset:
    """Which kinds of yes/no answers the perturbation keeps, and which mistakes it corrects.

    In: as `transitions`, option indices; option_text (sample, option), by which yes and no are found, in any order and
    case. Out: without `dim`, in [0, 1]: true_positive_stability (right "yes" kept), true_negative_stability (right "no"
    kept), false_positive_correction (wrong "yes" turned right), false_negative_correction (wrong "no" turned right);
    and the counts of clean answers that these are shares of: true_positives, true_negatives, false_positives,
    false_negatives. Questions whose options are not yes and no count nowhere. nan where the clean answers give no case.
    Raises ValueError where labels differ. Source: Wani et al. 2026.

    >>> import numpy as np
    >>> text = np.array([["yes", "no"], ["no", "yes"]])   # the same two questions, listed either way round
    >>> result = yes_no_rates(np.array([[1], [1]]), np.array([0, 1]), np.array([1, 0]), text)   # 1 of 2 false alarms
    >>> result.false_positive_correction.values
    array([0.5])
    """
    change = transitions(choice, clean_choice, answer)
    clean = labels.by_sample(clean_choice)
    labels.labelled(clean_choice=clean_choice, option_text=option_text)
    places = [labels.by_sample(place) for place in yes_or_no.places(option_text, dim=option)]
    clean, *places = labels.aligned(clean_choice=clean, yes=places[0], no=places[1])
    said_yes, said_no = (((clean == place) & (place >= 0)).astype(np.float64) for place in places)
    kept, corrected = change.right_to_right, change.wrong_to_right
    right, wrong = kept + change.right_to_wrong, corrected + change.wrong_to_wrong
    cases = {
        "true_positives": right * said_yes,
        "true_negatives": right * said_no,
        "false_positives": wrong * said_yes,
        "false_negatives": wrong * said_no,
    }
    parts = {
        "true_positive_stability": kept * said_yes,
        "true_negative_stability": kept * said_no,
        "false_positive_correction": corrected * said_yes,
        "false_negative_correction": corrected * said_no,
    }
    counts = {name: case.sum(dim) for name, case in cases.items()}
    shares = {
        name: part.sum(dim) / count.where(count > 0)
        for (name, part), count in zip(parts.items(), counts.values(), strict=True)
    }
    return xr.Dataset(shares | {name: count.astype(np.int64) for name, count in counts.items()})
