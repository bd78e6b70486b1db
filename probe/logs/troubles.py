"""What of logs could not be used: counted by sort, with the first few of each, however many there are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..foreign_text import line

FIRST = 3
"""Of each sort, how many are shown."""

LONGEST_PLACE, LONGEST = 100, 300
"""Characters of where one stands, and of why."""


@dataclass
class Troubles:
    """Lines that were not used, by the sort of trouble in words."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    examples: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, sort: str, where: str, why: str) -> None:
        """One more, with where it stands and why."""
        self.counts[sort] = self.counts.get(sort, 0) + 1
        shown = self.examples.setdefault(sort, [])
        if len(shown) < FIRST:
            shown.append(f"{line(where, longest=LONGEST_PLACE)}: {line(why, longest=LONGEST)}")

    def lines(self) -> Iterator[str]:
        """Each sort with its number, then the first of it.

        >>> troubles = Troubles()
        >>> troubles.add("lines without an answer", "a.jsonl line 2", "the text is missing.")
        >>> list(troubles.lines())
        ['Lines without an answer: 1', '  a.jsonl line 2: the text is missing.']
        """
        for sort, count in self.counts.items():
            yield f"{sort[:1].upper()}{sort[1:]}: {count:,}"
            yield from (f"  {example}" for example in self.examples[sort])
            if count > FIRST:
                yield f"  … and {count - FIRST:,} more"
