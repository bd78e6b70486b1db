"""The layout says what may know what; these tests keep it true beyond the import contracts."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("probe", "hooks", "analyses", "stores")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


def imports_of(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["analyses", "stores"])
def test_leaves_load_no_model_library(package: str) -> None:
    assert not imports_of(f"import {package}") & {"torch", "transformers", "nnsight"}


@pytest.mark.parametrize("path", sorted((ROOT / "stores").glob("*.py")), ids=lambda path: path.name)
def test_the_store_names_no_analysis(path: Path) -> None:
    text = path.read_text().lower()
    assert [word for word in ("dirichlet", "spectrum", "drift") if word in text] == []


def test_one_file_alone_calls_the_tracing_library() -> None:
    imports = {
        (str(path.relative_to(ROOT)), name)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [])
        + ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
    }
    assert {path for path, name in imports if name and name.split(".")[0] == "nnsight"} == {"hooks/trace.py"}
    tracers = {str(path.relative_to(ROOT)) for path in SOURCES if ".tracer" in path.read_text()}
    assert tracers == {"hooks/trace.py"}


def test_help_and_listing_of_the_command_line_need_no_torch() -> None:
    assert "torch" not in imports_of("import probe, probe.cli, probe.perturbations.suites, probe.datasets.registry")


def test_a_hidden_sibling_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text("")
    done = subprocess.run([sys.executable, "-c", "import probe"], capture_output=True, text=True, cwd=tmp_path)
    assert "hooks" in done.stderr
    assert str(tmp_path) in done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert code_lines(node, text) <= LONGEST_FUNCTION, f"{node.name} is too long: split it"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_public_is_documented(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}: {node.name} has no docstring"


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef, text: str) -> int:
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    documented = len((ast.get_docstring(node, clean=False) or "").splitlines())
    return sum(1 for line in lines if line.strip() and not line.strip().startswith(("#", "@"))) - documented
