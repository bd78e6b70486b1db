"""Choices, one by one: whether each changed, is right, and which overlay letters contradict it.

Choices are option indices (-1 undefined) or answer texts ("" undefined). Source: definitions, section 4.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array


def flipped(choice: Array, clean_choice: Array) -> Array:
    """Whether each choice differs from the clean one.

    In: choice (sample, condition, ...), clean_choice (sample, ...): option indices or texts. Out: as choice, float64:
    1 flipped, 0 kept, nan where either is undefined (-1, nan or ""). Raises ValueError where labels differ.

    >>> import numpy as np
    >>> flipped(np.array([[0, 1, -1]]), np.array([0]))
    array([[ 0.,  1., nan]])
    """
    return _compared(lambda now, then: now != then, choice, clean_choice, "choice", "clean_choice")


def correct(choice: Array, answer: Array) -> Array:
    """Whether each choice is the right answer.

    In: choice (sample, condition, ...), answer (sample, ...): option indices or texts. Out: as choice, float64: 1
    right, 0 wrong, nan where either is undefined (-1, nan or ""). Raises ValueError where labels differ.

    >>> import numpy as np
    >>> correct(np.array([[2, 0]]), np.array([2]))
    array([[1., 0.]])
    """
    return _compared(lambda now, right: now == right, choice, answer, "choice", "answer")


def accuracy(choice: Array, answer: Array, *, dim: str = "sample") -> Array:
    """Share of right choices over the defined ones.

    In: as `correct`. Out: without `dim` (the first axis of bare arrays), in [0, 1]; nan where no choice is defined.

    >>> import numpy as np
    >>> accuracy(np.array([0, 1, -1]), np.array([0, 0, 0]))
    array(0.5)
    """
    right = correct(choice, answer)
    if isinstance(right, xr.DataArray):
        return labels.mean(right, dim)
    return labels.mean(labels.by_sample(right), "sample").values


def answer_index(option_text: Array, answer: Array, *, dim: str | int = "option") -> Array:
    """The index of the option that is the answer, word for word; -1 where no option is.

    In: option_text (sample, dim), "" where a sample has no such option, and answer (sample). Out: (sample), int64.

    >>> answer_index(np.array([["car", "bus"], ["yes", "no"]]), np.array(["bus", ""]))
    array([ 1, -1])
    """

    def kernel(text: Any, right: Any) -> NDArray[np.int64]:
        same = (text == right[..., None]) & (text != "")
        return np.where(same.any(axis=-1), same.argmax(axis=-1), -1).astype(np.int64)

    if not labels.labelled(option_text=option_text, answer=answer):
        return kernel(labels.axis_last(np.asarray(option_text), dim), np.asarray(answer))
    text, right = labels.aligned(option_text=option_text, answer=answer)
    return labels.apply(kernel, text, right, core=[[dim], []], dtype=np.int64)


def entropy(choice: Array, *, dim: str | int = "condition") -> Array:
    """Shannon entropy of a sample's choices over clean and all conditions: -sum p ln p.

    In: option indices (sample, condition). Out: without `dim`, nats in [0, ln(options)]; 0 means always the same.
    Undefined choices (-1) are passed over; nan where none is defined.

    >>> import numpy as np
    >>> entropy(np.array([[0, 0, 1, 1], [2, 2, 2, -1]])).round(4)   # ln 2, then 0
    array([0.6931, 0.    ])
    """
    if isinstance(choice, xr.DataArray):
        return labels.apply(_entropy, choice, core=[[dim]], dtype=np.float64)
    return _entropy(labels.axis_last(np.asarray(choice), dim))


def semantic_overlay_conditions(choice_clean: Array, letters: Any, *, limit: int = 3) -> xr.Dataset:
    """Which overlay letters count per sample: those that contradict the clean choice, and the one that repeats it.

    The overlays are made for every letter, whatever the model answers; this picks per sample the first `limit` letters
    that are not the clean choice. In: choice_clean (sample) option indices, letters the label of each option, the same
    for all samples (option) or per sample (sample, option), "" where a sample has no such option. Out: Dataset over
    (sample, letter), boolean: `used`, the contradicting ones, and `control`, the clean choice's own. Both are false
    where the clean choice is undefined. Source: Wani et al. 2026, semantic text overlay.

    >>> result = semantic_overlay_conditions(np.array([1]), ["A", "B", "C", "D", "E"])
    >>> result.letter.values[result.used.values[0]].tolist(), result.letter.values[result.control.values[0]].tolist()
    (['A', 'C', 'D'], ['B'])
    """
    choice = labels.by_sample(choice_clean)
    given = np.asarray(letters).astype(str)
    own = np.broadcast_to(given, (choice.sizes["sample"], given.shape[-1]))
    names = list(dict.fromkeys(name for name in given.ravel().tolist() if name))
    index = np.asarray(choice.values, np.int64)
    if index.size and index.max() >= own.shape[1]:
        raise ValueError(f"clean choice {index.max()}: there are {own.shape[1]} letters (from 0).")
    chosen = (np.arange(own.shape[1]) == index[:, None]) & (own != "")
    candidate = (own != "") & ~chosen & (index >= 0)[:, None]
    first = candidate & (np.cumsum(candidate, axis=1) <= limit)
    masks = {"used": first, "control": chosen}
    coords = {name: coord for name, coord in choice.coords.items() if coord.dims == ("sample",)}
    return xr.Dataset(
        {
            kind: (("sample", "letter"), np.stack([(mask & (own == name)).any(axis=1) for name in names], axis=1))
            for kind, mask in masks.items()
        },
        coords={**coords, "letter": names},
    )


def _compared(test: Any, choice: Array, reference: Array, name: str, other: str) -> Array:
    def kernel(now: Any, then: Any) -> NDArray[np.float64]:
        return np.where(_defined(now) & _defined(then), test(now, then), np.nan).astype(np.float64)

    if not labels.labelled(**{name: choice, other: reference}):
        now, then = np.asarray(choice), np.asarray(reference)
        return kernel(now, labels.repeated(then, now, other, name))
    now, then = labels.aligned(**{name: choice, other: reference})
    labels.require_dims(other, then, name, now)
    return labels.apply(kernel, now, then, core=[[], []], dtype=np.float64).transpose(*now.dims)


def _defined(choice: NDArray[Any]) -> NDArray[np.bool_]:
    if choice.dtype.kind in "OUST":
        return choice != ""
    return choice >= 0 if choice.dtype.kind != "b" else np.ones(choice.shape, np.bool_)


def _entropy(choice: NDArray[Any]) -> NDArray[np.float64]:
    options = range(int(max(np.nan_to_num(choice, nan=-1).max(initial=-1), 0)) + 1)
    counts = np.stack([(choice == option).sum(axis=-1) for option in options], axis=-1).astype(np.float64)
    total = counts.sum(axis=-1, keepdims=True)
    share = counts / np.where(total > 0, total, np.nan)
    return -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=-1) + 0.0
