"""What can be typed: sites, perturbations, datasets, columns and pairs, made at random and spoilt at random.

A text is accepted and means the same when it is written in full, or it is refused by the error of its grammar with a
message. Any other error is a failure, and so is one text that takes long.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from attack import memory
from attack.outcome import Outcome
from hooks import sites
from hooks.settings import place
from hooks.sites import SiteError, Tower
from hooks.state_kinds import kinds_of
from probe.comparison.members import Member, pairs_of
from probe.datasets import columns, own, several, source
from probe.datasets.options import Options
from probe.datasets.problems import DatasetError
from probe.datasets.registry import DATASETS, open_dataset
from probe.errors import in_words
from probe.perturbations import FAMILIES, SUITES, SpecError, parse
from probe.prompts import NAMES
from stores import selection

TOWERS = {
    "vision": Tower("vision", 31, 64, kinds_of("vision"), pooled=24),
    "projector": Tower("projector", 0, 48, kinds_of("projector")),
    "language": Tower("language", 4, 48, kinds_of("language")),
}
STRANGE = (
    "", " ", "\t", "\n", "\0", "\x1b[31m", "\u202e", "\u2028", "\ud800", "é", "٣", "²", "Ⅷ", "𝟛", "是", "/", "\\", "..",
    "~", "[", "]", "[/]", "{", "}", "{0}", "%s", "$", "@", ":", "::", ",", "=", "==", "+", "-", "--", "*", "-0", "00",
    "1_0", "1e400", "nan", "inf", "-inf", "0x1", "9" * 5000, "None", "True", "null", "'", '"', "A" * 3000,
)  # fmt: skip
"""Pieces that no grammar is made of, or that it holds in other places."""

SLOW = 5.0
"""Seconds that no text may take."""

SHOWN = 20


@dataclass(frozen=True)
class Grammar:
    """How texts of a grammar are made, how one is read, and which errors refuse one.

    `read` raises one of `refusals`, or AssertionError where a text that is accepted means something else in full.
    """

    name: str
    make: Callable[[random.Random], str]
    read: Callable[[str], object]
    refusals: tuple[type[Exception], ...]


def of_grammar(grammar: Grammar, count: int, seed: int) -> Outcome:
    """`count` texts of one grammar, every other one spoilt; the same for the same seed."""
    draw = random.Random(f"{grammar.name} {seed}")
    refused, most, slowest, failures = 0, 0, 0.0, cast(list[str], [])
    for number in range(count):
        text = grammar.make(draw)
        text = spoilt(draw, text) if number % 2 else text
        began, begun = time.perf_counter(), memory.begin()
        trouble = tried(grammar, text)
        took = time.perf_counter() - began
        slowest, most = max(slowest, took), max(most, grown := memory.taken_since(begun))
        refused += trouble == REFUSED
        if trouble not in ("", REFUSED):
            failures.append(f"{grammar.name} {text[:200]!r}: {trouble}")
        if took > SLOW:
            failures.append(f"{grammar.name} {text[:200]!r}: took {took:.1f} s")
        if grown > memory.LARGEST:
            failures.append(f"{grammar.name} {text[:200]!r}: took {grown / 1e6:,.0f} MB")
    return Outcome(
        f"grammar of {grammar.name}", count, refused, count - refused, tuple(failures[:SHOWN]), slowest, most
    )


REFUSED = "refused"


def tried(grammar: Grammar, text: str) -> str:
    """Nothing where a text is accepted, REFUSED where it is refused with a message, else what went wrong."""
    try:
        grammar.read(text)
    except grammar.refusals as error:
        words = in_words(error)
        plain = type(error) in (ValueError, KeyError) and not words.rstrip().endswith((".", "?", ")"))
        return f"refused in Python's words: {words[:200]}" if plain or "from a library" in words else REFUSED
    except AssertionError as error:
        return f"means something else in full: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return ""


def spoilt(draw: random.Random, text: str) -> str:
    """A text with one to three places cut out, doubled, exchanged, or filled with something strange."""
    for _ in range(draw.randint(1, 3)):
        start = draw.randrange(len(text) + 1)
        stop = min(len(text), start + draw.randint(0, 4))
        piece = draw.choice(["", text[start:stop] * 2, draw.choice(STRANGE), text[stop : stop + 3][::-1]])
        text = text[:start] + piece + text[stop:]
    return text


def numbers(draw: random.Random) -> str:
    return str(draw.choice([0, 1, 2, 3, 4, 5, 7, -1, -2, 31, 32, 33, -33, 10**8, 10**12]))


def site(draw: random.Random) -> str:
    """`tower.layers[WHICH]:kind@prompt`, or an alias."""
    if draw.random() < 0.1:
        return draw.choice(list(sites.ALIASES))
    tower = draw.choice([*TOWERS, "text"])
    items = [
        draw.choice([numbers(draw), "*", f"{numbers(draw)}:{numbers(draw)}", f":{numbers(draw)}", f"::{numbers(draw)}"])
        for _ in range(draw.randint(1, 3))
    ]
    layers = draw.choice(["", f".layers[{','.join(items)}]", f".layers[{','.join(items)}]"])
    kind = draw.choice([*kinds_of(tower if tower in TOWERS else "language"), "nothing"])
    prompt = draw.choice(["", "", f"@{draw.choice([*NAMES, 'zzz'])}"])
    return f"{tower}{layers}:{kind}{prompt}"


def read_site(text: str) -> None:
    """A site as extraction reads it; and what is stored of it, as the reader asks for it."""
    found = sites.parse(text, TOWERS)
    again = sites.parse(found.canonical, TOWERS)
    assert again == found, found.canonical
    name, layers = selection.split(found.canonical)
    stored = list(found.layers)
    positions = selection.layers(layers, stored, last=found.tower_layers)
    chosen = [positions] if isinstance(positions, int) else positions
    assert [stored[position] for position in chosen] == stored, name


def read_stored(text: str) -> None:
    """A site as the reader takes it."""
    _, layers = selection.split(text)
    selection.layers(layers, [0, 1, 4], last=4)


def perturbation(draw: random.Random) -> str:
    """A family or a suite, with severities, values or parameters."""
    name = draw.choice([*FAMILIES, *SUITES, "clean", "nothing"])
    parameters = [each.name for each in FAMILIES[name].parameters] if name in FAMILIES else ["severity", "dx"]
    values = [numbers(draw), f"{draw.uniform(-3, 3):.3g}", "true", "false", "A", "low", "high", "1,3", "1,2,3,4,5"]
    items = [
        draw.choice([f"{draw.choice(parameters or ['x'])}={draw.choice(values)}", draw.choice(values)])
        for _ in range(draw.randint(0, 3))
    ]
    return f"{name}:{','.join(items)}" if items else name


def read_perturbation(text: str) -> None:
    """The conditions of a text; each is that of its id."""
    for condition in parse([text], labels=("A", "B")):
        again = parse([condition.id], labels=("A", "B"))[-1]
        assert (again.id, again.family) == (condition.id, condition.family), condition.id


def dataset(draw: random.Random) -> str:
    """`NAME[:PATH][@SPLIT]`, one or several. Those that a hub would be asked for have a path that is not there."""
    parts = []
    for _ in range(draw.choice([1, 1, 2, 3])):
        known = [name for name in DATASETS if not name.startswith("streets")]
        name = draw.choice([*known, "me/set", "set.jsonl", "table.csv", "table.parquet", "folder/", "nothing"])
        path = draw.choice([":nowhere", ":/nowhere/at all", ":nowhere.json", ":~nobody/x"]) if name in known else ""
        splits = [*DATASETS[name].splits] if name in known else ["test"]
        parts.append(f"{name}{path}" + draw.choice(["", f"@{draw.choice([*splits, 'zzz'])}"]))
    return "+".join(parts)


def read_dataset(text: str) -> None:
    """The parts of a text; where none of them would be drawn or asked of a hub, the dataset too."""
    text = place("dataset", text)
    names = several.names(text, DATASETS)
    assert "+".join(names) == text, names
    asked = [source.parse(name, DATASETS) for name in names]
    if all(each.path and not each.is_repository for each in asked if each.name in DATASETS or own.is_known(each)):
        open_dataset(text, Options(first=1))


def column(draw: random.Random) -> str:
    """`OURS=THEIRS,…`"""
    keys = ["image", "images", "question", "options", "answer", "references", "id", "kind", "dataset", "nothing"]
    return ",".join(
        f"{draw.choice(keys)}={draw.choice(['q', 'path', 'A+B+C', 'a b', 'gt'])}" for _ in range(draw.randint(1, 4))
    )


def read_columns(text: str) -> None:
    """The pairs of a text, which are those of the text that they are written as."""
    pairs = columns.parse([text])
    assert columns.parse([",".join(f"{ours}={theirs}" for ours, theirs in pairs)]) == pairs, pairs


MEMBERS = tuple(
    Member(name, Path(path), cast(Any, SimpleNamespace()))
    for name, path in (("one", "runs/one"), ("two", "runs/two"), ("a b", "runs/a b"), ("é", "runs/é"))
)


def pair(draw: random.Random) -> str:
    """`BASE=ALIGNED,…` by names or paths."""
    names = [*(member.name for member in MEMBERS), *(str(member.path) for member in MEMBERS), "none", "runs/none"]
    return ",".join(f"{draw.choice(names)}={draw.choice(names)}" for _ in range(draw.randint(1, 3)))


def read_pairs(text: str) -> None:
    """The pairs of a text, which are those of the text that they are written as."""
    pairs = pairs_of(text, MEMBERS)
    assert pairs_of(",".join(f"{each.base}={each.aligned}" for each in pairs), MEMBERS) == pairs, pairs


GRAMMARS = (
    Grammar("sites", site, read_site, (SiteError,)),
    Grammar("stored sites", site, read_stored, (ValueError, KeyError)),
    Grammar("perturbations", perturbation, read_perturbation, (SpecError,)),
    Grammar("datasets", dataset, read_dataset, (DatasetError, ValueError, OSError)),
    Grammar("columns", column, read_columns, (ValueError,)),
    Grammar("pairs", pair, read_pairs, (ValueError,)),
)
