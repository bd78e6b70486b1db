"""What there is to choose from, as rows for a table or for JSON."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hooks.state_kinds import KINDS

from . import model_families, models, terminal
from .model_families import Row

if TYPE_CHECKING:
    from .datasets.entry import Entry
    from .perturbations import Parameter
    from .perturbations.family import Settings


def rows(what: str, model: str = "pocket-vlm") -> list[Row]:
    """The rows of one listing: models, model types, datasets, perturbations, suites, sites (of `model`) or analyses."""
    if what == "sites":
        return site_rows(model)
    return LISTINGS[what]()


def table(what: str, listed: Sequence[Row]) -> terminal.SafeTable:
    """The rows as a table."""
    drawn = terminal.table(what)
    if what in STACKED:
        listed = [STACKED[what](row) for row in listed]
    for position, heading in enumerate(listed[0]):
        first = position == 0
        drawn.add_column(heading, style="bold" if first else None, no_wrap=first, overflow="fold")
    for row in listed:
        drawn.add_row(*row.values())
    return drawn


def model_rows() -> list[Row]:
    """The embedded models, then the table of families: what each can show, and what it is proven on."""
    kept = model_families.kept()
    return [*kept.embedded, *model_families.registered(), *kept.table]


def type_rows() -> list[Row]:
    """Every model type of the installed transformers, whether it can be read, and by which entry or why not."""
    from hooks.families import covered

    return [
        {"type": each.model_type, "kind": each.kind, "state": each.state, "entry or reason": each.detail}
        for each in covered()
    ]


def stacked_model(row: Row) -> Row:
    """A family's row with everything under its models: eight columns would be narrow ones."""
    answers = ", ".join(kind.name for kind in KINDS.values() if kind.answer)
    sites = row["sites"].replace(answers, "answer_*").split("; ")
    facts = [
        f"image prefix: {row['image prefix']}; tokens: {row['visual tokens']}",
        f"without an image: {row['without image']}; several pictures: {row['several pictures']}",
        f"tested on: {row['tested']}",
    ]
    below = [*row["models"].split(", "), *(f"  {part}" for part in (*sites, *facts) if part)]
    return {"family": row["family"], "models, sites, what is encoded once": "\n".join(below)}


def dataset_rows() -> list[Row]:
    """The datasets by name, and the forms of one's own."""
    from .datasets.registry import DATASETS

    return [*map(dataset_row, DATASETS.values()), *(dataset_of_ones_own(*each) for each in OWN_DATASETS)]


OWN_DATASETS = (
    ("PATH.jsonl", "your own: a line per sample with image or images, question, options, answer or references"),
    ("PATH.csv, .tsv, .parquet", "your own table; --columns image=…,question=… where its columns have other names"),
    ("FOLDER", "your own pictures, each to be described"),
    ("OWNER/NAME[:CONFIG]@SPLIT", "a dataset of the hub, with --columns"),
)


def dataset_row(entry: "Entry") -> Row:
    """A dataset: its splits with their official numbers of samples, where it is read from, its licence."""
    return {
        "dataset": entry.name,
        "what it is": entry.description,
        "splits": ", ".join(f"{name} {count}" for name, count in entry.splits.items()),
        "files": entry.files,
        "hub": "" if entry.hub is None else entry.hub.repository,
        "licence": entry.license,
        "cite": citation_key(entry.bibtex),
    }


BELOW = ("splits", "files", "hub", "licence", "cite")
"""What stands under a dataset's description."""


def citation_key(bibtex: str) -> str:
    """The key of a BibTeX entry, "" where there is none.

    >>> citation_key("@misc{li2023seed, title = {SEED-Bench}}")
    'li2023seed'
    """
    return bibtex.partition("{")[2].partition(",")[0].strip()


def dataset_of_ones_own(name: str, description: str) -> Row:
    """A form of one's own data."""
    return {"dataset": name, "what it is": description} | dict.fromkeys(BELOW, "")


def stacked_dataset(row: Row) -> Row:
    """A dataset's row with its splits, files, hub and licence under what it is."""
    below = [f"{name}: {row[name]}" for name in BELOW if row[name]]
    return {"dataset": row["dataset"], "what it is": "\n".join([row["what it is"], *(f"  {line}" for line in below)])}


def perturbation_rows() -> list[Row]:
    """The families with their parameters and severities."""
    from .perturbations.catalogue import FAMILIES

    return [
        {
            "family": family.name,
            "what it does": family.description,
            "parameters": "; ".join(explained(parameter) for parameter in family.parameters),
            "severities": "; ".join(f"{level}: {spelled(settings)}" for level, settings in family.severities.items()),
            "paper": family.paper,
        }
        for family in FAMILIES.values()
    ]


def stacked(row: Row) -> Row:
    """A family's row with its parameters and severities under what it does: four columns would be narrow ones."""
    below = [part for part in (*row["parameters"].split("; "), row["severities"]) if part]
    paper = f" ({row['paper']})" if row["paper"] else ""
    return {
        "family": row["family"],
        "what it does": "\n".join([row["what it does"] + paper, *(f"  {b}" for b in below)]),
    }


def explained(parameter: "Parameter") -> str:
    """A parameter with its range, what it means, and its default.

    >>> from probe.perturbations import FAMILIES
    >>> explained(FAMILIES["scale"].parameters[0])
    'factor=float in [0.01, 4], of both sides, by default 0.9'
    """
    parts = [str(parameter), parameter.meaning, "" if parameter.required else f"by default {parameter.default}"]
    return ", ".join(part for part in parts if part)


def spelled(settings: "Settings") -> str:
    """Settings as they are written in a spec; the defaults where nothing differs."""
    return ", ".join(f"{name}={value}" for name, value in settings.items()) or "defaults"


def suite_rows() -> list[Row]:
    """The suites with their families."""
    from .perturbations.suites import SUITES

    return [
        {
            "suite": suite.name,
            "what it is": suite.description,
            "families": ", ".join(suite.specs),
            "paper": suite.paper,
        }
        for suite in SUITES.values()
    ]


def site_rows(model: str) -> list[Row]:
    """The sites of one model, and the aliases of the literature."""
    import hooks

    from .readers.asking import KINDS as ASKING

    blueprint = hooks.blueprint(models.source(model), hooks.LoadOptions())
    sites = [
        {"site": site, "what it is": KINDS[site.rpartition(":")[2]].meaning}
        for site in hooks.sites.available(blueprint.towers)
    ]
    aliases = [{"site": alias, "what it is": canonical} for alias, canonical in hooks.sites.ALIASES.items()]
    return sites + (aliases if ASKING[blueprint.kind].writes else [])


def analysis_rows() -> list[Row]:
    """The analyses with the question that each answers."""
    from analyses.cards import registry

    return [
        {"analysis": card.name, "question": card.question, "unit": card.unit, "range": card.range, "paper": card.paper}
        for card in registry().values()
    ]


STACKED: dict[str, Callable[[Row], Row]] = {
    "perturbations": stacked,
    "models": stacked_model,
    "datasets": stacked_dataset,
}

LISTINGS: dict[str, Callable[[], list[Row]]] = {
    "models": model_rows,
    "model types": type_rows,
    "datasets": dataset_rows,
    "perturbations": perturbation_rows,
    "suites": suite_rows,
    "analyses": analysis_rows,
}
