"""A run made by hand: any samples, conditions and scores, in any order, without a model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import stores
from probe.extraction import pixel_bands
from stores import ConditionRow, Layout, SampleRow, SiteSpec, Unit, Variable

CLEAN = ConditionRow("clean", "clean")
CONDITIONS = (
    CLEAN,
    *(ConditionRow(f"translation:dx={dx}", "translation", -1, json.dumps({"dx": dx})) for dx in (-8, -4, 4, 8)),
    ConditionRow("scale", "scale"),
    *(ConditionRow(f"low_light:{step}", "low_light", step, json.dumps({"gamma": step})) for step in (1, 2, 3)),
    *(ConditionRow(f"gaussian_noise:{step}", "gaussian_noise", step, "{}") for step in (1, 3)),
    *(
        ConditionRow(f"text_overlay.semantic:{label}", "text_overlay.semantic", -1, json.dumps({"label": label}))
        for label in ("A", "B", "C", "Yes", "No")
    ),
    *(
        ConditionRow(f"low_pass:cutoff={cutoff}", "low_pass", -1, json.dumps({"cutoff": cutoff}))
        for cutoff in (1.0, 0.5, 0.25, 0.0)
    ),
)
CONTROLS = tuple(ConditionRow(name, name) for name in ("white", "mean_grey", "noise", "no_image", "another_image"))
STATES = 6
PATCHES = SiteSpec(
    "vision.layers-patches", "vision.layers[2]:patches", (2,), STATES, "image", "float32", tokens=9,
    variables=(
        Variable("dirichlet", ("layer",), "float32", "1", "energy"),
        Variable("dirichlet_scale_free", ("layer",), "float32", "1", "energy"),
        Variable("spectrum", ("layer", "band"), "float32", "1", "power", lengths={"band": 3}),
    ), attrs={"tower_layers": 2},
)  # fmt: skip
CONTEXT = SiteSpec(
    "language.layers-context_last", "language.layers[1,2]:context_last", (1, 2), STATES, "sample", "float32",
    attrs={"tower_layers": 2},
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """What a run is made of: scores by sample id and condition (option text -> nats), states by sample and image."""

    samples: tuple[SampleRow, ...]
    images: tuple[str, ...]
    conditions: tuple[ConditionRow, ...]
    scores: Mapping[tuple[str, str], Mapping[str, float]]
    seed: int = 0
    silent: frozenset[str] = field(default_factory=frozenset)
    """Samples of which nothing is known."""


def world(
    images: int = 24, *, conditions: Sequence[ConditionRow] = CONDITIONS, seed: int = 0, push: float = 1.0
) -> Made:
    """A run in which perturbations push scores and states about, by amounts of their own; controls far.

    Five questions an image: two of several options, two of yes and no, one about safety, all recurring.
    """
    rows: list[SampleRow] = []
    for image in range(images):
        draw = np.random.default_rng([seed, image])
        for number, stem in enumerate(("Which is it?", "What color is it?")):
            options = ("cat", "dog", "cow") if number == 0 else ("red", "green", "blue")
            rows.append(SampleRow(f"{image:03}-m{number}", image, stem, str(draw.choice(options)), "mcq", options))
        for name in ("bus", "car"):
            said = str(draw.choice(["yes", "no"]))
            rows.append(SampleRow(f"{image:03}-{name}", image, f"Is there a {name}?", said, "yesno", ("yes", "no")))
        said = str(draw.choice(["yes", "no"]))
        rows.append(SampleRow(f"{image:03}-safe", image, "Is it safe?", said, "safety", ("yes", "no")))
    scores = {
        (row.sample_id, condition.condition_id): {
            option: value(seed, row.sample_id, option)
            + 1.5 * (option == row.answer)
            + push * strength(condition) * value(seed, row.sample_id, option, condition.condition_id)
            for option in row.options
        }
        for row in rows
        for condition in conditions
    }
    return Made(tuple(rows), tuple(f"image-{k:03}" for k in range(images)), tuple(conditions), scores, seed)


def strength(condition: ConditionRow) -> float:
    """How far a condition moves things: the clean one not at all."""
    return {"clean": 0.0, "translation": 0.3, "scale": 0.2, "low_light": 0.9}.get(condition.family, 1.2)


def value(*key: object) -> float:
    """A number that depends on the key alone."""
    return float(vector(1, *key)[0])


def vector(width: int, *key: object) -> NDArray[np.float64]:
    """Normal numbers that depend on the key alone."""
    return np.random.default_rng(list("/".join(map(str, key)).encode())).normal(size=width)


def write(path: Path, made: Made, *, block_size: int = 64) -> stores.Run:
    """Write the run, in the order in which it lists its samples and conditions."""
    layout = Layout(
        block_size, made.images, made.samples, made.conditions, (PATCHES, CONTEXT), pictures=(pixel_bands.BAND_POWER,)
    )
    plan = stores.hashed({"settings": {"model": "made", "dataset": "made"}})
    stores.create(path, layout, plan=plan, provenance={"model": {"source": "made"}})
    writer = stores.Writer(path, layout)
    for unit in layout.units():
        writer.commit(unit, arrays(layout, made, unit), report={})
    return stores.open_run(path)


def arrays(layout: Layout, made: Made, unit: Unit) -> dict[str, Any]:
    """The arrays of one unit."""
    found, condition = layout.blank(unit), made.conditions[unit.condition]
    for place, row in enumerate(layout.block_samples(unit.block)):
        if row.sample_id in made.silent:
            continue
        for option, text in enumerate(row.options):
            found["answers/log_likelihood"][place, option] = made.scores[row.sample_id, condition.condition_id][text]
            found["answers/token_count"][place, option] = len(text)
            found["answers/end_of_turn"][place, option] = -0.1
        own, question = vector(2 * STATES, made.seed, row.sample_id), vector(2 * STATES, made.seed, row.question)
        away = vector(2 * STATES, made.seed, row.sample_id, condition.condition_id)
        states = own + 2 * question + strength(condition) * away
        found["sites/language.layers-context_last/pooled"][place] = states.reshape(2, STATES)
    for place, image in enumerate(made.images[layout.rows(unit.block)]):
        moved = vector(STATES, made.seed, image) + strength(condition) * vector(STATES, image, condition.condition_id)
        found["sites/vision.layers-patches/pooled"][place] = moved.reshape(1, STATES)
        for name in ("dirichlet", "dirichlet_scale_free"):
            found[f"sites/vision.layers-patches/{name}"][place] = np.exp(moved[:1])
        found["sites/vision.layers-patches/spectrum"][place] = np.exp(moved[:3]).reshape(1, 3)
        found["sites/vision.layers-patches/grid"][place] = (1, 3, 3)
        found["sites/vision.layers-patches/n_tokens"][place] = 9
        power = vector(9, image) + strength(condition) * vector(9, image, condition.condition_id)
        found["pictures/band_power"][place] = np.exp(power).reshape(3, 3)
    return found
