"""Measures of alignment: cosines, shared neighbours, kernels, means.

Source: Shu et al. 2025, representation level; definitions, section 13.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates and of `astype` open.

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from .. import control_sampling, labels
from ..kernels import alignment as kernels
from ..kernels import neighbours
from ..labels import Array
from . import pairing

CLIP = 0.95
"""The quantile of the magnitudes to which features are clipped before neighbours are sought."""


def cosine(image: Array, text: Array, *, dim: str | int = "feature") -> Array:
    """Cosine similarity of each image embedding and the text embedding that it is paired with.

    cos = image . text / (|image| |text|). In: two arrays (sample, ..., dim) of one embedding space. Out: the same
    without `dim`, float64, unitless in [-1, 1]; 1 for the same direction. Dimensions that only one has (condition) are
    kept. nan where either vector is zero or not finite. Raises ValueError where labels differ.
    Source: Shu et al. 2025, cosine similarity of visual and textual embeddings.

    >>> cosine(np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[4.0, 3.0], [-2.0, 0.0]]))   # 24/25; opposite
    array([ 0.96, -1.  ])
    """
    if not labels.labelled(image=image, text=text):
        labels.require_same_shape(image=image, text=text)
        return kernels.cosine_similarity(labels.axis_last(image, dim), labels.axis_last(text, dim))
    image, text = labels.aligned(image=image, text=text)
    labels.require_dims("image", image, "text", text)
    result = labels.apply(kernels.cosine_similarity, image, text, core=[[dim], [dim]], dtype=np.float64)
    return result.transpose(*(name for name in image.dims if name != dim), ...)


def neighbour_overlap(
    x: Array, y: Array, *, k: int = 10, quantile: float = CLIP, dim: str = "feature", sample_dim: str = "auto"
) -> Array:
    """The share of each sample's k nearest neighbours in x that are also among its k nearest in y.

    |N_x(i) & N_y(i)| / k, neighbours by cosine, the sample itself excluded, after each representation's features are
    clipped to +- the `quantile` of their magnitudes (1 leaves them). In: (sample or image, ..., dim) twice, numbers of
    features may differ; layers must match, and renamed ones (`layer_of_x`, `layer_of_y`) are crossed. Out: the same
    without `dim`, float64, a share in [0, 1]; unrelated representations overlap by about k / (n - 1). Others that are
    equally near share the places that are left. Samples of one image are near by construction: pass a row per image.
    nan for a sample that is zero or not finite in either, which is then nobody's neighbour, and for all where fewer
    than k + 1 are left. Raises ValueError where labels differ and where k does not lie within 1 and n - 1.
    Source: Huh et al. 2024, mutual nearest neighbours.

    >>> angle = np.radians([[0, 10, 30, 100], [0, 40, 50, 100]])
    >>> x, y = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    >>> neighbour_overlap(x, y, k=1, quantile=1)   # only sample 1 goes over: from 0 in x to 2 in y
    array([1., 0., 1., 1.])
    """

    if not 0 < quantile <= 1:
        raise ValueError(f"quantile={quantile}: features are clipped to a quantile above 0, and 1 leaves them.")
    bare = not labels.labelled(x=x, y=y)
    count = pairing.rows_of(x=x, y=y)[0].shape[0] if bare else x.sizes[control_sampling.sample_dim_of(x, sample_dim)]
    if not 1 <= k < count:
        raise ValueError(f"k={k}: among {count} samples each has {count - 1} others. Choose k from 1 to {count - 1}.")
    if bare:
        return neighbours.neighbour_overlap(x, y, k, quantile)
    left, right, core = pairing.paired(dim, sample_dim, x=x, y=y)
    rows = core[0][0]
    # all conditions at once, so that the neighbours in x are looked for once
    alone = "condition" in right.dims and "condition" not in left.dims
    many = ["condition"] if alone else []
    sizes = ({"condition": right.sizes["condition"]} if alone else {}) | {rows: count}

    def kernel(one: Any, others: Any) -> Any:
        views = others.reshape(-1, *others.shape[-2:])
        return neighbours.neighbour_overlaps(one, views, k, quantile).reshape(others.shape[:-1])

    views = "v," if alone else ""
    each = np.vectorize(kernel, otypes=[np.float64], signature=f"(s,f),({views}s,g)->({views}s)")
    result = labels.apply(each, left, right, core=[core[0], [*many, *core[1]]], out=sizes, dtype=np.float64)
    along = {name: coord for name, coord in left.coords.items() if rows in coord.dims and dim not in coord.dims}
    along |= {name: coord for name, coord in right.coords.items() if alone and coord.dims == ("condition",)}
    return result.transpose(rows, ...).assign_coords(along)


def mutual_knn(
    x: Array, y: Array, *, k: int = 10, quantile: float = CLIP, dim: str = "feature", sample_dim: str = "auto"
) -> Array:
    """Mutual k-nearest-neighbour alignment: the mean of `neighbour_overlap` over samples.

    In, nan and errors: as `neighbour_overlap`; undefined samples are left out. Out: without the samples, a share in
    [0, 1], 1 for the same neighbours throughout; labelled output counts samples in the coordinates `defined` and
    `undefined`. nan where no sample is defined. Interval: `statistics.bootstrap` of the mean overlap, by image.
    Source: Huh et al. 2024.

    >>> states = np.random.default_rng(0).normal(size=(20, 8))
    >>> float(mutual_knn(states, 3 * states, k=5))
    1.0
    """
    overlap = neighbour_overlap(x, y, k=k, quantile=quantile, dim=dim, sample_dim=sample_dim)
    if not isinstance(overlap, xr.DataArray):
        return kernels.mean_of_defined(overlap)
    rows = control_sampling.sample_dim_of(overlap, sample_dim)
    counts = {"defined": overlap.notnull().sum(rows), "undefined": overlap.isnull().sum(rows)}
    return labels.mean(overlap, rows).assign_coords(counts)


def cka(x: Array, y: Array, *, unbiased: bool = False, dim: str = "feature", sample_dim: str = "auto") -> Array:
    """Linear centred kernel alignment: how alike the samples' inner products are in x and in y.

    HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)), K = x x', L = y y'. Biased: HSIC = tr(K H L H), H = I - 1/n. `unbiased`:
    Song et al. 2012, equation 5, which takes the diagonals out, so that independent representations give about 0 with
    any number of features, where the biased one nears 1. In: as `neighbour_overlap`. Out: without samples and features,
    float64, in [0, 1], unbiased in [-1, 1]; 1 for x = y up to rotation, shift and one scale; labelled output counts
    samples in the coordinates `defined` and `undefined`. Samples that are zero or not finite in either are left out.
    nan where a representation does not vary, and where fewer than 2 samples, or 4 for `unbiased`, are left. Raises
    ValueError where labels differ. Source: Kornblith et al. 2019; unbiased: Nguyen et al. 2021.

    >>> x, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[1.0], [3.0], [2.0], [4.0]])
    >>> round(float(cka(x, y)), 6)   # of single features the squared correlation: 0.8^2
    0.64
    """
    return _reduced(kernels.unbiased_linear_cka if unbiased else kernels.linear_cka, dim, sample_dim, x=x, y=y)


def cka_left_out(
    x: xr.DataArray,
    y: xr.DataArray,
    *,
    image: Any = "image",
    unbiased: bool = False,
    dim: str = "feature",
    sample_dim: str = "auto",
) -> xr.DataArray:
    """Linear CKA of the samples without those of each image in turn.

    In: as `cka`, labelled; `image` the image of each sample, as the name of a coordinate or as a list. Out: as `cka`,
    with a dimension `left_out`, the images by name in order. nan as `cka` for the samples that are left. Taken from
    sums over the kernels' rows, so that all images together cost little more than the alignment itself. With
    `statistics.jackknife` an interval by image. Raises ValueError as `cka`, and without images.
    Source: Kornblith et al. 2019; Efron & Stein 1981.

    >>> x = xr.DataArray([[1.0], [2.0], [3.0], [9.0]], dims=("image", "feature"), coords={"image": list("abcd")})
    >>> y = x.copy(deep=False, data=[[1.0], [3.0], [2.0], [0.0]])
    >>> cka_left_out(x, y).sel(left_out="d").round(6).item()   # of 1, 2, 3 and 1, 3, 2 the squared correlation
    0.25
    """
    both = ckas(x, y, image=image, dim=dim, sample_dim=sample_dim)
    return both.without.sel(unbiased=unbiased, drop=True)


def ckas(
    x: xr.DataArray, y: xr.DataArray, *, image: Any = "image", dim: str = "feature", sample_dim: str = "auto"
) -> xr.Dataset:
    """`cka` and `cka_left_out`, unbiased and biased, from one look at the states.

    In, nan, errors: as `cka_left_out`. Out: Dataset whole (unbiased, ...) and without (unbiased, ..., left_out).

    >>> x = xr.DataArray([[1.0], [2.0], [3.0], [4.0]], dims=("image", "feature"), coords={"image": list("abcd")})
    >>> ckas(x, x.copy(deep=False, data=[[1.0], [3.0], [2.0], [4.0]])).whole.sel(unbiased=False).round(2).item()
    0.64
    """
    first, second, core = pairing.paired(dim, sample_dim, x=x, y=y)
    images = labels.along(x, image, "names of image", rows=core[0][0])
    names = np.unique(images)
    return pairing.all_left_out(first, second, core, [np.flatnonzero(images == name) for name in names], names)


def modality_gap(image: Array, text: Array, *, dim: str = "feature", sample_dim: str = "auto") -> Array:
    """The distance between the mean image and the mean text embedding, each of unit vectors.

    | mean_i image_i / |image_i| - mean_i text_i / |text_i| |. In: (sample or image, ..., dim) twice, of one embedding
    space. Out: without samples and features, float64, a length in [0, 2]; 0 for one centre; labelled output counts
    pairs in the coordinates `defined` and `undefined`. Pairs with a zero or non-finite vector are left out; nan where
    none is left. Raises ValueError where labels or numbers of features differ. Source: Liang et al. 2022.

    >>> image, text = np.array([[2.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 3.0]])
    >>> round(float(modality_gap(image, text)), 6)   # |(1, 0) - (0, 1)|
    1.414214
    """
    if labels.labelled(image=image, text=text):
        labels.aligned(image=image, text=text)
    elif image.shape[-1] != text.shape[-1]:
        raise ValueError(f"image has {image.shape[-1]} features, text {text.shape[-1]}: a gap lies in one space.")
    return _reduced(kernels.modality_gap, dim, sample_dim, image=image, text=text)


def _reduced(kernel: Callable[[Any, Any], Any], dim: str, sample_dim: str, **arrays: Array) -> Array:
    if not labels.labelled(**arrays):
        return kernel(*pairing.rows_of(**arrays))

    def measured(x: Any, y: Any) -> Any:
        return np.stack([kernel(x, y), kernels.defined_pairs(x, y).sum()])

    x, y, core = pairing.paired(dim, sample_dim, **arrays)
    each = np.vectorize(measured, otypes=[np.float64], signature="(s,f),(s,g)->(m)")
    both = labels.apply(each, x, y, core=core, out={"measured": 2}, dtype=np.float64)
    defined = both.isel(measured=1).astype(np.int64)
    return both.isel(measured=0).assign_coords(defined=defined, undefined=x.sizes[core[0][0]] - defined)
