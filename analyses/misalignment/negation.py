"""Negation: which of the things that a text names it says are not there.

After a cue such as "no" or "without" a list is denied ("no cars, trucks or other vehicles") up to the first word that
cannot belong to it: a verb, a preposition ("no cars on the road": the road is there), "but", a new clause, or "a",
"the" and numbers after a comma or "and". Before a cue such as "absent" or "not visible" the subject of its clause is
denied. "No doubt", "not only" and the like deny nothing. The idea of cues that act forwards or backwards up to ending
words, and of cues that only look like ones, is that of NegEx (Chapman et al. 2001); the words are ours.

What a warning, "if a", "whether there is" and the like name is not said to be there either.

Limits, by name: *possible* ("there may be a car", "a car could be hidden") and *question* count as affirmed; *general*
("streets usually have traffic lights") and *quoted* ("the sign says that pedestrians must not cross") too, as is what
was there *before* ("there were pedestrians, now there are none");
*bare-and* ("no cars and trees on both sides") denies both; *late-or* ("no people on the pavement or cars on the road")
denies the first alone; *verb-object* ("no vehicles crossing streets") denies the object where no article parts them;
*presupposed* ("neither the buildings nor the trees cast a shadow") denies things that are there;
*part* ("the car headlights are not visible") denies the whole.
"""

from collections.abc import Iterator, Sequence

from .phrases import Kind, Piece, grammar

REACH = 6
"""Words between a cue, or a comma, and the thing that it denies."""

_LOOK = ("see", "notice", "observe", "detect", "identify", "spot", "find", "discern", "make out", "distinguish")
_PERCEIVE = (
    *_LOOK,
    *("show", "contain", "include", "have", "feature", "depict", "display", "capture", "mention", "look like"),
    *("seeing", "showing", "containing", "including", "having", "appear to be", "appear to have", "appear to contain"),
    *("seem to be", "seem to have"),
)
_ADVERBS = ("clearly", "really", "actually", "easily", "readily", "immediately")
_WARN = (
    *("watch for", "watch out for", "watching for", "watching out for", "look out for", "looking out for"),
    *("on the lookout for", "keep an eye out for", "beware of", "be careful of", "be cautious of", "be mindful of"),
    *("be aware of", "be wary of", "be alert for", "be alert to", "in case of"),
)
"""What follows them may come and is not said to be there; with "the" or "these" it is."""

_RELATIVE = ("who", "that", "which")
_VIEW = ("image", "picture", "photo", "scene", "frame", "view", "shot")

WORDS: dict[Kind, tuple[str, ...]] = {
    Kind.DENY: (
        *("no", "without", "neither", "nor", "nor is there", "nor are there", "zero", "0", "no one", "nobody"),
        *("not a", "not an", "not any", "not one", "not a single", "there is not", "there are not", "there were not"),
        *(f"not {verb}" for verb in _PERCEIVE),
        *(f"not {adverb} {verb}" for adverb in _ADVERBS for verb in _LOOK),
        *(
            f"{no} {trace} of"
            for no in ("no", "not any")
            for trace in ("sign", "signs", "trace", "indication", "evidence")
        ),
        *("no visible sign of", "no visible signs of", "no presence of", "no instance of", "no instances of"),
        *("absence of", "lack of", "lacks", "lacking", "free of", "free from", "devoid of", "void of", "empty of"),
        *(f"{no} {trace} that" for no in ("no", "not any") for trace in ("sign", "indication", "evidence")),
        *(f"not {think} there {be}" for think in ("think", "believe") for be in ("is", "are")),
        *(f"{hard} to {verb} any" for hard in ("hard", "difficult", "impossible") for verb in _LOOK),
        *(f"{state} :" for state in ("absent", "missing", "not present", "not visible", "not seen")),
        *("clear of", "missing a", "missing an", "missing any", "rather than", "instead of", "unable to see"),
        *("lack", "nor is", "nor are", "nor do", "nor does", "nor can", "not riding", "hardly a", "hardly any"),
        *("barely a", "barely any", "scarcely a", "scarcely any"),
        *_WARN,
        *(f"{whether} {one}" for whether in ("if", "whether", "in case") for one in ("a", "an", "any")),
        *(
            f"{whether} there {be}"
            for whether in ("if", "whether", "in case")
            for be in ("is", "are", "was", "were", "is a", "is an", "is any", "are any")
        ),
    ),
    Kind.DENIED: (
        *("absent", "missing", "nowhere", "nowhere to be seen", "nowhere in sight", ": none", ", none"),
        *(f": {no} {mark}" for no in ("no", "0", "zero") for mark in (".", ",")),
        *(": false", ": absent", "used to be", "used to stand", "has left .", "have left ."),
        *("is gone", "are gone"),
        *("not visible", "not present", "not seen", "not be seen", "not in sight", "not in view", "not shown"),
        *("not depicted", "not pictured", "not there", "not found", "not be found", "not detected", "not observed"),
        *("not appear", "not exist", "not included", "not evident", "not apparent"),
        *(f"not {place} the {view}" for place in ("in", "visible in", "present in") for view in _VIEW),
    ),
    Kind.ALSO: ("as are", "as is", "as were", "as was"),
    Kind.JOIN: (",", "or", "and", "and or", "such as", "including", "like"),
    Kind.ARTICLE: (
        *("a", "an", "the", "this", "these", "those", "its", "their", "his", "her", "one", "two", "three", "four"),
        *("five", "six", "seven", "eight", "nine", "ten", "several", "some", "many", "multiple", "numerous", "few"),
        *("various", "both", "another", "lots", "plenty", "dozens", "more"),
    ),
    Kind.PREPOSITION: (
        *("on", "in", "at", "near", "by", "along", "across", "behind", "beside", "under", "over", "above", "around"),
        *("from", "to", "with", "through", "between", "among", "into", "onto", "toward", "towards", "against", "off"),
        *("within", "next to", "in front of", "alongside", "past", "down", "up", "during", "for", "of the", "of this"),
    ),
    Kind.POSSESSIVE: ("'s",),
    Kind.VERB: (
        *("is", "are", "was", "were", "be", "been", "am", "can", "could", "will", "would", "may", "might", "must"),
        *("should", "has", "have", "had", "do", "does", "did", "shows", "show", "see", "sees", "contains", "contain"),
        *("features", "feature", "depicts", "depict", "includes", "include", "appear", "appears", "seem", "seems"),
        *("stand", "stands", "line", "lines", "walk", "walks", "drive", "drives", "cross", "crosses", "move", "moves"),
        *("fill", "fills", "occupy", "occupies", "surround", "surrounds", "wait", "waits", "run", "runs", ":"),
    ),
    Kind.STOP: (
        *("but", "however", "although", "though", "yet", "except", "only", "just", "while", "whereas", "because"),
        *("since", "that", "which", "who", "whose", "where", "when", "if", "as", "so", "then", "unless", "instead"),
    ),
    Kind.END: (".",),
    Kind.WORD: (  # they look like cues and deny nothing
        *("no doubt", "without a doubt", "without doubt", "without question", "no longer", "no matter", "no less than"),
        *("no fewer than", "no more than", "no problem", "no shortage of", "no lack of", "no wonder", "no need"),
        *("almost no", "nearly no", "not only", "not just", "not merely", "not simply", "not far", "whether or not"),
        *("if not", "neither of", "no parking", "no entry", "no passing", "no stopping", "missing its", "missing the"),
        *("missing some", "missing part", "not see clearly", "not one but", "not a lot of", "of"),
        *("not a one way", "not a two way"),
        *(f"{warn} {one}" for warn in _WARN for one in ("the", "these", "those", "its", "their")),
    ),
}
"""The cues, and the words between which they act."""

