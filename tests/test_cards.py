"""Every public analysis carries a card, and every card can be cited."""

import importlib
import inspect

import pytest

import analyses
from analyses import cards
from analyses.papers import BIBTEX

WITHOUT_CARD = {
    "statistics.median",  # of `by_family`
    "statistics.per_sample",  # the first half of `by_family`
    "statistics.pooled",  # of `by_family`
    "alignment.cka_floor_left_out",  # of `cka_floor`
    "alignment.cka_floors",  # both of them, from one look
    "alignment.ckas",  # `cka` and `cka_left_out`, from one look
    "attention.shares",  # preparation
    "attribution.margin_of_each",  # preparation
    "flips.answer_index",  # preparation
    "flips.ever_flipped",  # the same, to `rates`
    "margins.complete",  # preparation
    "segmentation.with_unassigned",  # preparation
    "margins.yes_no",  # one reading of `margin`
    "corruption.unfold",  # preparation
    "dirichlet.unfold",  # preparation
    "frequency.sensitivity.by_band",  # the layout of `slope`
    "priors.along_way",  # the second half of `embedding_drift`
    "probing.probe_rates",  # the second half of `probe_accuracy`
    "spectral.resized",  # preparation
    "statistics.bounds",  # of `resampled`
    "statistics.ever_among",  # a reduction
    "statistics.resampled",  # `correlation.resampled`
}


def public_functions() -> set[str]:
    names = set()
    for module in cards.MODULES:
        loaded = importlib.import_module(f"analyses.{module}")
        offered = getattr(loaded, "__all__", None) or vars(loaded)
        names |= {
            f"{module}.{name}"
            for name in offered
            if not name.startswith("_")
            and inspect.isfunction(getattr(loaded, name))
            and getattr(loaded, name).__module__.startswith("analyses")
        }
    return names


def test_every_public_analysis_has_a_card_and_every_card_an_analysis() -> None:
    assert public_functions() - WITHOUT_CARD == set(cards.registry())


def test_cards_are_complete_sentences_of_fact() -> None:
    for card in cards.registry().values():
        assert card.question.endswith("?")
        assert card.unit
        assert card.range
        assert card.paper in BIBTEX or card.paper == ""


def test_every_module_with_cards_is_public() -> None:
    assert {module.partition(".")[0] for module in cards.MODULES} <= set(analyses.__all__)


def test_every_paper_is_cited_and_well_formed() -> None:
    cited = {card.paper for card in cards.registry().values()} - {""}
    for key in cited:
        assert BIBTEX[key].startswith("@")
        assert f"{{{key}," in BIBTEX[key]
        assert BIBTEX[key].count("{") == BIBTEX[key].count("}")


def test_a_bibliography_names_each_paper_once() -> None:
    assert cards.bibliography("flips.rates", "flips.flipped").count("@misc{wani2026same") == 1
    assert cards.bibliography("flips.entropy") == ""
    assert cards.bibliography().count("@") >= 5


def test_an_unknown_card_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"drift\.cosine"):
        cards.card("drift.cosin")


def test_every_public_function_shows_an_example() -> None:
    for name in public_functions():
        module, _, function = name.rpartition(".")
        assert ">>>" in (getattr(importlib.import_module(f"analyses.{module}"), function).__doc__ or ""), name
