"""Tables of classes: which classes each sample shows or an answer names, as numbers that can be counted.

Rows are samples (and conditions), columns the classes of a vocabulary in its order; 1 is named or present, 0 not, nan
unknown. Source: Cheng, sections 3 and 4; definitions, section 10.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates and object arrays open.

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels
from ..labels import Array
from .cityscapes import CITYSCAPES
from .vocabulary import Vocabulary, Words, complete

_YES_NO = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)


def class_table(classes: Any, vocabulary: Words = CITYSCAPES, *, sample: str = "sample", dim: str = "class") -> Array:
    """The classes of each sample as a table: C_gt from lists of names.

    In: one collection of names per sample, or a mapping from sample labels to such; a word of the vocabulary stands for
    its class ("person", "tree"). Out: (sample, dim), 1 present, 0 not, a DataArray for a mapping; nan where a sample
    has None, which says that its classes are unknown. Raises ValueError for a name that is no class.

    >>> class_table([{"person"}, []], {"pedestrian": ("person",), "car": ()})
    array([[1., 0.],
           [0., 0.]])
    """
    words = complete(vocabulary)
    if isinstance(classes, Mapping):
        values = class_table(list(classes.values()), words)
        return _labelled(xr.DataArray(values, dims=(sample, dim), coords={sample: list(classes)}), words, dim)
    rows = [_row(one, words) for one in classes]
    return np.asarray(rows, np.float64).reshape(len(rows), len(words))


def top_classes(similarity: Array, *, k: int, dim: str = "class") -> Array:
    """The K classes nearest to each image: C_vlm of a contrastive model, which writes no text.

    In: similarity of image and class text (sample, ..., dim), any unit. Out: the same shape, 1 among the K greatest, 0
    not; ties go to the class that comes first. nan where a similarity is undefined. The axis of bare arrays is the
    last. Raises ValueError for a k that is not within 1 and the number of classes. Source: Cheng, section 5.4.

    >>> top_classes(np.array([[0.3, 0.1, 0.2]]), k=2)
    array([[1., 0., 1.]])
    """
    count = similarity.sizes.get(dim, 0) if isinstance(similarity, xr.DataArray) else np.shape(similarity)[-1]
    if not 1 <= k <= max(count, 1):
        raise ValueError(f"k={k}: there are {count} classes; choose from 1 to {count}.")

    def kernel(values: Any) -> NDArray[np.float64]:
        values = np.asarray(values, np.float64)
        rank = np.argsort(np.argsort(-values, axis=-1, kind="stable"), axis=-1)
        return np.where(np.isnan(values).any(axis=-1, keepdims=True), np.nan, rank < k)

    if not isinstance(similarity, xr.DataArray):
        return kernel(similarity)
    result = labels.apply(kernel, similarity, core=[[dim]], out={dim: count}, dtype=np.float64)
    along = {name: coord for name, coord in similarity.coords.items() if dim in coord.dims}
    return result.assign_coords(along).transpose(*similarity.dims)


def presence_table(
    answer: xr.DataArray,
    vocabulary: Words = CITYSCAPES,
    *,
    asked: Sequence[str] | str = "asked",
    image: str = "image",
    sample: str = "sample",
    dim: str = "class",
) -> xr.DataArray:
    """The answers to "Is there a {class} in the image?" as one row per image.

    In: texts (sample, ...) with a coordinate `image`; `asked`, the class word that each sample asks for, as a list or a
    coordinate. Out: (image, ..., dim), images in order of first appearance, 1 yes, 0 no by the first word; an empty
    answer ("") names nothing, so that it is 0; nan where the class was not asked, there is no answer (None or nan), or
    it is neither. Raises ValueError where an image was asked twice for one class.
    Source: Cheng, section 4.2.

    >>> texts = xr.DataArray(["Yes.", "no"], dims="sample", coords={"image": ("sample", ["i", "i"])})
    >>> presence_table(texts, {"car": (), "bus": (), "truck": ()}, asked=["bus", "car"]).values
    array([[ 0.,  1., nan]])
    """
    words = complete(vocabulary)
    classes = [words.class_of(str(one)) for one in (answer[asked].values if isinstance(asked, str) else asked)]
    images = [str(one) for one in answer[image].values]
    if len(classes) != answer.sizes[sample]:
        raise ValueError(f"{len(classes)} classes asked by {answer.sizes[sample]} samples: give one each.")
    rows, columns = {name: row for row, name in enumerate(dict.fromkeys(images))}, list(words)
    said = answer.transpose(sample, ...)
    values = np.full((len(rows), *said.shape[1:], len(columns)), np.nan)
    seen: set[tuple[str, str]] = set()
    for place, cell in enumerate(zip(images, classes, strict=True)):
        if cell in seen:
            raise ValueError(f"image {cell[0]!r} was asked twice for {cell[1]!r}: keep one sample of the two.")
        seen.add(cell)
        values[rows[cell[0]], ..., columns.index(cell[1])] = np.vectorize(says_yes, [np.float64])(said.values[place])
    kept = {name: coord for name, coord in answer.coords.items() if sample not in coord.dims}
    table = xr.DataArray(values, dims=(image, *said.dims[1:], dim), coords={**kept, image: list(rows)})
    return _labelled(table, words, dim)


def from_texts(text: Array, row: Callable[[str], Sequence[float]], words: Vocabulary, dim: str) -> Array:
    """One row of a class table per text; nan where there is none (None or nan). Equal texts are read once.

    >>> from_texts(np.array(["ab", None]), lambda one: [len(one), 0], Vocabulary({"car": (), "bus": ()}), "class")
    array([[ 2.,  0.],
           [nan, nan]])
    """
    width = len(words)

    def kernel(texts: Any) -> NDArray[np.float64]:
        flat = np.asarray(texts, object).reshape(-1)
        known = {one: row(one) for one in set(flat.tolist()) if is_given(one)}
        values = [known.get(one, [np.nan] * width) for one in flat.tolist()]
        return np.asarray(values, np.float64).reshape(*np.shape(texts), width)

    if not isinstance(text, xr.DataArray):
        return kernel(text)
    return _labelled(labels.apply(kernel, text, core=[[]], out={dim: width}, dtype=np.float64), words, dim)


def paired(
    mentioned: Any, present: Any, vocabulary: Words, *, dim: str = "class", sample: str = "sample"
) -> tuple[xr.DataArray, xr.DataArray, bool]:
    """Two class tables with identical labels, and whether they came as bare arrays or as lists of sets.

    Raises ValueError where labels differ and where an axis has not the classes, TypeError for a mix of kinds.

    >>> said, there, bare = paired([{"bus"}], [{"car"}], {"car": (), "bus": ()})
    >>> said.values, there.values, bare
    (array([[0., 1.]]), array([[1., 0.]]), True)
    """
    words = complete(vocabulary)
    mentioned = class_table(mentioned, words) if is_sets(mentioned) else mentioned
    present = class_table(present, words) if is_sets(present) else present
    bare = not labels.labelled(mentioned=mentioned, present=present)
    if bare:
        mentioned, present = (_named(np.asarray(one, np.float64), words, sample, dim) for one in (mentioned, present))
    said, there = labels.aligned(mentioned=mentioned, present=present)
    for name, table in (("mentioned", said), ("present", there)):
        if dim not in table.dims:
            raise ValueError(
                f"{name} has dimensions {table.dims} and no {dim!r}. Name the axis of classes with `dim=`."
            )
    labels.require_dims("mentioned", said, "present", there)
    return said.astype(np.float64), there.astype(np.float64), bare


def rate(value: xr.DataArray, sample: str) -> xr.DataArray:
    """The mean over samples of what is defined, with the coordinates `defined` and `undefined` that count samples.

    >>> result = rate(xr.DataArray([1.0, 0.0, np.nan], dims="sample"), "sample")
    >>> float(result), int(result.defined), int(result.undefined)
    (0.5, 2, 1)
    """
    if sample not in value.dims:
        raise ValueError(f"no dimension {sample!r} among {value.dims} to average over. Name it with `sample=`.")
    counts = {"defined": value.notnull().sum(sample), "undefined": value.isnull().sum(sample)}
    return labels.mean(value, sample).assign_coords(counts)


def says_yes(answer: object) -> float:
    """Whether an answer to a yes/no question says yes.

    In: a text, or None where there is none. Out: 1 yes, 0 no by the first word; 0 for an empty answer, which names
    nothing; nan where there is no answer (None or nan) and where it is neither. Source: Cheng, section 4.3.

    >>> says_yes("Yes, there is."), says_yes("No."), says_yes(""), says_yes("Perhaps.")
    (1.0, 0.0, 0.0, nan)
    """
    if not isinstance(answer, str):
        return np.nan
    found = _YES_NO.match(answer)
    return float(found[1].lower() == "yes") if found else np.nan if answer.strip() else 0.0


def is_given(answer: object) -> bool:
    """Whether there is an answer, be it empty: a text, not None or nan. TypeError for anything else."""
    if isinstance(answer, str):
        return True
    if answer is None or (isinstance(answer, float) and np.isnan(answer)):
        return False
    raise TypeError(f"{answer!r} among the answers: give texts, and None where there is none.")


def is_sets(classes: Any) -> bool:
    """Whether this is a plain sequence of sets of names, one per sample."""
    return (
        not isinstance(classes, (xr.DataArray, np.ndarray, str, Mapping))
        and isinstance(classes, Iterable)
        and all(isinstance(one, (set, frozenset)) for one in classes)
    )


def _row(classes: Collection[str] | None, words: Vocabulary) -> list[float]:
    if classes is None:
        return [np.nan] * len(words)
    if isinstance(classes, str):
        raise ValueError(f"{classes!r} is one name; give each sample a set of names, such as {{{classes!r}}}.")
    names = {words.class_of(one) for one in classes}
    return [float(name in names) for name in words]


def _named(values: NDArray[np.float64], words: Vocabulary, sample: str, dim: str) -> xr.DataArray:
    middle = [f"axis_{axis}" for axis in range(2, values.ndim - 1)]
    dims = [*[sample, "condition", *middle][: values.ndim - 1], dim]
    table = xr.DataArray(values, dims=dims)
    return _labelled(table, words, dim) if values.shape[-1] == len(words) else table


def _labelled(table: xr.DataArray, words: Vocabulary, dim: str) -> xr.DataArray:
    return table.assign_coords({dim: list(words), "critical": (dim, [name in words.critical for name in words])})
