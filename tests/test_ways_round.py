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
DRAWING = {"altair", "vl_convert"}
OTHERS = {
    "results/analysis.py",  # the name of a type
    "report/page.py",  # the library for the browser
    "report/plane.py", "report/explorer.py",  # of pairs, not of results: the page's own
}  # fmt: skip


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


def test_nothing_is_printed_but_by_the_terminal() -> None:
    found: list[str] = []
    for name in SOURCES.keys() - PRINTERS - PROGRAMS:
        tree = ast.parse(SOURCES[name].read_text())
        found += [f"{name}, {each}" for each in printing(tree)]
        found += [f"{name} imports {each}" for each in of_rich(tree) if each not in RICH.get(name, {"Console"})]
    assert found == []


def test_charts_are_made_in_one_folder_of_labels() -> None:
    """What is drawn comes from `rows`, whose names `words` makes safe: `test_figures` looks at what comes out."""
    drawing = {
        name
        for name, path in SOURCES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        for each in ([node.module or ""] if isinstance(node, ast.ImportFrom) else _imported(node))
        if each.split(".")[0] in DRAWING
    }
    assert {name for name in drawing if not name.startswith("figures/")} == OTHERS


def _imported(node: ast.AST) -> list[str]:
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


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
