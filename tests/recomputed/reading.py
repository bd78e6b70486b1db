"""A run as plain arrays, read from its Zarr store by name."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr

SEMANTIC, OWN = "text_overlay.semantic", "text_overlay.own"
CONTROLS = ("clean", OWN, "another_image")
SUITES = {
    "invariance": (
        *("translation", "pad_crop", "scale", "scale_pad", "rotation"),
        *(SEMANTIC, "text_overlay.random", "text_overlay.empty"),
    ),
    "driving": ("motion_blur.horizontal", "low_light", "occlusion"),
}
EVERY = "all perturbations"


@dataclass(frozen=True)
class Raw:
    """A run: samples in rows, conditions in columns; `root` is its store."""

    root: Any
    image: Any  # (sample) place of its image among the images sorted by name
    picture: Any  # (sample) row of its image in arrays per image
    ids: Any
    names: Any  # (sample) name of its image
    kind: Any
    asked: Any  # (sample) kind and question
    options: Any  # (sample, option) texts
    answer: Any  # (sample) place of the right option
    scores: Any  # (sample, condition, option), -inf where there is no option
    severity: Any
    families: Any  # (condition)
    views: Any  # list of (family, condition, (sample) mask): overlays of the clean choice apart

    @staticmethod
    def of(path: Path) -> "Raw":
        root: Any = zarr.open_group(str(path), mode="r")
        samples, names = root["samples"], _texts(root["images/image_id"])
        picture, options = samples["image_index"][:], _texts(samples["option_text"])
        kind = _texts(samples["kind"])
        scores = np.where((options != "")[:, None], root["answers/log_likelihood"][:].astype(float), -np.inf)
        answers = _texts(samples["answer"])
        families = _texts(root["conditions/family"])
        labels = [json.loads(text).get("label") for text in root["conditions/parameters"][:]]
        chosen = scores[:, 0].argmax(axis=-1)
        return Raw(
            root=root,
            image=np.argsort(np.argsort(names))[picture],
            picture=picture,
            names=names[picture],
            ids=_texts(samples["sample_id"]),
            kind=kind,
            asked=np.array([f"{one}: {text}" for one, text in zip(kind, samples["question"][:], strict=True)]),
            options=options,
            answer=(options == answers[:, None]).argmax(axis=1),
            scores=scores,
            severity=root["conditions/severity"][:],
            families=families,
            views=_views(families, labels, kind, options, chosen),
        )

    @property
    def images(self) -> int:
        return int(self.image.max()) + 1

    @property
    def choice(self) -> Any:
        """(sample, condition) place of the chosen option: the first of the best."""
        return self.scores.argmax(axis=-1)

    @property
    def said(self) -> Any:
        """(sample, condition) text of the chosen option."""
        return np.take_along_axis(self.options, self.choice, axis=1)

    @property
    def groups(self) -> dict[str, list[int]]:
        """The places among the views of each family, then of each union."""
        names = list(dict.fromkeys(family for family, *_ in self.views))
        held = names + list(self.unions)
        return {
            name: [k for k, (family, *_) in enumerate(self.views) if family in self.unions.get(name, [name])]
            for name in held
        }

    @property
    def unions(self) -> dict[str, list[str]]:
        """The families of each union."""
        there = [name for name in dict.fromkeys(self.families.tolist()) if name not in CONTROLS]
        return {name: [one for one in there if one in own] for name, own in SUITES.items()} | {EVERY: there}

    def split(self, pairs: Any) -> Any:
        """(sample, condition, ...) -> (sample, view, ...), nan where an overlay is not the view's."""
        parts = []
        for _, condition, mask in self.views:
            part = pairs[:, condition].astype(float)
            part[~mask] = np.nan
            parts.append(part)
        return np.stack(parts, axis=1)

    def states(self, site: str) -> dict[str, Any]:
        """(sample, condition, feature) at each layer of a site, by the name of site and layer."""
        group = self.root[f"sites/{site}"]
        named, pooled = group.attrs["site"], group["pooled"][:].astype(float)
        if group.attrs["per"] == "image":
            pooled = pooled[self.picture]
        where, _, tokens = named.partition(":")
        layers = group["layer"][:].tolist()
        names = [f"{where.partition('[')[0]}[{layer}]:{tokens}" if "[" in where else named for layer in layers]
        return {name: pooled[:, :, place] for place, name in enumerate(names)}

    def per_sample(self, name: str) -> Any:
        """(sample, ...) of an array per image."""
        return self.root[name][:].astype(float)[self.picture]


def _texts(array: Any) -> Any:
    return np.array(array[:].tolist())


def _views(families: Any, labels: Any, kind: Any, options: Any, chosen: Any) -> list[tuple[str, int, Any]]:
    everyone, overlays = np.ones(len(kind), bool), [k for k, family in enumerate(families) if family == SEMANTIC]
    letters = [
        ["ABCDEFGH"[k] if one == "mcq" else text.capitalize() for k, text in enumerate(row) if text]
        for one, row in zip(kind, options, strict=True)
    ]
    own = [row[place] for row, place in zip(letters, chosen, strict=True)]
    others = [[one for one in row if one != mine][:3] for row, mine in zip(letters, own, strict=True)]
    views = [
        (str(family), k, np.array([labels[k] in row for row in others]) if k in overlays else everyone)
        for k, family in enumerate(families)
    ]
    return views + [(OWN, k, np.array([labels[k] == mine for mine in own])) for k in overlays]
