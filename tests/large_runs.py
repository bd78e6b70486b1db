"""Runs of any size made without a model, block by block: what the tests and measurements of memory read.

States are normal, the same to a seed and a name; a perturbation moves them by as much as its family does.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import stores
from probe.extraction import attended, forms, pixel_bands, readouts, reductions
from stores import ConditionRow, Layout, SampleRow, Segmentation, SiteSpec, Unit

ASKED = (
    ("mcq", "What is in front?", ("a bus", "a car", "a truck", "a bicycle")),
    ("yesno", "Is there a car in the image?", ("yes", "no")),
    ("describe", "Describe the scene.", ()),
    ("safety", "Is it safe to drive on?", ()),
)
NAMES = ("person", "car", "bicycle", "truck", "bus", "rider")
SPOKEN = ("yes", "no", "a bus", "a car and a person", "Yes, there is a rider.", "unsafe", "It is safe to drive.")
STRENGTH = {"clean": 0.0, "translation": 0.1, "low_light": 0.6, "white": 2.0}
BANK = 2**20


@dataclass(frozen=True)
class Size:
    """How large a run is: images, questions about each, conditions, and the sites that it keeps.

    `language` and `vision` are (layers, features) of states at the last token and of pooled patches; `tokens` is the
    number of patches, which are kept where `keep_tokens`; `lens` is the number of layers that the head reads, with the
    state behind the final norm.
    """

    images: int
    questions: int = 4
    conditions: int = 30
    language: tuple[int, int] | None = None
    vision: tuple[int, int] | None = None
    tokens: int = 64
    keep_tokens: bool = False
    block: int = 8
    segmented: bool = False
    lens: int = 0


def conditions(count: int) -> tuple[ConditionRow, ...]:
    """The first conditions of a long list: clean, one of every kind that an analysis looks for, then more of each."""
    one = ConditionRow
    rows = [one("clean", "clean"), one("white", "white"), one("another_image", "another_image")]
    rows += [one(f"text_overlay.semantic:{t}", "text_overlay.semantic", -1, json.dumps({"label": t})) for t in "ABCD"]
    for step in range(1, 6):
        rows += [
            one(f"{family}:{step}", family, step)
            for family in ("low_light", "gaussian_noise", "motion_blur.horizontal")
        ]
        rows += [
            one(f"{name}:cutoff={cut}", name, -1, json.dumps({"cutoff": cut}))
            for name, cut in (("low_pass", 1 - step / 6), ("high_pass", step / 6))
        ]
        rows.append(one(f"translation:dx={step}", "translation", -1, json.dumps({"dx": step})))
        rows += [
            one(f"band_noise:{band}-{step}", "band_noise", -1, json.dumps({"band": band, "epsilon": 4.0 * step}))
            for band in ("low", "high")
        ]
        rows.append(one(f"fourier_basis:{step}", "fourier_basis", -1, json.dumps({"i": step, "j": 1, "epsilon": 4.0})))
    rows += [one(f"rotation:{turn}", "rotation", -1, json.dumps({"degrees": turn})) for turn in range(1, count)]
    return tuple(rows[:count])


def layout(size: Size) -> Layout:
    """The layout of a run of this size."""
    sites: list[SiteSpec] = []
    if size.vision is not None:
        layers, features = size.vision
        sites.append(
            SiteSpec(
                "vision.layers-patches", "vision.layers[*]:patches", tuple(range(layers)), features, "image", "float16",
                tokens=size.tokens, keep_tokens=size.keep_tokens, variables=reductions.VARIABLES,
                attrs={"tower_layers": layers - 1},
            )
        )  # fmt: skip
    if size.language is not None:
        layers, features = size.language
        name = "language.layers[*]:context_last"
        sites.append(
            SiteSpec(
                "language.layers-context_last", name, tuple(range(layers)), features, "sample", "float16",
                attrs={"tower_layers": layers - 1},
            )
        )  # fmt: skip
    if size.lens:
        sites.append(
            SiteSpec("language.norm-context_last", "language.norm:context_last", (0,), 16, "sample", "float16")
        )
    return Layout(
        size.block,
        tuple(f"image-{k:06}" for k in range(size.images)),
        tuple(samples(size)),
        conditions(size.conditions),
        tuple(sites),
        pictures=(pixel_bands.BAND_POWER,),
        answers=(
            forms.FORMS,
            *readouts.stored(("lens",) if size.lens else (), attended.Sizes(size.lens, heads=0, places=0)),
        ),
        segmentations=(Segmentation("segmenter"),) if size.segmented else (),
    )


def samples(size: Size) -> Sequence[SampleRow]:
    """The questions about each image, the same of all."""
    rows: list[SampleRow] = []
    for image in range(size.images):
        draw = np.random.default_rng([1, image])
        for number in range(size.questions):
            kind, text, options = ASKED[number % len(ASKED)]
            seen = " and a ".join(draw.choice(NAMES, 3, replace=False).tolist())
            possible = options or ((seen,) if kind == "describe" else ("safe", "unsafe"))
            answer = str(draw.choice(possible))
            dataset = "pope" if kind == "yesno" else "made"
            rows.append(SampleRow(f"{image:06}-{number}", image, text, answer, kind, options, dataset=dataset))
    return rows


def write(path: Path, size: Size, *, seed: int = 0) -> int:
    """Write the run and return the bytes of its numbers; one block of states is held, however many there are."""
    plan = layout(size)
    settings = {"model": "made", "dataset": "made", "seed": seed}
    stores.create(path, plan, plan=stores.hashed({"settings": settings}), provenance={"model": {"source": "made"}})
    writer = stores.Writer(path, plan)
    bank = np.random.default_rng(seed).standard_normal(BANK, dtype=np.float32)
    for unit in plan.units():
        writer.commit(unit, _arrays(plan, unit, bank, seed), report={}, counted={})
    return plan.bytes_on_disk()


def _arrays(plan: Layout, unit: Unit, bank: NDArray[np.float32], seed: int) -> dict[str, Any]:
    family = plan.conditions[unit.condition].family
    strength = STRENGTH.get(family, 0.3)
    found = plan.blank(unit)
    for name, values in found.items():
        own, moved = (np.random.default_rng([seed, *name.encode(), unit.block, k]) for k in (0, 1 + unit.condition))
        if values.dtype.kind == "f":
            # a picture's own state, and as far away from it as the family moves it
            state = _taken(bank, values.size, own) + strength * _taken(bank, values.size, moved)
            state = state.reshape(values.shape)
            positive = name.startswith("pictures") or name.endswith(("dirichlet", "scale_free", "spectrum", "drift"))
            values[:] = np.exp(np.clip(state, -5, 5)) if positive else state
        elif name.endswith("confusion"):
            values[:] = moved.integers(0, 50, values.shape) + (np.eye(19, dtype=np.int64) * 900).astype(values.dtype)
    for name in [name for name in found if name.endswith("/grid")]:
        side = int(found[name.replace("grid", "token_drift")].shape[-1] ** 0.5)
        found[name][:], found[name.replace("grid", "n_tokens")][:] = (1, side, side), side * side
    _answer(plan, unit, found, seed)
    return found


def _answer(plan: Layout, unit: Unit, found: dict[str, Any], seed: int) -> None:
    draw = np.random.default_rng([seed, unit.block, 1 + unit.condition])
    for place, row in enumerate(plan.block_samples(unit.block)):
        found["answers/log_likelihood"][place, len(row.options) :] = np.nan
        if "answers/lens" in found:
            found["answers/lens"][place, :, len(row.options) :] = np.nan
            found["answers/lens_products"][place] = _products(
                len(row.options), found["answers/lens_products"].shape[-1]
            )
        found["answers/text"][place] = SPOKEN[int(draw.integers(len(SPOKEN)))]
        found["answers/cut"][place] = 0
    found["answers/token_count"][:] = 2


def _products(options: int, widest: int) -> NDArray[np.float32]:
    """Inner products of rows at right angles, nan beyond a sample's own options."""
    known = np.arange(widest) < options
    return np.where(known[:, None] & known, np.eye(widest, dtype=np.float32), np.nan)


def _taken(bank: NDArray[np.float32], count: int, draw: np.random.Generator) -> NDArray[np.float32]:
    """As many numbers of the bank, from places that are drawn."""
    pieces = -(-count // 4096)
    starts = draw.integers(0, len(bank) - 4096, pieces)
    if pieces == 1:
        return bank[starts[0] : starts[0] + count]
    return np.concatenate([bank[start : start + 4096] for start in starts])[:count]
