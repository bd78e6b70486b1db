"""Whether a flip can be foretold under a perturbation that nobody fitted: a logistic regression, tested elsewhere.

Source: definitions, section 9; the threshold on average confidence is Garg et al. 2022.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false
# scikit-learn has no stubs; xarray's leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels, pairs
from ..statistics.resampling import Floats

FOLDS = 5
ITERATIONS = 1000
"""Steps that a fit may take: of a handful of features it takes ten."""


def flip_probability(
    features: xr.DataArray,
    flipped: xr.DataArray,
    *,
    family: str = "family",
    image: str = "image",
    folds: int = FOLDS,
    seed: int = 0,
) -> xr.Dataset:
    """The probability that each pair flips, by a model that saw neither its family of perturbations nor its image.

    A logistic regression (l2, C = 1) on features standardised over the pairs that it is fitted on: those of all other
    families, of the images outside a fold; so every pair is foretold once, of whole families and images that are new
    at once. In: features (sample, condition, feature), flipped (sample, condition) with coordinates `family` and
    `image`, without controls; the clean condition is left out. Out: Dataset over (sample, condition): `probability` in
    [0, 1], and `expected`, 1 where it exceeds the threshold that as many fitted pairs exceed as flip among them (Garg
    et al. 2022, ATC): its mean estimates the flip rate of the new family without its answers. nan where a feature or
    the verdict is undefined and where the pairs to fit hold one class only. The folds of images are drawn by the seed,
    whatever their order. Raises ValueError for fewer than two folds and where labels differ.

    >>> along = {"family": ("condition", ["a", "b"]), "image": ("sample", list("uvwxyz"))}
    >>> dims, verdicts = ("sample", "condition"), np.tile([[1.0], [0.0]], (3, 2))   # every other image flips
    >>> flipped = xr.DataArray(verdicts, dims=dims, coords=along)
    >>> found = flip_probability(flipped.expand_dims(feature=1, axis=-1), flipped, folds=3)
    >>> bool(((found.probability > 0.5) == (flipped > 0)).all())
    True
    """
    if folds < 2:
        raise ValueError(f"folds={folds}: images that were not fitted need at least 2 folds.")
    verdict, values = labels.aligned(flipped=flipped, features=features)
    verdict = verdict.transpose("sample", "condition")
    values = values.transpose("sample", "condition", "feature")
    x, y = np.asarray(values.values, np.float64), np.asarray(verdict.values, np.float64)
    usable = np.isfinite(x).all(axis=-1) & ~np.isnan(y) & ~pairs.is_clean(verdict).values
    fold, found = fold_of_images(pairs.images_of(verdict, image), folds, seed), np.full((2, *y.shape), np.nan)
    for places in labels.families(verdict, family).values():
        of_family = np.isin(np.arange(y.shape[1]), places)
        for number in range(folds):
            held = usable & (fold == number)[:, None] & of_family
            fit = usable & (fold != number)[:, None] & ~of_family
            if held.any() and len(np.unique(y[fit])) == 2:
                found[:, held] = _foretold(x[fit], y[fit], x[held])
    coords = {name: coord for name, coord in verdict.coords.items() if coord.dims}
    made = {name: (verdict.dims, each) for name, each in zip(("probability", "expected"), found, strict=True)}
    return xr.Dataset(made, coords=coords)


def fold_of_images(images: NDArray[np.str_], folds: int, seed: int) -> NDArray[np.intp]:
    """The number of the fold that each sample's image is in, as even as can be: (sample).

    >>> numbers = fold_of_images(np.array(["a", "a", "b"]), 2, 0)
    >>> bool(numbers[0] == numbers[1]), sorted(set(numbers.tolist()))
    (True, [0, 1])
    """
    names, codes = np.unique(images, return_inverse=True)
    drawn = np.random.default_rng(seed).permutation(len(names)) % folds
    return drawn[codes.reshape(-1)].astype(np.intp)


def _foretold(train: Floats, flipped: Floats, test: Floats) -> Any:
    """(2, row) probability, and whether it exceeds the threshold of the pairs that were fitted."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=ITERATIONS))
    model.fit(train, flipped > 0)
    fitted, new = (model.predict_proba(each)[:, 1] for each in (train, test))
    threshold = np.quantile(fitted, 1 - (flipped > 0).mean(), method="lower")
    return np.stack([new, (new > threshold).astype(np.float64)])
