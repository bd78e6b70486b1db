"""Flips: whether the answer changed, how often, and from what to what.

A flip is 1.0, no flip 0.0, and nan where either choice is undefined. The verdict on single choices lies in `choices`,
their crossing with the right answer in `transitions`; both are offered here.
Source: Wani et al. 2026; definitions, section 4.
"""

from .. import papers
from ..cards import Card
from .answer_transitions import transition_rates, transitions, yes_no_rates
from .choices import accuracy, answer_index, correct, entropy, flipped, semantic_overlay_conditions
from .flip_rates import ever_flipped, rates

__all__ = [
    "CARDS",
    "accuracy",
    "answer_index",
    "correct",
    "entropy",
    "ever_flipped",
    "flipped",
    "rates",
    "semantic_overlay_conditions",
    "transition_rates",
    "transitions",
    "yes_no_rates",
]


CARDS = (
    Card(
        "flips.flipped",
        "Did the choice change?",
        "1 flipped, 0 kept",
        "{0, 1}",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "flips.rates",
        "How often does a family change the choice (IFR), and how many samples does it ever change (IV)?",
        "share",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card("flips.correct", "Is the choice the right answer?", "1 right, 0 wrong", "{0, 1}"),
    Card("flips.accuracy", "How often is the choice the right answer?", "share", "[0, 1]"),
    Card(
        "flips.transitions",
        "Did the perturbation turn a right answer wrong, a wrong one right, or neither?",
        "1 so, 0 not so",
        "{0, 1}",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "flips.transition_rates",
        "What share of right answers becomes wrong, and of wrong ones right?",
        "share",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "flips.yes_no_rates",
        "Are false alarms or misses of yes/no questions corrected, and right answers kept?",
        "share",
        "[0, 1]",
        papers.HIDDEN_INSTABILITY,
    ),
    Card("flips.entropy", "How scattered are a sample's choices over all conditions?", "nats", "[0, ln(options)]"),
    Card(
        "flips.semantic_overlay_conditions",
        "Which written letters contradict the clean choice, and which repeats it?",
        "true or false",
        "{false, true}",
        papers.HIDDEN_INSTABILITY,
    ),
)
