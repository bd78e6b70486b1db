"""Sites: named places in a model where states are read.

    tower[.layers[WHICH]]:kind[@prompt]

`vision.layers[*]:patches`, `language.layers[0,2,-1]:image`, `language.layers[1:3]:image`, `projector:patches`,
`vision:pooled`, `language.layers[-1]:context_last@open`. Layer 0 is the input embedding, layer k the output of block k,
as the block returns it: the final norm is not applied, not even to the last one. `language.norm:context_last` is behind
it: the state that the head reads. Parsing a text needs no weights and imports no torch.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from .state_kinds import KINDS, NORM, StateKind

ALIASES: Mapping[str, str] = {
    "ctx_open": "language.norm:context_last@open",
    "ctx_mcq": "language.norm:context_last@mcq",
    "ans_open": "language.norm:answer_free@open",
    "ans_mcq": "language.norm:answer_mean@mcq",
    "ans_mcq_free": "language.norm:answer_free@mcq",
    "ans_clean": "language.norm:answer_clean@open",
}
"""The five sites of Hidden Instability, and the clean answer teacher-forced, all behind the final norm, where that
paper reads `hidden_states[-1]`; at the last language layer of models without one."""

PROMPTS = ("mcq", "open", "short", "yesno", "presence", "describe", "safety", "official")
"""The prompts that a site can name: those of `probe --prompt`."""

_GRAMMAR = re.compile(
    r"(?P<tower>[a-z_]+(?:\.norm)?)(?:\.(?P<module>[a-z_]+)\[(?P<layers>[^\]]*)\])?:(?P<kind>[a-z_]+)(?:@(?P<prompt>[\w-]+))?"
)
_LAYER = re.compile(r"-?[0-9]{1,9}")
_SLICE = re.compile(rf"({_LAYER.pattern})?:({_LAYER.pattern})?(:0*[1-9][0-9]{{0,8}})?")
_HINT = "Try `probe list sites -m MODEL`."


class SiteError(ValueError):
    """A site text that names nothing in this model; the message lists what there is."""


@dataclass(frozen=True)
class Tower:
    """One part of a model that sites can name.

    `layers` counts its blocks (0 where it has no stack of blocks), `features` is the width of its states, `kinds`
    names the kinds of states that its sites may ask for, `pooled` is the width of its own pooled output, if any.
    """

    name: str
    layers: int
    features: int
    kinds: tuple[str, ...]
    pooled: int | None = None


@dataclass(frozen=True)
class Site:
    """A parsed site: `layers` are resolved, non-negative and sorted; a site without layers has the single layer 0."""

    tower: str
    module: Literal["layers", ""]
    layers: tuple[int, ...]
    kind: StateKind
    prompt: str | None
    features: int
    tower_layers: int

    @property
    def path(self) -> str:
        """The tower and its module, without layers: `language.layers`, `projector`."""
        return f"{self.tower}.{self.module}" if self.module else self.tower

    @property
    def slug(self) -> str:
        """The layer-free name of the group of all layers of this kind: `language.layers-context_last-open`."""
        return "-".join(part for part in (self.path, self.kind.name, self.prompt) if part)

    @property
    def canonical(self) -> str:
        """The text that parses to this site again, with layers resolved (`[*]` where all are named)."""
        every = self.layers == tuple(range(self.tower_layers + 1))
        which = "*" if every else ",".join(map(str, self.layers))
        layers = f"[{which}]" if self.module else ""
        prompt = f"@{self.prompt}" if self.prompt else ""
        return f"{self.path}{layers}:{self.kind.name}{prompt}"

    @property
    def per(self) -> Literal["image", "sample"]:
        """Whether one state belongs to an image or to a sample (image + question)."""
        return self.kind.per

    @property
    def has_tokens(self) -> bool:
        """Whether states have a token axis; else they are one vector."""
        return self.kind.has_tokens

    @property
    def final_norm(self) -> bool:
        """Whether the tower's final norm has been applied: to a pooled output yes, to block outputs never."""
        return not self.kind.layered or self.tower == NORM


