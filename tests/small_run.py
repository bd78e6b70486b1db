"""A small run with every kind of array in it: a short last block, ragged tokens, padded samples, both 16-bit types."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

import stores
from stores import ConditionRow, Layout, SampleRow, Segmentation, SiteSpec, Unit, Variable
from stores.half_floats import bfloat16_to_float32

PLAN = stores.hashed({"model": "tiny"})
PROVENANCE = {"model": {"id": "tiny", "revision": None}, "seed": 0, "packages": ["zarr"]}

VARIABLES = (
    Variable("energy", ("layer",), "float32", "model units squared", "energy of the tokens", "arXiv 0000.00000"),
    Variable("power", ("layer", "band"), "float32", "1", "power by band", lengths={"band": 3}),
    Variable("moved", ("layer", "token"), "float16", "1", "how far each token has moved"),
)
PATCHES = SiteSpec(
    "vision.layers-patches", "vision.layers[0,2]:patches", (0, 2), 5, "image", "bfloat16", tokens=150, keep_tokens=True,
    variables=VARIABLES, attrs={"tower_layers": 2, "final_norm": False},
)  # fmt: skip
CONTEXT = SiteSpec(
    "language.layers-context_last", "language.layers[*]:context_last", (0, 1, 4), 6, "sample", "float16",
    attrs={"tower_layers": 4},
)  # fmt: skip
BRIGHTNESS = Variable("brightness", ("channel",), "float32", "level", "mean level", lengths={"channel": 3})
POOLED = SiteSpec("vision-pooled", "vision:pooled", (0,), 4, "image", "float32")


def layout(*, compress: bool = False, images: int = 5, block_size: int = 2) -> Layout:
    """Five images in blocks of two; image 1 has two samples, image 3 none."""
    images_of_samples = [4, 0, 1, 2, 1] if images == 5 else [k % images for k in range(images + 2)]
    samples = tuple(
        SampleRow(
            f"s{k}",
            image,
            f"What is {k}?",
            "a cat",
            "mcq",
            ("a cat", "a dog", "ein Bär")[: 2 + k % 2],
            references=("a cat", "cat")[: k % 3],
            metadata=f'{{"number": {k}}}',
            dataset="pets",
        )
        for k, image in enumerate(images_of_samples)
    )
    conditions = (
        ConditionRow("clean", "clean"),
        ConditionRow("translation(dx=-8)", "translation", -1, '{"dx": -8}'),
        ConditionRow("gaussian_noise(severity=3)", "gaussian_noise", 3, '{"severity": 3}'),
    )
    ids = tuple(f"image-{k}" for k in range(images))
    sites = (PATCHES, CONTEXT, POOLED)
    return Layout(
        block_size, ids, samples, conditions, sites,
        compress=compress, segmentations=(Segmentation("seg"),), pictures=(BRIGHTNESS,),
    )  # fmt: skip


def payload(plan: Layout, unit: Unit) -> dict[str, Any]:
    """Values that depend on the unit alone. Real cells are never fill values, so that any mix-up shows."""
    random = np.random.default_rng([unit.block, unit.condition])
    values: dict[str, Any] = {}
    for path, array in plan.unit_arrays(unit).items():
        shape = array.unit_shape(unit.block)
        if array.is_text:
            values[path] = np.array([f"{unit.name} ü {k}" for k in range(shape[0])], dtype=object)
        elif array.bfloat16:
            values[path] = random.integers(0, 0x7F80, shape).astype(np.uint16)
        elif array.is_float:
            values[path] = random.normal(size=shape).astype(array.dtype)
        else:
            values[path] = random.integers(0, 99, shape).astype(array.dtype)
    tokens = plan.sites[0].tokens or 0
    counts = [tokens, 7, 70][: plan.block_size] if unit.condition != 2 else [0, 64, 65]
    values["sites/vision.layers-patches/n_tokens"] = np.resize(np.array(counts, np.int32), values["images/width"].shape
        if unit.condition == 0 else plan.arrays["images/width"].unit_shape(unit.block))  # fmt: skip
    return values


def make(path: Path, plan: Layout, *, leave: frozenset[Unit] = frozenset()) -> stores.Writer:
    """Create the run and commit all units but `leave`."""
    stores.create(path, plan, plan=PLAN, provenance=PROVENANCE)
    writer = stores.Writer(path, plan)
    for unit in plan.units():
        if unit not in leave:
            writer.commit(unit, payload(plan, unit), report={"code": "deadbeef"})
    return writer


def open_quietly(path: Path) -> stores.Run:
    """Open a run that is known to be incomplete."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stores.IncompleteRun)
        return stores.open_run(path)


def expected_tokens(plan: Layout, unit: Unit) -> np.ndarray:
    """The tokens (image, layer, token, feature) that a reader must give: nan from n_tokens on."""
    values = payload(plan, unit)
    tokens = bfloat16_to_float32(values["sites/vision.layers-patches/tokens"])
    counts = values["sites/vision.layers-patches/n_tokens"]
    padding = np.arange(tokens.shape[2]) >= counts[:, None]
    tokens[np.broadcast_to(padding[:, None], tokens.shape[:3])] = np.nan
    return tokens
