"""How far a quantised model is from the same model at full precision: measured, not judged."""

from typing import TYPE_CHECKING

import numpy as np

from .. import capture
from ..reading import Reading, View
from ..sites import Site, parse_all, usual
from .finding import Finding
from .forwards import SIZES, picture
from .kinds import QUESTIONS

if TYPE_CHECKING:
    from ..model import Model


def readings(model: "Model") -> list[Reading]:
    """The model's scores on the check's pictures and questions, and the states of the last layers that are used."""
    views = [View((picture(*size),), QUESTIONS) for size in SIZES]
    return capture.read(model, views, _sites(model), batch_size=1)


def distance(quantised: list[Reading], full: list[Reading], model: "Model") -> Finding:
    """Differences between a quantised model and the full one, in scores and last-layer states."""
    scores = [
        np.abs(mine.log_likelihood - theirs.log_likelihood)
        for one, other in zip(quantised, full, strict=True)
        for mine, theirs in zip(one.answers, other.answers, strict=True)
    ]
    parts = [f"scores {np.mean(np.concatenate(scores)):.2g} on average, {np.max(np.concatenate(scores)):.2g} at most"]
    for site in _sites(model):
        drifts = [
            _cosine_distance(_vectors(one, site, model.dtype), _vectors(other, site, model.dtype))
            for one, other in zip(quantised, full, strict=True)
        ]
        parts.append(f"{site.canonical} 1 - cos {np.mean(drifts):.2g}")
    return Finding(f"distance to the model in {model.dtype}", True, ", ".join(parts))


def _sites(model: "Model") -> tuple[Site, ...]:
    wanted = {"generative": "language.layers[-1]:context_last", "contrastive": "vision:pooled"}[model.kind]
    read = model.family.tokens.features_from(model.config)
    return parse_all(usual((f"vision.layers[{read}]:mean", wanted), model.towers), model.towers)


def _vectors(reading: Reading, site: Site, dtype: str) -> np.ndarray:
    values = reading.states[site.slug].pooled
    if dtype == "bfloat16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(-1, site.features).astype(np.float64)


def _cosine_distance(a: np.ndarray, b: np.ndarray) -> float:
    similarity = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    return float(np.mean(1 - similarity))
