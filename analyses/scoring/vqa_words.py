"""How the VQA evaluations rewrite an answer before they compare it: punctuation, number words, articles, contractions.

VQAv2 and TextVQA share these steps; what each does before and between them stands in `vqav2` and `textvqa`.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
"""The marks that are removed or become spaces. Apostrophe, colon, full stop, ampersand, %, $, # and * are not."""

_COUNTING = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBERS: Mapping[str, str] = MappingProxyType(
    {word: str(number) for number, word in enumerate(_COUNTING)} | {"none": "0"}
)
ARTICLES = frozenset({"a", "an", "the"})

_APOSTROPHES = """
ain't:aint aren't:arent can't:cant could've:couldve couldn't:couldnt couldn't've:couldn'tve,couldnt've didn't:didnt
doesn't:doesnt don't:dont hadn't:hadnt hadn't've:hadnt've,hadn'tve hasn't:hasnt haven't:havent he'd:hed
he'd've:hed've,he'dve he's:hes how'd:howd how'll:howll how's:hows isn't:isnt it'd:itd it'd've:itd've,it'dve it'll:itll
ma'am:maam mightn't:mightnt mightn't've:mightnt've,mightn'tve might've:mightve mustn't:mustnt must've:mustve
needn't:neednt not've:notve o'clock:oclock oughtn't:oughtnt 'ow's'at:ow's'at,'ows'at,'ow'sat shan't:shant
she'd've:shed've,she'dve should've:shouldve shouldn't:shouldnt shouldn't've:shouldnt've,shouldn'tve
somebodyd:somebody'd somebody'd've:somebodyd've,somebody'dve somebody'll:somebodyll somebody's:somebodys
someone'd:someoned someone'd've:someoned've,someone'dve someone'll:someonell someone's:someones
something'd:somethingd something'd've:somethingd've,something'dve something'll:somethingll that's:thats there'd:thered
there'd've:thered've,there'dve there're:therere there's:theres they'd:theyd they'd've:theyd've,they'dve they'll:theyll
they're:theyre they've:theyve 'twas:twas wasn't:wasnt we'd've:wed've,we'dve we've:weve weren't:werent what'll:whatll
what're:whatre what's:whats what've:whatve when's:whens where'd:whered where's:wheres where've:whereve who'd:whod
who'd've:whod've,who'dve who'll:wholl who's:whos who've:whove why'll:whyll why're:whyre why's:whys won't:wont
would've:wouldve wouldn't:wouldnt wouldn't've:wouldnt've,wouldn'tve y'all:yall y'all'll:yall'll,y'allll
y'all'd've:yall'd've,y'alld've,y'all'dve you'd:youd you'd've:youd've,you'dve you'll:youll you're:youre you've:youve
"""

CONTRACTIONS: Mapping[str, str] = MappingProxyType(
    {
        found: written
        for written, _, several in (entry.partition(":") for entry in _APOSTROPHES.split())
        for found in several.split(",")
    }
)
"""The words whose apostrophes are set, and what they become.

As in the official map, "somebody'd" loses its apostrophe, and "hed" has an entry but "shed", "wed" and "ill" have none.
Its entries for "Im", "Ive", "Id've" and "I'dve" are left out: words are in lower case when they are looked up.
"""

_THOUSANDS = r"\d,\d"
_FULL_STOP = r"\.(?!\d)"  # the official pattern also means to look before the stop, and by a slip looks nowhere
_STOPS = 32  # the official code passes a flag where the number of replacements goes, and the flag's value is 32


def without_punctuation(text: str, *, digits: re.RegexFlag) -> str:
    """A text without its punctuation, by the rules of the VQA evaluations.

    A mark of `PUNCTUATION` is removed everywhere if it stands beside a space anywhere in the text; else it becomes a
    space. If the text has a comma between two digits, all marks are removed. Full stops are removed unless a digit
    follows, at most the first 32. `digits` is re.ASCII where only 0-9 are digits, re.UNICODE where those of all scripts
    are. Source: the official evaluation of VQA, `processPunctuation`.

    >>> [without_punctuation(text, digits=re.ASCII) for text in ("black-and-white", "black -and-white")]
    ['black and white', 'black andwhite']
    >>> without_punctuation("1,000-2.5 kg.", digits=re.ASCII)
    '10002.5 kg'
    """
    joined = re.search(_THOUSANDS, text, digits) is not None
    found = text
    for mark in PUNCTUATION:
        if mark in text:
            found = found.replace(mark, "" if joined or f"{mark} " in text or f" {mark}" in text else " ")
    return re.sub(_FULL_STOP, "", found, count=_STOPS, flags=digits) if "." in found else found


def plain_words(text: str) -> str:
    """A text in lower case, number words to ten as digits, without articles, apostrophes set, single spaces.

    "none" is 0. Number words come first, then articles, then contractions. Source: the official evaluation of VQA,
    `processDigitArticle`.

    >>> plain_words("The TWO  dogs dont"), plain_words("None of a kind"), plain_words("An")
    ("2 dogs don't", '0 of kind', '')
    """
    words = (NUMBERS.get(word, word) for word in text.lower().split())
    return " ".join(CONTRACTIONS.get(word, word) for word in words if word not in ARTICLES)


def one_line(text: str) -> str:
    r"""A text with line feeds and tabs as spaces, and nothing around it. Carriage returns inside it stay.

    >>> one_line("\tred\nor\tblue \n")
    'red or blue'
    """
    return text.replace("\n", " ").replace("\t", " ").strip()


def leave_one_out(matches: int, references: int) -> float:
    """The mean of min(1, matches / 3) over all choices of references that leave one out, in [0, 1].

    Of a single reference nothing is left: 1 where it matches, else 0. Raises ValueError for more matches than
    references, and for no reference. Source: the official evaluation of VQA, `evaluate`.

    >>> [round(leave_one_out(matches, 10), 3) for matches in range(5)]   # 3 of 10: (3 * 2/3 + 7 * 1) / 10
    [0.0, 0.3, 0.6, 0.9, 1.0]
    """
    if not 0 <= matches <= references or not references:
        raise ValueError(f"{matches} matches among {references} references: give at least one reference, and no more.")
    if references == 1:
        return float(matches)
    left_out, kept = min(1.0, (matches - 1) / 3), min(1.0, matches / 3)
    return (matches * left_out + (references - matches) * kept) / references
