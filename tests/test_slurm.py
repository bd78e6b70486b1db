"""README's cluster from Python, with `sbatch` and `scancel` of our own that run a job's script on this machine."""

import os
import re
import sys
from pathlib import Path

import dask
import picture_set
import pytest
import tiny
from test_cluster import extract, files

README = Path(__file__).parents[1] / "README.md"

SBATCH = """#!/bin/sh
for script; do :; done
cp "$script" "{folder}/submitted"
setsid sh "$script" >> "{folder}/jobs.log" 2>&1 &
echo "Submitted batch job $!"
"""

SCANCEL = """#!/bin/sh
for job; do kill -- "-$job" 2> /dev/null; echo "$job" >> "{folder}/cancelled"; done
"""


def slurm(folder: Path) -> Path:
    """A folder of the two commands that dask-jobqueue calls; what was submitted and cancelled is kept in it."""
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (folder / name).write_text(text.format(folder=folder))
        (folder / name).chmod(0o755)
    return folder


def readme_code(data: Path, out: Path) -> str:
    """What README tells to type, with a model and data that are here, on a processor, by two jobs."""
    (code,) = re.findall(r"```python\n(import probe\nfrom dask_jobqueue .*?)```", README.read_text(), re.S)
    here = {
        '"llava-hf/llava-1.5-7b-hf"': repr(str(tiny.checkpoint("llava"))),
        '"pope@coco-adversarial"': repr(str(data)),
        '"driving"': '"low_light:3"',
        '"bfloat16"': '"float32"',
        '"/shared/runs/llava"': repr(str(out)),
        'device="cuda", batch_size=16': 'device="cpu", batch_size=2',
        "jobs=64": "jobs=2",
    }
    for name, other in here.items():
        assert code.count(name) == 1, name
        code = code.replace(name, other)
    return code


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")  # of distributed's about the ports and memory of this machine
def test_jobs_that_slurm_runs_write_the_same_bytes_as_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, commands = picture_set.write(tmp_path / "set", images=40), slurm(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(os.path.abspath, sys.path)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    here = {"jobqueue.slurm.scheduler-options": {"host": "127.0.0.1"}}  # whatever network this machine has
    with dask.config.set(here):
        exec(readme_code(data, tmp_path / "many"), {})  # README's own lines
    extract(data, tmp_path / "one")
    assert files(tmp_path / "many") == files(tmp_path / "one")
    script = (commands / "submitted").read_text()
    for line in ("#SBATCH -p gpu", "#SBATCH --cpus-per-task=8", "#SBATCH -t 08:00:00", "#SBATCH --gres=gpu:1"):
        assert line in script.splitlines()
    assert "--nthreads 1" in script
    assert len((commands / "cancelled").read_text().split()) == 2  # the jobs end with the cluster
