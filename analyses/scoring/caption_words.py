"""The words of a caption as CHAIR's official script sees them: split as in the Penn Treebank, in the singular.

The script splits sentences and words with nltk 3.2.5 (`word_tokenize`) after putting all in lower case. For the words
of COCO's classes the rules below give the same. Between words there must be a space or a mark that is split off: a word
within "dog/cat", "dog-like", "**dog**", "dog—cat" or "dog.Then" is not seen, as little as there.
"""

import re
from functools import lru_cache
from itertools import chain

from .singular import singular

_LAST_STOP = re.compile(r"(?<=[^.])\.(?=[\])}>\"'»”’ ]*\Z)")
_AFTER_STOP = r"[?!)\";}\]*:@'({\[\s]"
_STOP = re.compile(rf"(?<=[^.])\.(?={_AFTER_STOP})(?!\S*[.?!]{_AFTER_STOP})")
_MARKS = re.compile(r"[;@#$%&?!\[\](){}<>\"«»“”‘’]|--|\.\.\.|``|(?<=\S)''")
_COLON_OR_COMMA = re.compile(r"([:,])([^0-9]|\Z)")
_POSSESSIVE = re.compile(r"([^'])' ")
_CONTRACTED = re.compile(r"([^' ])('(?:s|m|d|ll|re|ve)?|n't) ")


def words(caption: str) -> list[str]:
    """The words and marks of a caption in order, lower case, singular.

    A full stop is a mark of its own before white space, brackets, quotes and some marks; a colon or comma unless a
    digit follows it; an apostrophe, and 's, 'm, 'd, 'll, 're, 've, n't, before a space. Source: Rohrbach et al. 2018.

    >>> words("Two dogs, a man's hat (and 3,000 buses).")
    ['two', 'dog', ',', 'a', 'man', "'", 'hat', '(', 'and', '3,000', 'bus', ')', '.']
    """
    *pieces, last = caption.lower().rstrip().split(" ")
    return [*chain.from_iterable(map(_within, pieces)), *_at_end(last)]


@lru_cache(1 << 16)
def _within(piece: str) -> tuple[str, ...]:
    return (singular(piece),) if piece.isalnum() else _divided(_STOP.sub(" . ", f"{piece} "))


@lru_cache(1 << 12)
def _at_end(piece: str) -> tuple[str, ...]:
    return _divided(_LAST_STOP.sub(" . ", _STOP.sub(" . ", piece)))


def _divided(piece: str) -> tuple[str, ...]:
    text = _MARKS.sub(r" \g<0> ", _COLON_OR_COMMA.sub(r" \1 \2", piece))
    if "'" in text:
        text = _CONTRACTED.sub(r"\1 \2 ", _POSSESSIVE.sub(r"\1 ' ", text) + " ")
    return tuple(map(singular, text.split()))
