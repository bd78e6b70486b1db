"""A verb imports what it needs: those that only read a ledger or a list start without any large library."""

import os
import subprocess
import sys
from pathlib import Path

import picture_set
import pytest
from misbehaving_server import serving
from shared_run import Analysed

MODELS = {"torch", "transformers", "nnsight"}
LARGE = {
    *MODELS, "accelerate", "altair", "bitsandbytes", "cv2", "dask", "datasets", "distributed", "huggingface_hub",
    "matplotlib", "numpy", "openai", "pandas", "scipy", "sklearn", "timm", "torchvision", "vl_convert", "xarray",
    "zarr",
}  # fmt: skip

SCRIPT = """
import atexit, sys
atexit.register(lambda: print("IMPORTED", *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr))
from probe.__main__ import main
main()
"""


def imported(*arguments: str, **environment: str) -> set[str]:
    """The packages that a command of ours has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "110", **environment},
    )
    assert "Traceback" not in done.stderr
    return set(done.stderr.split("IMPORTED")[1].split())


@pytest.mark.parametrize(
    "arguments", ["--help", "--version", "extract --help", "report --help", "list models", "list models --json", "lst"]
)
def test_help_a_wrong_command_and_the_list_of_models_need_no_large_library(arguments: str) -> None:
    assert imported(*arguments.split()) & LARGE == set()


@pytest.mark.parametrize("option", ["--json", "--verify"])
def test_a_run_is_described_and_verified_from_its_files_alone(analysed: Analysed, option: str) -> None:
    assert imported("info", str(analysed.path), option) & LARGE == set()


def test_completion_in_a_shell_needs_no_large_library() -> None:
    completed = {"_PROBE_COMPLETE": "bash_complete", "COMP_WORDS": "probe ex", "COMP_CWORD": "1"}
    assert imported(**completed) & LARGE == set()


def test_lists_of_pictures_need_no_library_but_those_of_pictures() -> None:
    assert imported("list", "datasets") & LARGE == {"numpy"}
    for what in ("perturbations", "suites"):
        assert imported("list", what) & LARGE == {"numpy", "cv2"}


@pytest.mark.parametrize("arguments", ["list analyses", "analyze"])
def test_analyses_need_no_model_and_no_chart(analysed: Analysed, arguments: str) -> None:
    run = [str(analysed.path), "flips", "--json"] if arguments == "analyze" else []
    found = imported(*arguments.split(), *run)
    assert "scipy" in found
    assert found & {*MODELS, "altair", "matplotlib", "sklearn", "datasets"} == set()


def test_a_served_model_is_asked_without_the_libraries_of_models(tmp_path: Path) -> None:
    dataset = picture_set.write(tmp_path / "set", images=1)
    with serving() as (url, counted):
        asked = ["extract", "api:oracle", str(dataset), "-o", str(tmp_path / "run"), "--endpoint", url]
        assert imported(*asked, "-p", "white") & MODELS == set()
    assert sum(counted.answered.values()) > 1


def test_a_log_is_imported_without_the_libraries_of_models(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"sample": "a", "text": "red"}\n')
    assert imported("import", str(log), "-o", str(tmp_path / "run")) & MODELS == set()
    assert (tmp_path / "run").exists()


def test_a_kernel_needs_no_labelled_arrays() -> None:
    script = "import sys; from analyses import kernels; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & LARGE == {"numpy"}
