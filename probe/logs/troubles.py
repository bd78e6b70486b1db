"""What of logs could not be used: counted by sort, with the first few of each, however many there are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..foreign_text import line

FIRST = 3
"""Of each sort, how many are shown."""

LONGEST = 300
"""Characters of one."""


@dataclass
class Troubles:
    """Lines that were not used, by the sort of trouble in words that follow a number of lines."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    examples: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, sort: str, where: str, why: str) -> None:
        """One more, with where it stands and why."""
        self.counts[sort] = self.counts.get(sort, 0) + 1
        shown = self.examples.setdefault(sort, [])
        if len(shown) < FIRST:
            shown.append(line(f"{where}: {why}", longest=LONGEST))

    def lines(self) -> Iterator[str]:
        """Each sort with its number, then the first of it.

        >>> troubles = Troubles()
        >>> troubles.add("without an answer", "a.jsonl line 2", "the text is missing.")
        >>> list(troubles.lines())
        ['1 line without an answer', '  a.jsonl line 2: the text is missing.']
        """
        for sort, count in self.counts.items():
            yield f"{count:,} line{'s' if count > 1 else ''} {sort}"
            yield from (f"  {example}" for example in self.examples[sort])
            if count > FIRST:
                yield f"  … and {count - FIRST:,} more"
