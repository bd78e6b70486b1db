"""The layout says what may know what; these tests keep it true beyond the import contracts."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("probe", "hooks", "analyses", "stores")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


def imports_of(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_leaves_load_no_model_library() -> None:
    assert not imports_of("import analyses, stores") & {"torch", "transformers", "nnsight"}


def test_the_store_names_no_analysis() -> None:
    texts = {path.name: path.read_text().lower() for path in (ROOT / "stores").glob("*.py")}
    words = ("dirichlet", "spectrum", "drift")
    assert [(name, word) for name, text in texts.items() for word in words if word in text] == []


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


def test_every_package_offers_the_names_that_it_lists() -> None:
    for package in map(importlib.import_module, PACKAGES):
        for name in package.__all__:
            found = getattr(package, name)
            assert getattr(package, name) is found, f"{package.__name__}.{name} is another thing once it was imported"


def test_a_hidden_sibling_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text("")
    done = subprocess.run([sys.executable, "-c", "import probe"], capture_output=True, text=True, cwd=tmp_path)
    assert "hooks" in done.stderr
    assert str(tmp_path) in done.stderr


def test_files_and_functions_stay_short() -> None:
    long: list[str] = []
    for path in SOURCES:
        text = path.read_text()
        if (lines := len(text.splitlines())) > LONGEST_FILE:
            long.append(f"{path.relative_to(ROOT)} has {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = code_lines(node, text)
                if lines > LONGEST_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {lines} lines of code")
    assert not long, f"split what is longer than {LONGEST_FILE} and {LONGEST_FUNCTION} lines:\n" + "\n".join(long)


def test_everything_public_is_documented() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for path in SOURCES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert not bare, "no docstring:\n" + "\n".join(bare)


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef, text: str) -> int:
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    documented = len((ast.get_docstring(node, clean=False) or "").splitlines())
    return sum(1 for line in lines if line.strip() and not line.strip().startswith(("#", "@"))) - documented
