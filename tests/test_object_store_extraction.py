"""`probe` with a run in an object store: the same run as in a folder, killed, joined, analysed and reported."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import object_server as server
import pytest
from click.testing import CliRunner
from object_server import objects

import probe
from probe.cli import main
from stores import ledger, sealed
from stores.record import FOLDER

COMMAND = ("extract", "pocket-vlm", "streets", "-p", "white", "--device", "cpu")
SMALL = ("-n", "3", "-s", "language.layers[-1]:context_last", "--keep-thumbnails")
ANALYSES = ("drift", "flips", "margins")
TWO_BLOCKS = ("-n", "34", "--keep", "answers")
VARIES = {f"{FOLDER}/plan.json", "zarr.json"}
"""Files that say when and by which command a run was made."""


def run(*arguments: str | Path) -> str:
    """What a command of ours prints."""
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def local(path: Path) -> dict[str, bytes]:
    """Every file of a run in a folder."""
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def numbers(files: dict[str, bytes]) -> dict[str, object]:
    """Files of a run without what says when they were made; of markers the files that they list."""
    kept = {name: data for name, data in files.items() if name not in VARIES}
    return {name: sealed.unseal(data)["files"] if "/done/" in name else data for name, data in kept.items()}


def found(path: str | Path) -> object:
    """What `probe analyze` finds, without where the run is."""
    return json.loads(run("analyze", path, *ANALYSES, "--json").replace(str(path), ""))


def made(bucket: str, folder: Path) -> tuple[str, Path]:
    """A run in the object store, below the name of the folder, and the same in the folder."""
    there, here = f"{bucket}/{folder.name}/one", folder / "one"
    for path in (there, here):
        said = run(*COMMAND, *SMALL, "-o", path).replace("\n", " ")
        assert f"The run is in {path}. Next: probe analyze {path}" in said
    return there, here


def no_secret_in(*texts: bytes) -> bool:
    """Whether the keys of the store are in none of these."""
    return not any(secret.encode() in text for secret in (server.SECRET, server.KEY) for text in texts)


def test_a_run_in_an_object_store_has_the_bytes_and_the_findings_of_one_in_a_folder(
    bucket: str, tmp_path: Path
) -> None:
    there, here = made(bucket, tmp_path)
    in_store = objects(f"{tmp_path.name}/one")
    assert in_store.keys() == local(here).keys()
    assert numbers(in_store) == numbers(local(here))
    assert no_secret_in(*in_store.values())
    assert run(*COMMAND, *SMALL, "-o", there) == f"{there} is finished: nothing to do.\n"
    assert "Every committed file has the size and checksum" in run("info", there, "--verify")
    assert found(there) == found(here)
    one, other = probe.open_run(there), probe.open_run(here)
    assert one.results == other.results == ("drift", "flips", "margins")
    assert all(one.result(name).drop_attrs().equals(other.result(name).drop_attrs()) for name in one.results)


@pytest.mark.slow
def test_a_log_is_imported_into_an_object_store(bucket: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = [
        {"sample": f"s{k}", "condition": name, "choice": "AB"[k % 2]} for k in range(3) for name in ("clean", "fog:1")
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    there, here = f"{bucket}/{tmp_path.name}/log", tmp_path / "log"
    for path in (there, here):
        run("import", log, "-o", path, "--join")
    assert numbers(objects(f"{tmp_path.name}/log")) == numbers(local(here))
    assert run("import", log, "-o", there) == f"{there} is finished: nothing to do.\n"


def test_reports_and_comparisons_of_runs_in_an_object_store_are_those_of_runs_in_folders(
    bucket: str, tmp_path: Path
) -> None:
    there, here = made(bucket, tmp_path)
    said, pages = list[str](), list[str]()
    for path, page in ((there, tmp_path / "there.html"), (here, tmp_path / "here.html")):
        said.append(run("report", path, "-o", page))
        pages.append(page.read_text("utf-8"))
    assert body(pages[0]) == body(pages[1])
    said.append(run("compare", there, here, "-o", f"{bucket}/{tmp_path.name}/compared"))
    assert f"The comparison is in {bucket}/{tmp_path.name}/compared." in said[-1].replace("\n", " ")
    assert "compared" in run("info", f"{bucket}/{tmp_path.name}/compared")
    assert no_secret_in("".join([*said, *pages]).encode(), *objects(tmp_path.name).values())


def body(page: str) -> list[str]:
    """The texts of a page without those of where and when its run was made."""
    return re.findall(
        r"<(?:h[123]|p|td)[^>]*>([^<]*)<", re.sub(r"20\d\d-\d\d-\d\dT[\d:+]+|\S*/one\b|\S+\.html", "", page)
    )


def started(path: str, url: str, *more: str) -> "subprocess.Popen[str]":
    """The command in a process of its own."""
    environment = {**os.environ, **server.environment(url), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "probe", *COMMAND, *TWO_BLOCKS, "-o", path, *more]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.slow
def test_an_extraction_killed_at_a_put_is_finished_by_two_that_join(
    bucket: str, object_server: str, tmp_path: Path
) -> None:
    path = f"{bucket}/killed-extraction"
    for place in (r"samples/kind/c\.0", r"answers/text/c\.0\.1"):
        kill_at(place, path, object_server)
    assert len(ledger.done(path)) == 1
    with started(path, object_server, "--join") as other:
        run(*COMMAND, *TWO_BLOCKS, "-o", path, "--join")
        output, _ = other.communicate(timeout=120)
    assert other.returncode == 0, output
    run(*COMMAND, *TWO_BLOCKS, "-o", tmp_path / "run")
    run(*COMMAND, *TWO_BLOCKS, "-o", f"{bucket}/workers", "--workers", "2")
    assert numbers(objects("killed-extraction")) == numbers(local(tmp_path / "run"))
    assert numbers(objects("workers")) == numbers(local(tmp_path / "run"))


def kill_at(place: str, path: str, url: str) -> None:
    """Start the command and kill it while a put is under way."""
    reached = threading.Event()

    def fault(method: str, name: str) -> str:
        if method == "PUT" and re.search(place, name):
            reached.set()
            return "hang"
        return ""

    with server.wire(url) as between:
        between.fault = fault
        with started(path, between.url) as process:
            assert reached.wait(100)
            process.send_signal(signal.SIGKILL)
