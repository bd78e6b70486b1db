"""Who is compared with whom: the unrelated samples against which drift is measured."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from hashlib import sha256

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from .labels import texts

SAMPLINGS = ("other_sample", "other_image_same_prompt", "same_image_other_prompt")
"""The ways to choose unrelated samples; definitions, section 5."""


def draw(ids: ArrayLike, within: ArrayLike, avoiding: ArrayLike, *, pairs: int, seed: int) -> NDArray[np.int64]:
    """For each sample, `pairs` distinct others with the same `within` and another `avoiding`: (sample, pair).

    -1 fills the row of a sample that has fewer such others. They depend on the seed, the sample's own id and the ids of
    the others, never on their order. Raises ValueError where ids repeat.

    >>> draw(["a", "b", "c"], [0, 0, 0], ["x", "x", "y"], pairs=2, seed=0)
    array([[ 2, -1],
           [ 2, -1],
           [ 0,  1]])
    """
    names = texts(ids)
    if len(np.unique(names)) != len(names):
        raise ValueError(f"{len(names) - len(np.unique(names))} sample ids repeat: control pairs are drawn by id.")
    stratum, block = _codes(within), _codes(avoiding)
    # sorted, a sample's stratum is one run of rows and its own block one run inside it
    order = np.lexsort((names, block, stratum))
    stratum, block = stratum[order], block[order]
    first, last = np.searchsorted(stratum, stratum, "left"), np.searchsorted(stratum, stratum, "right")
    joint = stratum * (int(block.max(initial=0)) + 1) + block
    own_first, own_last = np.searchsorted(joint, joint, "left"), np.searchsorted(joint, joint, "right")
    others = np.full((len(names), pairs), -1, np.int64)
    for place, sample in enumerate(order):
        own = own_last[place] - own_first[place]
        pool = int(last[place] - first[place] - own)
        count = min(pairs, pool)
        generator = np.random.default_rng(_key(seed, str(names[sample])))
        offset = first[place] + np.sort(generator.choice(pool, count, replace=False, shuffle=False))
        others[sample, :count] = order[np.where(offset >= own_first[place], offset + own, offset)]
    return others


def draw_for(clean: xr.DataArray, *, sampling: str, pairs: int, seed: int, sample_dim: str) -> NDArray[np.int64]:
    """The other rows paired with each row of `clean`, (sample, pair), by the labels that it carries."""
    if sampling not in SAMPLINGS:
        raise ValueError(f"sampling={sampling!r}: unknown. Choose one of {', '.join(SAMPLINGS)}.")
    if pairs < 1:
        raise ValueError(f"pairs={pairs}: a control needs at least 1 pair a sample.")
    count = clean.sizes[sample_dim]
    ids = clean[sample_dim].values if sample_dim in clean.coords else np.arange(count)
    images = ids if sample_dim == "image" else _labels(clean, ("image",), sample_dim, sampling)
    everyone = np.zeros(count, np.int64)
    if sampling == "other_sample":
        return draw(ids, everyone, images, pairs=pairs, seed=seed)
    prompts = _labels(clean, ("prompt", "question"), sample_dim, sampling)
    if sampling == "other_image_same_prompt":
        return draw(ids, prompts, images, pairs=pairs, seed=seed)
    return draw(ids, images, prompts, pairs=pairs, seed=seed)


def sample_dim_of(clean: xr.DataArray, sample_dim: str) -> str:
    """`sample_dim` itself, or for "auto" the one of `sample` and `image` that `clean` has."""
    names = ("sample", "image") if sample_dim == "auto" else (sample_dim,)
    for name in names:
        if name in clean.dims:
            return name
    raise ValueError(f"none of the dimensions {names} among {tuple(clean.dims)}. Name yours with `sample_dim=`.")


def _labels(clean: xr.DataArray, names: tuple[str, ...], sample_dim: str, sampling: str) -> ArrayLike:
    for name in names:
        if name in clean.coords and clean[name].dims == (sample_dim,):
            return clean[name].values
    raise ValueError(
        f"sampling={sampling!r} needs a coordinate {' or '.join(map(repr, names))} along {sample_dim!r}; "
        f"there is {sorted(map(str, clean.coords))}. Add it with .assign_coords."
    )


def _codes(labels: ArrayLike) -> NDArray[np.int64]:
    return np.unique(texts(labels), return_inverse=True)[1].astype(np.int64).reshape(-1)


def _key(seed: int, name: str) -> int:
    return int.from_bytes(sha256(f"{seed}\0{name}".encode()).digest()[:16], "big")
