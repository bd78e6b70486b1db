"""One definition, three engines: numpy, torch and dask give the same numbers within the rounding of float32.

Kernels run on all three as they are, and on a GPU where there is one. Labelled functions that read states, tokens,
pictures or scores run on dask, block by block; what reads a number per sample and condition fits in memory.
"""

import importlib
import inspect
import pkgutil
from functools import partial
from typing import Any

import dask
import dask.array
import dask.callbacks
import numpy as np
import pytest
import torch
import xarray as xr

from analyses import (
    alignment,
    attention,
    cards,
    dirichlet,
    drift,
    flips,
    instability,
    kernels,
    margins,
    priors,
    segmentation,
    spectral,
    statistics,
)
from analyses.kernels import alignment as likeness
from analyses.kernels import neighbours, overlap, precision, resizing

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(2, 12, 3, 32)).astype(np.float32)
GRIDS = RNG.normal(size=(6, 2, 5, 4, 16)).astype(np.float32)
PICTURES = RNG.uniform(0, 255, size=(6, 12, 16)).astype(np.float32)
LABEL, PREDICTED = RNG.integers(0, 5, size=(2, 6, 200))
COUNTS = RNG.integers(1, 9, size=(6, 5, 5)).astype(np.float64)
OVERLAPS = overlap.overlaps(COUNTS)

KERNELS: dict[str, tuple[Any, ...]] = {
    "distance.cosine_drift": (kernels.cosine_drift, A, B),
    "distance.euclidean_drift": (kernels.euclidean_drift, A, B),
    "smoothness.dirichlet_energy": (kernels.dirichlet_energy, GRIDS),
    "smoothness.dirichlet_energy, scale-free": (partial(kernels.dirichlet_energy, scale_free=True), GRIDS),
    "spectrum.image_spectrum": (kernels.image_spectrum, PICTURES),
    "spectrum.token_spectrum": (partial(kernels.token_spectrum, edges="equal_width", keep_dc=False), GRIDS),
    "spectrum.band_means": (lambda power: kernels.band_means(power, BANDS, 3), PICTURES),
    "resizing.bicubic": (partial(resizing.bicubic, rows=7, columns=20), PICTURES),
    "precision.at_least_float32": (precision.at_least_float32, PICTURES.astype(np.float16)),
    "overlap.overlaps": (overlap.overlaps, COUNTS),
    "overlap.intersection_over_union": (overlap.intersection_over_union, OVERLAPS),
    "overlap.mean_over_classes": (overlap.mean_over_classes, overlap.intersection_over_union(OVERLAPS)),
    "overlap.share_right": (overlap.share_right, OVERLAPS),
    "alignment.cosine_similarity": (likeness.cosine_similarity, A, B),
    "alignment.unit_vectors": (likeness.unit_vectors, A),
    "alignment.defined_pairs": (likeness.defined_pairs, A, B),
    "alignment.mean_of_defined": (likeness.mean_of_defined, A[:, 0, 0].astype(np.float64)),
    "neighbours.clipped": (partial(neighbours.clipped, quantile=0.9), A[:, 0]),
    "alignment.modality_gap": (likeness.modality_gap, A[:, 0], B[:, 0]),
    "neighbours.neighbour_overlap": (partial(neighbours.neighbour_overlap, k=3, quantile=0.95), A[:, 0], B[:, 0]),
    "neighbours.neighbour_overlaps": (
        partial(neighbours.neighbour_overlaps, k=3, quantile=0.95),
        A[:, 0],
        np.stack([B[:, 0], A[:, 1]]),
    ),
    "alignment.linear_cka": (likeness.linear_cka, A[:, 0, :8], B[:, 0, :8]),
    "alignment.unbiased_linear_cka": (likeness.unbiased_linear_cka, A[:, 0, :8], B[:, 0, :8]),
    "alignment.cka_left_out": (
        partial(likeness.cka_left_out, blocks=[[0, 1], [5]], unbiased=True),
        A[:, 0, :8],
        B[:, 0, :8],
    ),
    "overlap.confusion_matrix": (partial(overlap.confusion_matrix, classes=5, ignore=255), LABEL, PREDICTED),
}
BANDS = kernels.radial_bands(12, 16, 3, "geometric")

