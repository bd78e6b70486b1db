"""What `probe list models` says of each family of models, kept in a file: to say it anew takes every model library.

`RENEW_GOLDEN=1 pytest tests/test_listing.py` writes the file; a test holds it to the entries.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hooks import offered_families

from . import pocket

if TYPE_CHECKING:
    from hooks.families import Family

Row = dict[str, str]

FILE = Path(__file__).with_suffix(".json")

PREFIXES = {
    "causal": "encoded once",
    "cross_attention": "encoded once",
    "bidirectional": "vision once, prompts in full",
    "question": "vision once, prompts in full",
    "decoder": "vision once, prompts in full",
    "none": "captions",
}


@dataclass(frozen=True)
class Rows:
    """A row for each embedded model, and one for each family of the table."""

    embedded: list[Row]
    table: list[Row]


def kept() -> Rows:
    """The rows as they are kept."""
    return Rows(**json.loads(FILE.read_text("utf-8")))


def keep(rows: Rows) -> None:
    """Write the rows into the file."""
    FILE.write_text(json.dumps(asdict(rows), indent=1, ensure_ascii=False) + "\n", "utf-8")


def made() -> Rows:
    """The rows as the entries and the configurations of the installed transformers give them."""
    from hooks.families import FAMILIES, find

    embedded = [
        family_row(family, (name,), "trained, in this package")
        for name in pocket.NAMES
        if (family := find(embedded_config(name))) is not None
    ]
    return Rows(embedded, [family_row(family, family.examples, family.tested) for family in FAMILIES])


def registered() -> list[Row]:
    """The rows of the families that were added in this process, or that installed packages offer."""
    if not offered_families.may_be_any():
        return []
    from hooks.families import extension

    return [family_row(family, family.examples, "your own: probe check it") for family in extension.registered()]


def embedded_config(name: str) -> dict[str, Any]:
    """The configuration of an embedded model."""
    return json.loads((pocket.path(name) / "config.json").read_text("utf-8"))


def family_row(family: "Family", names: Sequence[str], tested: str) -> Row:
    """One family of the table, with some of its models."""
    return {
        "family": family.name,
        "kind": family.kind,
        "models": ", ".join(names),
        "sites": "; ".join(f"{tower}: {', '.join(kinds)}" for tower, kinds in kinds_of(family).items()),
        "image prefix": PREFIXES[family.reuse.image_prefix],
        "visual tokens": family.limit.description,
        "without image": "yes" if family.text_only else "no",
        "several pictures": "yes" if family.tokens.several else "no",
        "tested": tested,
    }


def kinds_of(family: "Family") -> dict[str, tuple[str, ...]]:
    """The kinds of states in a family's towers, by its model type's default configuration; empty where it has none."""
    from transformers import CONFIG_MAPPING
    from transformers.utils import logging

    logging.set_verbosity_error()  # default configurations are no one's: advice on them helps nobody
    for name in family.model_types:
        model_type, _, inner = name.partition("/")  # a part's model type, or the class of a checkpoint
        if model_type in CONFIG_MAPPING:
            parts: dict[str, Any] = {}
            if inner in CONFIG_MAPPING:
                parts[f"{_part(inner)}_config"] = {"model_type": inner}
            config = CONFIG_MAPPING[model_type](**parts)
            if getattr(config, "vision_config", "") is None:  # a model of the type may have no tower for pictures
                parts["vision_config"] = {}
                config = CONFIG_MAPPING[model_type](**parts)
            towers = family.tokens.towers(config)
            return {tower.name: tower.kinds for tower in towers.values()}
    return {}


def _part(model_type: str) -> str:
    """Which part of a model's config is of this type."""
    from transformers import CONFIG_MAPPING, MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING

    texts = (MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING)
    return "text" if any(CONFIG_MAPPING[model_type] in known for known in texts) else "vision"
