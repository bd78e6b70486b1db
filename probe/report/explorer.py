"""The sample explorer: pairs of a sample and a condition to look into, and the plane that they are opened from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from ..pages import embedded
from ..results import Evidence
from . import pairs, plane, population, selection, token_drift, views
from .pairs import Json
from .pictures import Pictures, of_run
from .seen_part import seen_part
from .views import CLEAN, View

__all__ = ["SAMPLES", "Explorer", "embedded", "explorer_data"]

SAMPLES = 400
"""Pairs that are shown, by default."""


@dataclass(frozen=True)
class Explorer:
    """What the page shows of single pairs: `data` as plain JSON values, and the plane; None where no pair has a place.

    `sentences` say what is shown of how many, and why pictures are missing.
    """

    data: Json
    plane: alt.LayerChart | None
    sentences: tuple[str, ...]

    def to_json(self) -> Json:
        """The data, for `embedded`."""
        return self.data


def explorer_data(
    evidence: Evidence,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    thumbnails: bool = True,
    run: int = 0,
    name: str = "",
) -> Explorer:
    """The explorer of a run with at most so many pairs, drawn under a seed.

    `run` and `name` are the run's number on the page, from 0, and what it is called there among others.

    Raises ValueError for numbers below 0.
    """
    every = population.of_run(evidence, seed=seed)
    chosen = selection.choose(every, samples=samples, seed=seed)
    data, trouble = _data(evidence, every, chosen, thumbnails=thumbnails, run=run)
    sentences = tuple(filter(None, (chosen.sentence, trouble)))
    data |= {"run": run, "name": pairs.name(name)}
    data["sentences"] = list(sentences)
    shown = plane.points(data)
    density = population.density(every) if int(every.on_plane.sum()) > len(shown) else None
    chart = plane.chart(shown, density, evidence.scale) if shown else None
    return Explorer(data, chart, sentences)


def _data(
    evidence: Evidence, every: population.Population, chosen: selection.Selection, *, thumbnails: bool, run: int
) -> tuple[Json, str]:
    rows = sorted(set(chosen.samples.tolist()))
    made = pairs.pairs(evidence, every, chosen)
    places = sorted({pair["condition"] for pair in made})
    image_of = _image_places(evidence, rows)
    shown = views.of_pairs([image_of[pair["row"]] for pair in made], [pair["condition"] for pair in made])
    pictures = of_run(evidence.run, shown) if thumbnails and shown else Pictures()
    number_of = {view: number for number, view in enumerate(shown)}
    samples = pairs.samples(evidence, rows)
    for row, sample in zip(rows, samples, strict=True):
        sample["view"] = number_of[image_of[row], CLEAN]
    at_row, at_condition = ({place: number for number, place in enumerate(each)} for each in (rows, places))
    for pair in made:
        row, condition = pair.pop("row"), pair["condition"]
        where = {"sample": at_row[row], "condition": at_condition[condition]}
        pair |= {"key": f"{run}.{row}.{condition}", "view": number_of[image_of[row], condition], **where}
    data: Json = {
        "scale": evidence.scale if made and evidence.primary else "",
        "state": evidence.primary if made else "",
        "tokens": token_drift.site_layer(evidence) if made else "",
        "samples": samples,
        "conditions": pairs.conditions(evidence, places),
        "pairs": made,
        "views": _views(evidence, shown, pictures),
    }
    return data, pictures.trouble


def _image_places(evidence: Evidence, rows: Sequence[int]) -> dict[int, int]:
    if not rows:
        return {}
    place_of = {image: place for place, image in enumerate(evidence.run.images.image.values.tolist())}
    images = evidence.run.answers.image.values
    return {row: place_of[images[row]] for row in rows}


def _views(evidence: Evidence, shown: Sequence[View], pictures: Pictures) -> list[Json]:
    """The pictures of each view, or why there is none, and its token drift where each picture has a grid."""
    counts = {view[0]: 1 for view in shown}
    counts |= {view[0]: len(own) for view, own in pictures.thumbnails.items() if view[1] == CLEAN}
    moved = token_drift.of_views(evidence, shown, counts)
    model = evidence.run.provenance.get("model") or {}
    processor = model.get("inputs", {}).get("image_processor", {})
    return [_view(view, pictures, moved, processor) for view in shown]


def _view(
    view: View, pictures: Pictures, moved: Mapping[View, token_drift.TokenDrift], processor: Mapping[str, Any]
) -> Json:
    own = pictures.thumbnails.get(view, ())
    found: Json = {"pictures": [{"src": one.uri, "width": one.width, "height": one.height} for one in own]}
    if view in pictures.reasons:
        found["reason"] = pairs.text(pictures.reasons[view])
    if own and view in moved and view[1] != CLEAN:
        parts = [seen_part(processor, one.width, one.height) for one in own]
        found["tokens"] = moved[view].to_json() | {"parts": [[pairs.number(each) for each in part] for part in parts]}
    return found
