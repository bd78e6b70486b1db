"""Alignment: how alike two representations of the same samples are, two towers', two layers' or two models'.

`measures` compares representations, `floors` says how alike they are for reasons other than the images.
Source: Shu et al. 2025, representation level; definitions, section 13.
"""

from .. import papers
from ..cards import Card
from .floors import ABOVE_FLOOR, SHUFFLES, above_floor, cka_floor, cka_floor_left_out, cka_floors, neighbour_floor
from .measures import CLIP, cka, cka_left_out, ckas, cosine, modality_gap, mutual_knn, neighbour_overlap

__all__ = [
    "ABOVE_FLOOR",
    "CARDS",
    "CLIP",
    "SHUFFLES",
    "above_floor",
    "cka",
    "cka_floor",
    "cka_floor_left_out",
    "cka_floors",
    "cka_left_out",
    "ckas",
    "cosine",
    "modality_gap",
    "mutual_knn",
    "neighbour_floor",
    "neighbour_overlap",
]

CARDS = (
    Card("alignment.cosine", "Do an image and its text point the same way?", "cosine", "[-1, 1]", papers.SURVEY),
    Card(
        "alignment.neighbour_overlap",
        "How many of a sample's nearest neighbours are the same in both representations?",
        "share of k",
        "[0, 1]",
        papers.PLATONIC,
    ),
    Card(
        "alignment.mutual_knn",
        "Do two representations hold the same samples to be alike?",
        "share of k",
        "[0, 1]",
        papers.PLATONIC,
    ),
    Card(
        "alignment.cka",
        "Do two representations lay the same samples out alike, whatever their axes and scale?",
        "unitless",
        "[0, 1]; unbiased [-1, 1]",
        papers.KERNEL_ALIGNMENT,
    ),
    Card(
        "alignment.cka_left_out",
        "What would the kernel alignment be without each of the images?",
        "unitless",
        "[0, 1]; unbiased [-1, 1]",
        papers.KERNEL_ALIGNMENT,
    ),
    Card(
        "alignment.neighbour_floor",
        "How many neighbours does a sample keep because others have its question and its answer?",
        "share of k",
        "[0, 1]",
    ),
    Card(
        "alignment.cka_floor",
        "How alike are two representations because samples share questions and answers?",
        "unitless",
        "[0, 1]; unbiased [-1, 1]",
    ),
    Card(
        "alignment.above_floor",
        "How much of what question and answer leave open is kept?",
        "share of the way from the floor to 1",
        "(-inf, 1]",
    ),
    Card(
        "alignment.modality_gap",
        "How far apart do images and texts lie as a whole?",
        "length, of unit vectors",
        "[0, 2]",
        papers.MODALITY_GAP,
    ),
)
