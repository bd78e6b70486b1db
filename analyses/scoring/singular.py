"""The singular of English nouns as CHAIR's official script has it, its mistakes included."""

from functools import lru_cache

_KNOWN = (
    ("children", "child"),
    ("men", "man"),
    ("people", "person"),
    ("geese", "goose"),
    ("mice", "mouse"),
    ("oxen", "ox"),
    ("kine", "cow"),
    ("calves", "calf"),
    ("knives", "knife"),
    ("scissors", "scissors"),
    ("doggies", "doggies"),
    ("collies", "collies"),
)
_REGULAR = (
    *(("buses", "bus"), ("xes", "x"), ("ches", "ch"), ("sses", "ss"), ("shes", "sh")),
    *(("oes", "o"), ("ae", "a"), ("s", "")),
)


@lru_cache(1 << 16)
def singular(word: str) -> str:
    """The singular of a word in lower case, for the words of COCO's classes the same as the official script's.

    The script takes it from a package for English inflection (`pattern.en.singularize`), which knows no part of speech:
    every final s goes, so that "bus" becomes "bu" (and is never found; "buses" is), "glass" "glas" and "is" "i"; "ties"
    becomes "ty", "canoes" "cano", and "doggies" and "collies" stay. What the package does to words that end in no word
    of COCO's classes is left out. Source: Rohrbach et al. 2018, which names pattern 3.6.

    >>> [singular(word) for word in ("dogs", "women", "benches", "ponies", "knives", "scissors", "mice", "buses")]
    ['dog', 'woman', 'bench', 'pony', 'knife', 'scissors', 'mouse', 'bus']
    >>> [singular(word) for word in ("bus", "ties", "canoes", "glass")]
    ['bu', 'ty', 'cano', 'glas']
    """
    for plural, one in _KNOWN:
        if word.endswith(plural):
            return word.removesuffix(plural) + one
    if word.endswith("ies") and word[-4:-3] not in {"", *"aeiouy"}:
        return word.removesuffix("ies") + "y"
    for ending, instead in _REGULAR:
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    return word