BY_LOOP = {
    "neighbours.neighbour_overlap",
    "neighbours.neighbour_overlaps",
    "alignment.linear_cka",
    "alignment.unbiased_linear_cka",
    "alignment.cka_left_out",
    "overlap.confusion_matrix",
}
"""Kernels that look at values to decide what to do next: dask reaches them through the labelled functions, by block."""

NO_ARRAYS = {"spectrum.radial_bands", "spectrum.radial_edges"}
"""Functions of sizes alone."""

OF_NUMPY = {
    "blas.one_thread",
    "distance.drift_between",
    "halves.image_spectrum",
    "halves.token_spectrum",
    "precision.are_float32",
}
"""What other kernels take for numpy arrays."""


def close(actual: Any, expected: np.ndarray) -> None:
    actual = np.asarray(actual)
    assert actual.dtype == expected.dtype
    largest = np.nanmax(np.abs(expected)) if expected.size else 0.0
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6 * largest)


def public(package: Any) -> set[str]:
    """module.function for every public function defined in the package's modules."""
    names = set()
    for module in pkgutil.iter_modules(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        names |= {
            f"{module.name}.{name}"
            for name, function in inspect.getmembers(loaded, inspect.isfunction)
            if not name.startswith("_") and function.__module__ == loaded.__name__
        }
    return names


def test_every_kernel_is_tried_on_every_engine() -> None:
    assert {name.split(",")[0] for name in KERNELS} == public(kernels) - NO_ARRAYS - OF_NUMPY


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_are_the_same_on_torch(name: str) -> None:
    kernel, *arrays = KERNELS[name]
    result = kernel(*(torch.from_numpy(array) for array in arrays))
    assert isinstance(result, torch.Tensor)
    close(result.numpy(), np.asarray(kernel(*arrays)))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", KERNELS)
def test_kernels_are_the_same_on_a_gpu(name: str) -> None:
    kernel, *arrays = KERNELS[name]
    result = kernel(*(torch.from_numpy(array).cuda() for array in arrays))
    assert result.device.type == "cuda"
    close(result.cpu().numpy(), np.asarray(kernel(*arrays)))


@pytest.mark.parametrize("name", [name for name in KERNELS if name not in BY_LOOP])
def test_kernels_are_the_same_on_dask(name: str) -> None:
    kernel, *arrays = KERNELS[name]
    result = kernel(*(dask.array.from_array(array, chunks=(5, *array.shape[1:])) for array in arrays))
    assert isinstance(result, dask.array.Array)
    close(result.compute(), np.asarray(kernel(*arrays)))


def run() -> dict[str, xr.DataArray]:
    """A made-up run: states, tokens with their grids, pictures, scores, label maps; clean and two conditions."""
    rng = np.random.default_rng(1)
    one = {"sample": [f"s{i}" for i in range(8)], "image": ("sample", [f"i{i // 2}" for i in range(8)])}
    both = {**one, "condition": ["clean", "x", "y"], "family": ("condition", ["clean", "f", "g"])}

    def array(dims: str, *sizes: int, dtype: Any = np.float32) -> xr.DataArray:
        names = ["sample", *dims.split()]
        values = rng.normal(size=(8, *sizes)).astype(dtype)
        return xr.DataArray(values, dims=names, coords=both if "condition" in names else one)

    scores = array("condition option", 3, 4)
    grid = xr.DataArray(np.tile([1, 3, 4], (8, 3, 1)), dims=("sample", "condition", "axis"), coords=both)
    grid[2, 1] = [1, 4, 3]
    labels = [xr.DataArray(rng.integers(0, 5, size=(8, 6, 7)), dims=("sample", "y", "x"), coords=one) for _ in range(2)]
    return {
        "states": array("condition layer feature", 3, 2, 16),
        "other": array("condition layer feature", 3, 2, 16),
        "tokens": array("condition token feature", 3, 12, 8),
        "grid": grid,
        "laid": array("frame row col feature", 2, 4, 5, 8),
        "picture": array("y x channel", 9, 12, 3),
        "scores": scores,
        "text": xr.DataArray(np.tile(["no", "bus", "yes", ""], (8, 1)), dims=("sample", "option"), coords=one),
        "choice": margins.choice(scores),
        "answer": xr.DataArray(rng.integers(0, 4, size=8), dims="sample", coords=one),
        "flipped": flips.flipped(margins.choice(scores), margins.choice(scores).sel(condition="clean")),
        "label": labels[0],
        "predicted": labels[1],
    }


def clean(array: xr.DataArray) -> xr.DataArray:
    return array.sel(condition="clean")


def over(r: dict[str, xr.DataArray]) -> xr.DataArray:
    return margins.yes_no(r["scores"], r["text"])


STREAMED: dict[str, Any] = {
    "drift.cosine": lambda r: drift.cosine(clean(r["states"]), r["states"]),
    "drift.euclidean": lambda r: drift.euclidean(clean(r["states"]), r["states"]),
    "drift.control": lambda r: drift.control(clean(r["states"]), pairs=3),
    "drift.control_pairs": lambda r: drift.control_pairs(clean(r["states"]), pairs=3, metric="euclidean"),
    "drift.relative": lambda r: drift.relative(
        statistics.per_sample(drift.cosine(clean(r["states"]), r["states"])), drift.control(clean(r["states"]))
    ),
    "drift.tokens": lambda r: drift.tokens(clean(r["tokens"]), r["tokens"], clean(r["grid"]), r["grid"]),
    "drift.length_read": lambda r: drift.length_read(r["scores"] - clean(r["scores"]), products(r)),
    "drift.dimensions_read": lambda r: drift.dimensions_read(products(r)),
    "drift.share_read": lambda r: drift.share_read(*lengths(r)),
    "drift.silent": lambda r: drift.silent(*lengths(r)),
    "drift.standardised": lambda r: drift.standardised(clean(r["states"]), r["states"], **scales(r)),
    "drift.share_of_largest": lambda r: drift.share_of_largest(clean(r["states"]), r["states"]),
    "attention.over_heads": lambda r: attention.over_heads(abs(r["states"]), dim="feature"),
    "attention.share_on_sinks": lambda r: attention.share_on_sinks(abs(r["other"]), abs(r["states"])),
    "attention.divergence": lambda r: attention.divergence(abs(clean(r["states"])), abs(r["states"]), dim="feature"),
    "dirichlet.energy": lambda r: dirichlet.energy(r["laid"], grid=("frame", "row", "col")),
    "dirichlet.ragged_energy": lambda r: dirichlet.ragged_energy(r["tokens"], r["grid"], scale_free=True),
    "dirichlet.change": lambda r: dirichlet.change(
        *(dirichlet.ragged_energy(f(r["tokens"]), f(r["grid"])) for f in (clean, lambda x: x))
    ),
    "spectral.band_power": lambda r: spectral.band_power(r["picture"]),
    "spectral.token_spectrum": lambda r: spectral.token_spectrum(r["laid"], grid=("frame", "row", "col")),
    "spectral.change": lambda r: spectral.change(*(spectral.band_power(f * r["picture"]) for f in (1, 2))),
    "spectral.relative_change": lambda r: spectral.relative_change(
        spectral.band_power(r["picture"]), spectral.band_power(spectral.resized(r["picture"], rows=9, columns=12))
    ),
    "margins.score": lambda r: margins.score(r["scores"], xr.ones_like(clean(r["scores"])), normalize="token"),
    "margins.choice": lambda r: margins.choice(r["scores"]),
    "margins.ties": lambda r: margins.ties(r["scores"].round()),
    "margins.margin": lambda r: margins.margin(r["scores"], clean(r["choice"])),
    "margins.erosion_beyond_chance": lambda r: margins.erosion_beyond_chance(clean(r["scores"]), r["scores"]),
    "margins.erosion": lambda r: margins.erosion(*(f(over(r)) for f in (clean, lambda x: x))),
    "flips.flipped": lambda r: flips.flipped(r["choice"], clean(r["choice"])),
    "flips.rates": lambda r: flips.rates(r["flipped"], family="family"),
    "flips.correct": lambda r: flips.correct(r["choice"], r["answer"]),
    "flips.accuracy": lambda r: flips.accuracy(r["choice"], r["answer"]),
    "flips.transitions": lambda r: flips.transitions(r["choice"], clean(r["choice"]), r["answer"]),
    "flips.transition_rates": lambda r: flips.transition_rates(
        flips.transitions(r["choice"], clean(r["choice"]), r["answer"])
    ),
    "flips.yes_no_rates": lambda r: flips.yes_no_rates(r["choice"], clean(r["choice"]), r["answer"], r["text"]),
    "flips.entropy": lambda r: flips.entropy(r["choice"]),
    "priors.margin_drift": lambda r: priors.margin_drift(
        *(over(r).sel(condition=name, drop=True) for name in ("clean", "x", "y"))
    ),
    "priors.embedding_drift": lambda r: priors.embedding_drift(
        clean(r["states"]), r["states"], clean(r["other"]).drop_vars(["condition", "family"])
    ),
    "priors.flips_to_prior": lambda r: priors.flips_to_prior(r["choice"], clean(r["choice"]), r["answer"], 4),
    "priors.flip_to_prior_rate": lambda r: priors.flip_to_prior_rate(r["choice"], clean(r["choice"]), r["answer"], 4),
    "alignment.cosine": lambda r: alignment.cosine(r["states"], r["other"]),
    "alignment.neighbour_overlap": lambda r: alignment.neighbour_overlap(r["states"], r["other"], k=3),
    "alignment.mutual_knn": lambda r: alignment.mutual_knn(r["states"], r["other"], k=3),
    "alignment.cka": lambda r: alignment.cka(r["states"], r["other"], unbiased=True),
    "alignment.cka_left_out": lambda r: alignment.cka_left_out(r["states"], r["other"], image=list("aabbccdd")),
    "alignment.neighbour_floor": lambda r: alignment.neighbour_floor(r["states"], k=3, **shuffled()),
    "alignment.cka_floor": lambda r: alignment.cka_floor(r["states"], **shuffled()),
    "alignment.above_floor": lambda r: alignment.above_floor(r["states"], r["other"].clip(max=0.5)),
    "alignment.modality_gap": lambda r: alignment.modality_gap(r["states"], r["other"]),
    "segmentation.confusion": lambda r: segmentation.confusion(r["label"], r["predicted"], classes=5),
    "segmentation.total": lambda r: segmentation.total(confusion(r), dim="sample"),
    "segmentation.iou": lambda r: segmentation.iou(confusion(r)),
    "segmentation.miou": lambda r: segmentation.miou(confusion(r)),
    "segmentation.pixel_accuracy": lambda r: segmentation.pixel_accuracy(confusion(r)),
    "segmentation.drop": lambda r: segmentation.drop(*(segmentation.miou(confusion(r)) * f for f in (2, 1))),
    "instability.hidden": lambda r: instability.hidden(*moved(r)),
    "instability.out_of_family": lambda r: instability.out_of_family(moved(r)[0]),
    "instability.hidden_pairs": lambda r: instability.hidden_pairs(*moved(r), quantile=[0.05, 0.5]),
    "instability.hidden_erosion": lambda r: instability.hidden_erosion(over(r), r["flipped"]),
    "instability.eroded_pairs": lambda r: instability.eroded_pairs(over(r), r["flipped"]),
    "instability.predicts_flip": lambda r: instability.predicts_flip(
        moved(r)[0], r["flipped"], cluster="image", resamples=20
    ),
}
"""Functions of labelled arrays that stay lazy on dask until their result is asked for."""

AT_ONCE = {
    "flips.semantic_overlay_conditions": lambda r: flips.semantic_overlay_conditions(clean(r["choice"]), list("ABCD")),
    "instability.where_first": lambda r: instability.where_first(*moved(r)[:2], resamples=20),
    "instability.beyond_nearest": lambda r: instability.beyond_nearest(*moved(r), resamples=20),
    "instability.nearer_to_another": lambda r: instability.nearer_to_another(
        asked(r["states"]), asked(clean(r["states"])), clean(r["choice"]), r["flipped"]
    ),
    "instability.predicts_flip_within": lambda r: instability.predicts_flip_within(
        moved(r)[0], r["flipped"], resamples=20
    ),
}
"""Functions that need all numbers of their small input at once, and read a lazy one."""

MODULES = (
    "drift",
    "attention",
    "dirichlet",
    "spectral",
    "margins",
    "flips",
    "priors",
    "alignment",
    "segmentation",
    "instability",
)
"""The modules whose inputs can be larger than memory, or lie next to such."""


def products(r: dict[str, xr.DataArray]) -> xr.DataArray:
    rows = (
        clean(r["states"]).isel(layer=0, feature=slice(4)).rename(feature="option").drop_vars(["condition", "family"])
    )
    return rows * rows.rename(option="other_option")


def scales(r: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    fitted = clean(r["other"])
    return {"mean": fitted.mean("sample"), "deviation": fitted.std("sample")}


def lengths(r: dict[str, xr.DataArray]) -> tuple[xr.DataArray, xr.DataArray]:
    moved = drift.euclidean(clean(r["states"]), r["states"])
    return moved * 0.6, moved


def shuffled() -> dict[str, list[str]]:
    return {"image": list("aabbccdd"), "within": list("xyxyxyxz")}


def confusion(r: dict[str, xr.DataArray]) -> xr.DataArray:
    return segmentation.confusion(r["label"], r["predicted"], classes=5)


def moved(r: dict[str, xr.DataArray]) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    states = r["states"].assign_coords(layer=[4, 0])
    return drift.cosine(clean(states), states), drift.control_pairs(clean(states), pairs=3), r["flipped"]


def asked(states: xr.DataArray) -> xr.DataArray:
    return states.assign_coords(question=("sample", list("abababab")))


def chunked(r: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    return {name: array.chunk({dim: 3 for dim in array.dims if dim != "feature"}) for name, array in r.items()}


def test_every_analysis_of_large_arrays_is_tried_on_dask() -> None:
    told = {card.name for module in MODULES for card in importlib.import_module(f"analyses.{module}").CARDS}
    assert told == set(STREAMED) | set(AT_ONCE)
    assert set(MODULES) - {"instability"} <= set(cards.MODULES)


@pytest.mark.parametrize("name", [*STREAMED, *AT_ONCE])
def test_labelled_functions_are_the_same_on_dask(name: str) -> None:
    function = STREAMED.get(name) or AT_ONCE[name]
    expected, lazy = function(run()), function(chunked(run()))
    computed = lazy.compute()
    assert type(computed) is type(expected)
    xr.testing.assert_allclose(computed, expected, rtol=1e-5, atol=1e-5)
    assert [array.dtype for array in parts(computed)] == [array.dtype for array in parts(expected)]
    assert {dask.is_dask_collection(array.data) for array in parts(lazy)} == {name in STREAMED}


def parts(result: xr.DataArray | xr.Dataset) -> list[xr.DataArray]:
    return [result] if isinstance(result, xr.DataArray) else list(result.data_vars.values())


class Store:
    """Sixteen-bit noise that exists once it is read, as the tokens of a store do."""

    shape, ndim, dtype = (24, 6, 8, 2048), 4, np.dtype(np.float16)

    def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
        sizes = [len(range(*one.indices(size))) for one, size in zip(index, self.shape, strict=True)]
        return np.random.default_rng(0).normal(size=sizes).astype(self.dtype)


@pytest.mark.parametrize("together", [1, 2, 6])  # conditions in a chunk
def test_dask_holds_the_states_of_one_image_at_a_time(together: int) -> None:
    chunks = dask.array.from_array(Store(), chunks=(1, together, 8, 2048))
    states = xr.DataArray(chunks, dims=("image", "condition", "token", "feature")).astype(np.float32)
    chunk, most = 4 * together * 8 * 2048, 0

    def held(key: Any, value: Any, graph: Any, state: Any, worker: Any) -> None:
        nonlocal most
        kept = (value for value in state["cache"].values() if isinstance(value, np.ndarray))
        most = max(most, sum(array.nbytes for array in kept))

    with dask.callbacks.Callback(posttask=held):
        drift.cosine(states.isel(condition=0), states).compute(scheduler="synchronous")
    assert most < 4 * chunk  # clean and perturbed, and the small results; all images hold 24


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (drift.cosine, ("states", "other")),
        (drift.euclidean, ("states", "other")),
        (partial(dirichlet.energy, grid=("frame", "row", "col")), ("laid",)),
        (partial(spectral.token_spectrum, bands=2), ("laid",)),
        (spectral.band_power, ("picture",)),
        (partial(spectral.resized, rows=5, columns=20), ("picture",)),
        (alignment.cosine, ("states", "other")),
    ],
)
def test_bare_tensors_pass_through_the_labelled_functions(function, names) -> None:
    arrays = [run()[name].values for name in names]
    result = function(*(torch.from_numpy(array) for array in arrays))
    assert isinstance(result, torch.Tensor)
    close(result.numpy(), function(*arrays))
