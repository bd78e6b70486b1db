"""What others wrote reaches a terminal, a figure or a page through `terminal`, `foreign_text` and nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path

PROBE = Path(__file__).resolve().parents[1] / "probe"
SOURCES = {path.relative_to(PROBE).as_posix(): path for path in sorted(PROBE.rglob("*.py"))}

PRINTERS = {"terminal.py"}
PROGRAMS = {"pocket/train.py"}
"""Not part of the command."""

RICH = {
    "progress.py": {"Console", "BarColumn", "MofNCompleteColumn", "Progress", "ProgressColumn", "Task", "TextColumn",
                    "TimeRemainingColumn", "Text"},
}  # fmt: skip
"""Who uses what of rich; the others name the type of a console alone."""

CALLS = {"print", "echo", "secho", "echo_via_pager", "rule", "log", "print_json", "from_markup", "markup"}
DRAWING = {"matplotlib.figure", "matplotlib.axes", "matplotlib.pyplot"}
FIGURE_CALLS = {"set_title", "set_xlabel", "set_ylabel", "suptitle", "text", "annotate", "set_xticklabels",
                "set_yticklabels", "set_label", "bar_label", "legend", "supxlabel", "supylabel"}  # fmt: skip


def printing(tree: ast.AST) -> Iterator[str]:
    """Calls that print something without asking `terminal`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        whole = ast.unparse(node.func)
        if name in CALLS and not whole.startswith(("np.", "math.", "torch.")):
            yield f"line {node.lineno}: {whole}"
        if name in ("write", "writelines") and ("stdout" in whole or "stderr" in whole or "console" in whole):
            yield f"line {node.lineno}: {whole}"


def of_rich(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rich":
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "rich")


def bare(argument: ast.expr) -> Iterator[str]:
    """What of a text is neither written in the code nor passed through `label`."""
    match argument:
        case ast.Constant():
            return
        case ast.Call(func=ast.Name(id="label")):
            return
        case ast.JoinedStr():
            for part in argument.values:
                if isinstance(part, ast.FormattedValue):
                    yield from bare(part.value)
        case ast.IfExp():
            yield from (*bare(argument.body), *bare(argument.orelse))
        case ast.Name(id="subject"):  # itself made of labels, two lines above
            return
        case _:
            yield ast.unparse(argument)


def test_nothing_is_printed_but_by_the_terminal() -> None:
    found: list[str] = []
    for name in SOURCES.keys() - PRINTERS - PROGRAMS:
        tree = ast.parse(SOURCES[name].read_text())
        found += [f"{name}, {each}" for each in printing(tree)]
        found += [f"{name} imports {each}" for each in of_rich(tree) if each not in RICH.get(name, {"Console"})]
    assert found == []


def test_every_text_of_a_figure_is_a_label() -> None:
    tree = ast.parse(SOURCES["results/figures.py"].read_text())
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            texts = node.args if node.func.attr in FIGURE_CALLS else []
            named = [each.value for each in node.keywords if each.arg in ("label", "labels", "title")]
            found += [each for text in (*texts, *named) for each in bare(text)]
    assert found == []


def test_figures_are_drawn_in_one_file() -> None:
    drawing = {
        name
        for name, path in SOURCES.items()
        for node in ast.parse(path.read_text()).body  # not where types alone are named
        if isinstance(node, ast.ImportFrom) and node.module in DRAWING
    }
    assert drawing == {"results/figures.py"}


def test_the_page_escapes_everything_that_it_is_filled_with() -> None:
    own = {"html", "_list", "_row", "_legend", "svg", "section", "join"}
    found: list[str] = []
    for node in ast.walk(ast.parse(SOURCES["report/page.py"].read_text())):
        if isinstance(node, ast.FormattedValue):
            parts = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
            for part in parts:
                name = getattr(part, "func", part)
                called = getattr(name, "attr", getattr(name, "id", ""))
                if not isinstance(part, ast.Constant | ast.JoinedStr) and called not in (*own, "numbers", "items"):
                    found.append(ast.unparse(part))
    assert found == []


def test_the_search_finds_the_ways_round() -> None:
    code = "print(x)\nconsole.print(f'{x}')\nclick.echo(x)\nsys.stdout.write(x)\nconsole.file.write(x)\nnp.log(x)"
    assert len(list(printing(ast.parse(code)))) == 5
    assert list(of_rich(ast.parse("from rich.markup import escape\nimport rich"))) == ["escape", "rich"]
    assert list(bare(ast.parse("f'a {label(x)} {y}'", mode="eval").body)) == ["y"]