def parse(text: str, towers: Mapping[str, Tower]) -> Site:
    """The site that a text or an alias names in a model with these towers.

    Raises SiteError, which lists what there is, for an unknown tower, kind or layer and for text outside the grammar.

    >>> language = Tower("language", layers=4, features=8, kinds=("image", "context_last"))
    >>> parse("language.layers[-1]:context_last@open", {"language": language}).canonical
    'language.layers[4]:context_last@open'
    """
    match = _GRAMMAR.fullmatch(_alias(text, towers))
    if match is None:
        meant = _meant(text, ALIASES)
        raise SiteError(
            f"site {text!r} is not of the form tower.layers[WHICH]:kind[@prompt] or an alias.{meant} {_HINT}"
        )
    name, module, which, kind, prompt = match.group("tower", "module", "layers", "kind", "prompt")
    tower = towers.get(name)
    if tower is None:
        raise SiteError(f"site {text!r}: this model has no tower {name!r}, it has {', '.join(towers)}. {_HINT}")
    if kind not in tower.kinds:
        raise SiteError(f"site {text!r}: tower {name!r} has {', '.join(tower.kinds)}, not {kind!r}. {_HINT}")
    if prompt and prompt not in PROMPTS:
        raise SiteError(
            f"site {text!r}: {prompt!r} is no prompt. There are: {', '.join(PROMPTS)}.{_meant(prompt)} {_HINT}"
        )
    if prompt and KINDS[kind].per == "image":
        raise SiteError(f"site {text!r}: {kind!r} does not depend on the question, so it takes no @prompt. {_HINT}")
    layers = _layers(text, tower, kind, module, which)
    features = tower.pooled if tower.pooled and not KINDS[kind].layered else tower.features
    return Site(name, "layers" if module else "", layers, KINDS[kind], prompt, features, tower.layers)


def parse_all(texts: Iterable[str], towers: Mapping[str, Tower]) -> tuple[Site, ...]:
    """Parse several texts; those that share a slug become one site with the union of their layers, in first-seen order.

    >>> vision = Tower("vision", layers=4, features=8, kinds=("patches",))
    >>> [s.canonical for s in parse_all(["vision.layers[3]:patches", "vision.layers[0]:patches"], {"vision": vision})]
    ['vision.layers[0,3]:patches']
    """
    merged: dict[str, Site] = {}
    for text in texts:
        site = parse(text, towers)
        before = merged.get(site.slug)
        layers = site.layers if before is None else tuple(sorted({*before.layers, *site.layers}))
        merged[site.slug] = replace(site, layers=layers)
    return tuple(merged.values())


def available(towers: Mapping[str, Tower]) -> tuple[str, ...]:
    """One text per tower and kind of these towers, for listings: layers are written `[*]`."""
    return tuple(
        f"{tower.name}.layers[*]:{kind}" if _stacked(tower, kind) else f"{tower.name}:{kind}"
        for tower in towers.values()
        for kind in tower.kinds
    )


def usual(texts: Iterable[str], towers: Mapping[str, Tower]) -> tuple[str, ...]:
    """Those of the texts that name a tower and a kind of this model, without layers where the tower has none.

    >>> usual(["vision.layers[-1]:patches", "vision:pooled"], {"vision": Tower("vision", 0, 8, ("patches", "mean"))})
    ('vision:patches',)
    """
    named = ((text, _GRAMMAR.fullmatch(text)) for text in texts)
    parts = [(text, match["tower"], match["kind"]) for text, match in named if match]
    return tuple(
        text if _stacked(towers[tower], kind) else f"{tower}:{kind}"
        for text, tower, kind in parts
        if tower in towers and kind in towers[tower].kinds
    )


def _alias(text: str, towers: Mapping[str, Tower]) -> str:
    meant = ALIASES.get(text, text)
    return meant if NORM in towers or text not in ALIASES else meant.replace(NORM, "language.layers[-1]")


def _meant(word: str, known: Iterable[str] = PROMPTS) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _stacked(tower: Tower, kind: str) -> bool:
    return tower.layers > 0 and KINDS[kind].layered


def _layers(text: str, tower: Tower, kind: str, module: str | None, which: str | None) -> tuple[int, ...]:
    if not _stacked(tower, kind):
        if module:
            raise SiteError(f"site {text!r}: it has no layers; write {tower.name}:{kind}. {_HINT}")
        return (0,)
    if module != "layers" or which is None:
        raise SiteError(f"site {text!r}: name the layers, as in {tower.name}.layers[-1]:{kind}. {_HINT}")
    chosen = {layer for item in which.split(",") for layer in _item(text, tower, item.strip())}
    if not chosen:
        raise SiteError(f"site {text!r}: [{which}] selects none of the layers 0-{tower.layers}. {_HINT}")
    return tuple(sorted(chosen))


def _item(text: str, tower: Tower, item: str) -> range | tuple[int]:
    count = tower.layers + 1
    if item == "*":
        return range(count)
    if _SLICE.fullmatch(item):
        return range(count)[slice(*(int(bound) if bound else None for bound in item.split(":")))]
    if not _LAYER.fullmatch(item):
        told = "a slice goes by steps of 1 or more" if item.count(":") == 2 else "layers are numbers, slices a:b or *"
        raise SiteError(f"site {text!r}: {told}, not {item!r}. {_HINT}")
    layer = int(item) + (count if item.startswith("-") else 0)
    if not 0 <= layer < count:
        raise SiteError(
            f"site {text!r}: this tower has {count} layers (0-{count - 1}; 0 is the input embedding), not {item}. "
            f"{_HINT}"
        )
    return (layer,)
