"""Yes and no among the options of a question, found by their text: datasets list them in either order."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import labels
from .labels import Array

WORDS = ("yes", "no")


def places(option_text: Array, *, dim: str | int = "option") -> tuple[Array, Array]:
    """The places of the options "yes" and "no": two integer arrays, -1 where not each of them is there once.

    Case, and white space and punctuation around a word, do not matter ("Yes."). In: option_text (sample, dim), "" where
    a sample has no such option. Out: (sample) twice, int64. A third option does not disturb.

    >>> yes, no = places(np.array([["no", "yes"], ["Yes.", "No."], ["yes", "perhaps"]]))
    >>> yes, no
    (array([ 1,  0, -1]), array([ 0,  1, -1]))
    """
    if isinstance(option_text, xr.DataArray):
        both = labels.apply(of_options, option_text, core=[[dim]], out={"word": len(WORDS)}, dtype=np.int64)
        return both.isel(word=0), both.isel(word=1)
    both = of_options(labels.axis_last(np.asarray(option_text), dim))
    return both[..., 0], both[..., 1]


def of_options(option_text: Any) -> NDArray[np.int64]:
    """As `places`, of bare arrays, options last: (..., option) -> (..., 2).

    >>> of_options(np.array(["no", "yes"]))
    array([1, 0])
    """
    texts = np.asarray(option_text)
    if not texts.shape[-1]:
        return np.full((*texts.shape[:-1], len(WORDS)), -1, np.int64)
    flat: list[object] = texts.reshape(-1).tolist()
    plain = {text: _word(text) for text in set(flat)}
    said = np.array([plain[text] for text in flat], object).reshape(texts.shape)
    found = np.stack([said == word for word in WORDS], axis=-2)  # (..., word, option)
    once = (found.sum(axis=-1) == 1).all(axis=-1, keepdims=True)
    return np.where(once, found.argmax(axis=-1), -1).astype(np.int64)


def _word(text: object) -> str:
    word = str(text).casefold()
    kept = [place for place, mark in enumerate(word) if mark.isalnum()]
    return word[kept[0] : kept[-1] + 1] if kept else ""