GRAMMAR = grammar(WORDS)


def denied(pieces: Sequence[Piece]) -> set[int]:
    """The places of the names that the text denies.

    >>> from .phrases import Lexicon
    >>> car = Piece(Kind.NAME, "cars", frozenset({"car"}))
    >>> denied(Lexicon({**GRAMMAR, ("cars",): car}).pieces("There are no parked cars, but cars may come."))
    {4}
    """
    places: set[int] = set()
    for place, piece in enumerate(pieces):
        if piece.kind is Kind.DENY:
            places.update(_after(pieces, place))
        elif piece.kind is Kind.DENIED:
            places.update(_before(pieces, place))
        elif piece.kind is Kind.ALSO and _goes_on_denying(pieces, place):
            places.update(_after(pieces, place))
    return places


def _goes_on_denying(pieces: Sequence[Piece], cue: int) -> bool:
    """Whether the sentence denied something before: "cars are absent, as are buses"."""
    for piece in reversed(pieces[:cue]):
        if piece.kind in (Kind.END, Kind.STOP):
            return False
        if piece.kind is Kind.DENIED:
            return True
    return False


def _after(pieces: Sequence[Piece], cue: int) -> Iterator[int]:
    listed = pieces[cue].text.endswith((" a", " an"))  # then every item may have an article
    join, words, named = "", 0, False  # the last comma or "or"; words since then; whether a thing was named since
    for place in range(cue + 1, len(pieces)):
        piece = pieces[place]
        match piece.kind:
            case Kind.NAME if not named and not (join in (",", "and") and _opens_clause(pieces, cue, place)):
                yield place
                named, words = True, 0
            case Kind.ARTICLE if not named and not words and (listed or join not in (",", "and")):
                listed = listed or piece.text in ("a", "an")
            case Kind.JOIN if (named and not words) or (words and (not named or piece.text == "or")):
                join, words, named = piece.text, 0, False
            case Kind.JOIN if join and not named and not words:  # ", or"
                join = piece.text
            case Kind.WORD if words < REACH:
                words += 1
            case _:
                return


def _opens_clause(pieces: Sequence[Piece], cue: int, name: int) -> bool:
    """Whether a listed name is the subject of a new clause: "there are no cars, and people are walking"."""
    if pieces[name + 1].kind is not Kind.VERB:
        return False
    for place in range(cue - 1, -1, -1):
        if pieces[place].kind in (Kind.END, Kind.STOP) or pieces[place].text == ",":
            return False
        if pieces[place].kind is Kind.VERB:
            return True
    return False


def _before(pieces: Sequence[Piece], cue: int) -> set[int]:
    subjects: set[int] = set()
    last: int | None = None  # the last name seen, until it turns out to belong to a preposition
    for place in range(cue - 1, -1, -1):
        piece = pieces[place]
        if piece.text in _RELATIVE and not subjects and last is None and pieces[place - 1].kind is Kind.NAME:
            continue  # "the people who had been there are gone": the subject stands before its clause
        if piece.kind in (Kind.END, Kind.STOP, Kind.DENY, Kind.DENIED):
            break
        if piece.kind is Kind.VERB:
            if subjects or last is not None:
                return subjects  # what follows a verb is its object
            continue
        if piece.kind is Kind.PREPOSITION:
            last = None
        elif piece.kind in (Kind.NAME, Kind.JOIN):
            subjects |= {last} if last is not None else set()
            owns = pieces[place + 1].kind is Kind.POSSESSIVE  # "the car's plate is not visible": the car is
            last = place if piece.kind is Kind.NAME and not owns else None
    return subjects | ({last} if last is not None else set())
