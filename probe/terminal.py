"""Everything that the command line shows passes through here: texts as they are, no markup, nothing that acts.

`say` prints a message, `table` makes a table, `show` prints one, `write` and `write_json` print what other programs
read. A test finds what goes round them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, JustifyMethod, OverflowMethod, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from . import foreign_text

LONGEST_CELL = 2_000
"""Characters of a cell that are shown."""


class Terminal(Console):
    """A rich console that takes no text for markup, and lets no control character of a text through."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(emoji=False, markup=False, highlight=False, **settings)

    def render_str(
        self,
        text: str,
        *,
        style: str | Style = "",
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,
        **markup: Any,
    ) -> Text:
        """Any text that was not made by `styled`: as it is."""
        return Text(foreign_text.block(text), style=style, justify=justify, overflow=overflow)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is written in the end: whatever it comes from, a text acts on nothing."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(foreign_text.block(segment.text), segment.style)


class SafeTable(Table):
    """A table whose headings and cells are texts as they are."""

    def add_column(self, header: RenderableType = "", *more: Any, **settings: Any) -> None:
        """A column under a heading."""
        super().add_column(_cell(header) or "", *more, **settings)

    def add_row(self, *cells: RenderableType | None, **settings: Any) -> None:
        """A row of texts; `styled` ones keep their style."""
        super().add_row(*map(_cell, cells), **settings)


def table(title: str, *, lines: bool = False, narrow: bool = False, header: bool = True) -> SafeTable:
    """An empty table under a title: with lines around its cells, or one narrow line under its headings."""
    look: dict[str, Any] = {} if lines else {"box": box.SIMPLE_HEAD, "show_edge": False}
    look |= {} if lines else {"padding": (0, 1 if narrow else 2, 0, 0)}
    made = SafeTable(title_justify="left", show_header=header, **look)
    made.title = Text(foreign_text.line(title), style="table.title")
    return made


def styled(text: str, style: str) -> Text:
    """A text in a style, as it is."""
    return Text(foreign_text.block(text), style=style)


def two_lines(text: str, below: str) -> Text:
    """A text with another dim under it, where there is one.

    >>> two_lines("0.5", "0.2…0.7").markup
    '0.5\\n[dim]0.2…0.7[/dim]'
    """
    return Text("\n").join([styled(text, ""), *([styled(below, "dim")] if below else [])])


def say(console: Console, message: str, *, style: str = "", wrap: bool = False, end: str = "\n") -> None:
    """Print a message; without `wrap` the terminal breaks its lines, so that paths in it can be copied."""
    console.print(styled(message, style), soft_wrap=not wrap, end=end)


def show(console: Console, made: SafeTable) -> None:
    """Print a table."""
    console.print(made)


def heading(console: Console, text: str) -> None:
    """Print a line across the terminal that begins with a text."""
    console.rule(Text(foreign_text.line(text), style="bold"), align="left")


def write(console: Console, text: str) -> None:
    """Print lines that other programs can read: neither wrapped nor coloured."""
    console.file.write(foreign_text.block(text) + "\n")


def write_fields(console: Console, fields: Sequence[str], *, longest: int) -> None:
    """Print one line of fields with tabs between them, the last cut to `longest` characters."""
    *others, last = (" ".join(field.split()) for field in fields)
    texts = [*map(foreign_text.line, others), foreign_text.line(last, longest=longest)]
    console.file.write("\t".join(texts) + "\n")


def write_json(console: Console, value: Any) -> None:
    """Print JSON: exact, in ASCII, neither wrapped nor coloured."""
    console.file.write(foreign_text.as_json(value) + "\n")


def _cell(content: RenderableType | None) -> RenderableType | None:
    if not isinstance(content, str):
        return content
    shown = content if len(content) <= LONGEST_CELL else f"{content[:LONGEST_CELL]}… ({len(content):,} characters)"
    return Text(foreign_text.block(shown))
