"""What can be asked about a scene of the pocket world, and the right answers.

No answer can be guessed from its question: present and absent classes are drawn with weights that cancel how common
they are, options stand in random order, and pairs of classes that betray each other never meet in one list.
"""

from dataclasses import dataclass

import numpy as np

from probe.label_maps import is_safe
from probe.prompts import DESCRIBE, SAFETY, presence_question
from probe.sample import Sample

from . import world
from .classes import ASKED, LAMPS, PAINT, WORDS
from .world import Scene

VERSION = "1"
"""Changes whenever the same scene and generator state would give other questions."""

WHICH = "Which of these is in the image?"
NO_LIGHT = "there is no traffic light"

FREQUENCY: dict[str, float] = {
    "car": 0.48,
    "truck": 0.49,
    "bus": 0.51,
    "bicycle": 0.55,
    "rider": 0.40,
    "pedestrian": 0.50,
    "traffic light": 0.49,
    "traffic sign": 0.50,
    "tree": 0.70,
    "building": 0.68,
}
"""The share of scenes, in [0, 1], that show each class."""

_LISTED = ASKED[:8]
_VEHICLES = ("car", "truck", "bus")
_TELLTALE = frozenset(
    {"bicycle", "rider"}
)  # a rider sits on a bicycle: beside each other, one would give the other away
_PLURAL = {"building": "buildings", "tree": "trees"}


Question = tuple[str, tuple[str, ...], str]
"""The text, four options and the right one."""


@dataclass(frozen=True)
class Facts:
    """All that questions need to know about a scene."""

    present: frozenset[str]
    absent: frozenset[str]
    colours: tuple[tuple[str, str], ...]
    """(word, colour) of every vehicle class and of the lights, where all its objects share one colour."""
    safe: bool


def facts(scene: Scene) -> Facts:
    """Read off a scene what is there, what is not, which colours are beyond doubt and whether the way is free."""
    present = world.present(scene.labels)
    colours = []
    for word in (*_VEHICLES, "traffic light"):
        seen = {thing.colour for thing in scene.objects if thing.word == word}
        if word in present and len(seen) == 1:
            colours.append((word, seen.pop()))
    return Facts(present, world.absent(scene.labels), tuple(colours), is_safe(scene.labels))


def presence(known: Facts, rng: np.random.Generator, *, pairs: int = 1) -> list[tuple[str, str]]:
    """`pairs` (question, "yes") and as many (question, "no") in random order, no class twice."""
    here = _draw(known.present, rng, pairs, here=True)
    gone = _draw(known.absent, rng, pairs, here=False)
    questions = [(presence_question(word), "yes") for word in here] + [(presence_question(word), "no") for word in gone]
    return [questions[i] for i in rng.permutation(len(questions))]


def which(known: Facts, rng: np.random.Generator) -> Question | None:
    """A question of which exactly one option is in the image; None where too few classes are absent."""
    right = _draw(known.present & {*_LISTED}, rng, 1, here=True)
    if not right:
        return None
    barred = _TELLTALE if right[0] in _TELLTALE else frozenset({str(rng.choice(sorted(_TELLTALE)))})
    wrong = _draw(known.absent & {*_LISTED} - barred, rng, 3, here=False)
    return (WHICH, _shuffled([*right, *wrong], rng), right[0]) if len(wrong) == 3 else None


def colour(known: Facts, rng: np.random.Generator, *, but: str = "") -> Question | None:
    """A question on a vehicle's paint or on the traffic light; None where nothing is beyond doubt.

    `but` is a question already asked: its subject is left alone.
    """
    colours = {word: name for word, name in known.colours if word not in but}
    vehicles = [word for word in _VEHICLES if word in colours]
    light = colours.get("traffic light")
    # one light in three is the price of four equally likely answers: three lamps, or no light at all
    no_light = "traffic light" in known.absent and "traffic light" not in but and rng.random() < 1 / 3
    if (light or no_light) and (not vehicles or rng.random() < 0.4):
        return "What color is the traffic light?", _shuffled([*LAMPS, NO_LIGHT], rng), light or NO_LIGHT
    if not vehicles:
        return None
    word = str(rng.choice(vehicles))
    others = [name for name in PAINT if name != colours[word]]
    wrong = [others[i] for i in rng.permutation(len(others))[:3]]
    return f"What color is the {word}?", _shuffled([colours[word], *wrong], rng), colours[word]


def multiple_choice(known: Facts, rng: np.random.Generator) -> list[Question]:
    """Two questions with four options each; one where a scene allows no more."""
    first = which(known, rng) or colour(known, rng)
    second = colour(known, rng, but=first[0] if first else "") or which(known, rng)
    return [question for question in (first, second) if question is not None]


def description(known: Facts) -> str:
    """The reference text: one sentence that names every visible class of the world.

    >>> description(Facts(frozenset({"road", "tree", "bus"}), frozenset(), (), True))
    'The image shows a road, trees and a bus.'
    """
    names = [word for word in WORDS if word in known.present and word != "pole"]
    phrases = [word if word == "sky" else _PLURAL.get(word, f"a {word}") for word in names]
    listed = ", ".join(phrases[:-1]) + " and " + phrases[-1] if len(phrases) > 1 else phrases[0]
    return f"The image shows {listed}."


def ask(known: Facts, rng: np.random.Generator, image_id: str) -> tuple[Sample, ...]:
    """The five questions of one image: two with four options, two of presence, one of safety."""
    samples = []
    for number, (text, options, answer) in enumerate(multiple_choice(known, rng)):
        samples.append(Sample(f"{image_id}-mcq{number}", image_id, text, options, answer, "mcq"))
    for number, (text, answer) in enumerate(presence(known, rng)):
        samples.append(Sample(f"{image_id}-yesno{number}", image_id, text, ("yes", "no"), answer, "yesno"))
    safe = "yes" if known.safe else "no"
    samples.append(Sample(f"{image_id}-safety", image_id, SAFETY, ("yes", "no"), safe, "safety"))
    return tuple(samples)


def ask_description(known: Facts, image_id: str) -> Sample:
    """The request to describe one image, with its reference text."""
    return Sample(f"{image_id}-describe", image_id, DESCRIBE, (), description(known), "describe")


def _draw(words: frozenset[str], rng: np.random.Generator, count: int, *, here: bool) -> list[str]:
    """Up to `count` different askable words, rarer ones preferred so that all come up equally often."""
    pool = sorted(word for word in words if word in FREQUENCY)
    if not pool:
        return []
    weights = np.array([1 / (FREQUENCY[word] if here else 1 - FREQUENCY[word]) for word in pool])
    chosen = rng.choice(len(pool), size=min(count, len(pool)), replace=False, p=weights / weights.sum())
    return [pool[i] for i in chosen]


def _shuffled(options: list[str], rng: np.random.Generator) -> tuple[str, ...]:
    return tuple(options[i] for i in rng.permutation(len(options)))
