"""Whom to cite for a run: its perturbations, its dataset, and the measures that it is analysed with."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from analyses import cards, intervention_papers, papers
from stores import Run, open_run

from .datasets.registry import DATASETS
from .kept_comparison import COMPARISON
from .perturbations import FAMILIES, SUITES
from .perturbations.papers import BIBTEX
from .results import ANALYSES, Evidence
from .results.needs import missing

INTERVALS = ("statistics.bootstrap", "statistics.rate", "statistics.wilson")
"""What every analysis rests on."""

COMPARED = (
    "corruption", "flips.rates", "drift", papers.COHEN, "margins", "statistics.swapped_p",
    "statistics.benjamini_hochberg",
)  # fmt: skip
"""The measures of a comparison of runs."""

MEASURES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "overview": ("flips", "drift.cosine", "drift.control", "drift.relative", papers.COHEN, "margins.erosion"),
        "scores": (),
        "benchmark": (),
        "flips": ("flips",),
        "yes_no": ("flips.yes_no_rates",),
        "margins": ("margins",),
        "drift": ("drift.cosine", "drift.euclidean", "drift.control", "drift.relative", papers.COHEN),
        "dimensions": ("drift.standardised", "drift.share_of_largest"),
        "noise_floor": ("drift.cosine", "margins.erosion"),
        "where_first": ("drift.cosine", "drift.control", "instability.where_first"),
        "instability": ("instability",),
        "lens": ("lens",),
        "tuned_lens": ("tuned_lens", "lens.decision_layer"),
        "silent": ("drift.silent", "drift.share_read", "drift.control", "instability.beyond_nearest", papers.LENS),
        "attention": ("attention",),
        "patching": ("patching", papers.PATCHING_IMAGES),
        "steering": ("steering",),
        "knockout": ("knockout", intervention_papers.KNOCKOUT_IMAGES),
        "dirichlet": ("dirichlet", "correlation.interval", "spectral.relative_change"),
        "spectrum": ("spectral",),
        "pixel_spectrum": ("spectral",),
        # the heat map comes with the family of its waves, AlexNet's errors with the corruptions that they are of
        "frequency": ("frequency.thresholds", "frequency.sensitivity", "frequency.coherence"),
        "priors": ("priors",),
        "attribution": ("attribution",),
        "alignment": ("alignment.mutual_knn", "alignment.cka", "statistics.jackknife"),
        "corruption": (),
        "calibration": ("calibration",),
        "contrastive_decoding": ("decisions.contrastive_scores", papers.POPE),
        "trust": ("decisions.conformal_margin",),
        "failure_prediction": (
            "decisions.flip_probability",
            "decisions.compared",
            "instability.predicts_flip",
            papers.PROBABILITY_SCORE,
        ),
        "misalignment": (
            "misalignment.hallucination",
            "misalignment.critical_omission",
            "misalignment.safety_misinterpretation",
        ),
        "misalignment_conditions": (
            "misalignment.hallucination",
            "misalignment.critical_omission",
            "misalignment.safety_misinterpretation",
            "misalignment.increase",
        ),
        "omission": ("misalignment.class_omission", "misalignment.presence_table"),
        "segmentation": (
            "segmentation",
            "correlation.table",
            "correlation.permutation",
            "statistics.benjamini_hochberg",
        ),
        "segmentation_language": ("correlation.table", "correlation.permutation", "statistics.benjamini_hochberg"),
        "class_iou": ("segmentation.iou",),
        "probing": ("probing",),
    }
)
"""The measures of each analysis of a run: cards, modules of them, or a paper by its key."""


def bibliography(path: Path) -> str:
    """The BibTeX of the papers behind a run, each once: perturbations, then the dataset, then measures.

    Measures are those of the analyses that the run's contents allow, and of those on request whose results it keeps.
    """
    return of_run(open_run(path))


def of_run(run: Run) -> str:
    """The same of a run that is open."""
    if COMPARISON in run.plan:
        datasets = of_names(run.plan[COMPARISON]["datasets"])
        entries = [*of_perturbations(run), *datasets, *papers_of((*COMPARED, *INTERVALS))]
    else:
        entries = [*of_perturbations(run), *of_datasets(run), *of_measures(analyses_of(run))]
    return "\n\n".join(dict.fromkeys(entries))


def of_perturbations(run: Run) -> Iterator[str]:
    """The papers that the run's suites and families of perturbations come from."""
    specs = [spec.partition(":")[0] for spec in run.plan["settings"].get("perturb", ())]
    sources = [SUITES[name].paper for name in specs if name in SUITES]
    sources += [FAMILIES[name].paper for name in run.conditions.family.values if name in FAMILIES]
    for source in sources:
        yield from (BIBTEX[key] for key in source.split(", ") if key in BIBTEX)


def of_datasets(run: Run) -> Iterator[str]:
    """The papers of the datasets that the run's samples are from."""
    plain = run.samples.dataset.values.tolist() if "dataset" in run.samples.coords else [run.plan["dataset"]["name"]]
    yield from of_names(plain)


def of_names(names: Sequence[str]) -> Iterator[str]:
    """The papers of datasets by their names, each once."""
    for name in dict.fromkeys(names):
        if name in DATASETS and DATASETS[name].bibtex:
            yield DATASETS[name].bibtex


def analyses_of(run: Run) -> list[str]:
    """The analyses that a run allows, and those whose results it keeps; of a damaged run the latter alone."""
    kept = set(run.results)
    if not run.damaged:
        evidence = Evidence(run)
        kept |= {each.name for each in ANALYSES.values() if not each.on_request and not missing(evidence, each.needs)}
    return [name for name in ANALYSES if name in kept]


def of_measures(names: list[str]) -> Iterator[str]:
    """The papers behind the measures of these analyses."""
    yield from papers_of([measure for name in names for measure in (*MEASURES[name], *INTERVALS)])


def papers_of(measures: Sequence[str]) -> Iterator[str]:
    """The papers behind measures, which are cards, modules of them, or papers by their keys."""
    for measure in dict.fromkeys(measures):
        if measure in papers.BIBTEX:
            yield papers.BIBTEX[measure]
        yield from (card.bibtex for card in cards_of(measure) if card.bibtex)


def cards_of(measure: str) -> list[cards.Card]:
    """The card of a measure, or those of a module of measures.

    >>> [card.name for card in cards_of("statistics.wilson")], len(cards_of("priors"))
    (['statistics.wilson'], 4)
    """
    return [card for name, card in cards.registry().items() if name == measure or name.startswith(f"{measure}.")]
