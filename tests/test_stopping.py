"""A command that is stopped says so in one line, leaves a run that goes on, and no process behind."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from probe import stopping
from probe.cli import main

EXTRACT = ("extract", "pocket-vlm", "streets", "-n", "1", "-p", "white", "--keep", "answers", "--device", "cpu", "-o")
AT_ONCE_S = 5.0


def python(script: str) -> subprocess.CompletedProcess[str]:
    usual = "signal.signal(signal.SIGINT, signal.default_int_handler); signal.signal(signal.SIGHUP, signal.SIG_DFL)"
    ready = f"import os, signal, sys, time; {usual}; {script}"  # as a shell starts it, also under nohup
    return subprocess.run([sys.executable, "-c", ready], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("place", "command"),
    [
        ("probe.runs.prepare", (*EXTRACT, "run")),
        ("probe.runs.run_plan", (*EXTRACT, "run")),
        ("hooks.load", (*EXTRACT, "run")),
        ("probe.analyze.of_run", ("analyze", "run")),
        ("probe.comparison.command.compare", ("compare", "run", "other")),
        ("probe.preview.open_subject", ("preview", "streets", "-o", "sheet.png")),
        ("probe.citations.bibliography", ("cite", "run")),
    ],
)
def test_control_c_is_130_wherever_it_comes(
    place: str, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(place, stop, raising=False)
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 130
    (line,) = result.stderr.splitlines()
    assert line.startswith("Interrupted")


def test_what_a_library_makes_of_control_c_is_130_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        stopping._received.append(signal.SIGINT)
        raise ImportError("initialization of a module failed")

    monkeypatch.setattr(stopping, "_received", [])
    monkeypatch.setattr("probe.listing.rows", stop)
    result = CliRunner().invoke(main, ["list", "models"])
    assert (result.exit_code, result.stderr) == (130, "Interrupted.\n")


def test_control_c_while_the_command_loads_is_one_line() -> None:
    done = python(
        "sys.meta_path.insert(0, type('Stop', (), {'find_spec': lambda self, name, *more:"
        " os.kill(os.getpid(), signal.SIGINT) if name == 'probe.cli' else None})());"
        "from probe.__main__ import main; main()"
    )
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_second_signal_ends_a_clean_up_that_hangs(name: str, code: int) -> None:
    stop = f"os.kill(os.getpid(), signal.{name})"
    clean_up = f"exec('try:\\n {stop}\\nfinally:\\n {stop}\\n time.sleep(60)')"
    done = python(f"from probe import stopping; stopping.listen(); {clean_up}")
    assert (done.returncode, done.stderr) == (code, f"{stopping.AT_ONCE}\n")


def test_a_signal_that_the_shell_ignores_stays_ignored() -> None:
    stop = "signal.signal(signal.SIGHUP, signal.SIG_IGN); stopping.listen(); os.kill(os.getpid(), signal.SIGHUP)"
    done = python(f"from probe import stopping; {stop}; print('goes on')")
    assert (done.returncode, done.stdout) == (0, "goes on\n")


@pytest.mark.slow
def test_sigterm_ends_all_workers_at_once_and_the_run_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    extract = ["extract", "pocket-vlm", "streets", "-n", "3", "-b", "2", "-p", "driving", "--keep", "answers"]
    command = [sys.executable, "-m", "probe", *extract, "--device", "cpu", "--workers", "2", "-o", str(out)]
    with closing(socket.socket()) as taken:
        with suppress(OSError):  # where dask would like to listen; another test may be there
            taken.bind(("", 8787))
        taken.listen()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 200
        while not list((out / "_ledger" / "done").glob("*.json")) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.05)
        workers = psutil.Process(process.pid).children(recursive=True)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert len(workers) >= 2
    assert process.returncode == 143
    assert time.monotonic() - began < AT_ONCE_S
    (line,) = said.splitlines()  # nothing of ports and of semaphores
    assert "units are safe in" in line
    assert "Run the same command again to go on." in line
    gone, alive = psutil.wait_procs(workers, timeout=AT_ONCE_S)
    assert (len(gone), alive) == (len(workers), [])
    assert list((out / "_ledger" / "done").glob("*.json"))
    alone = [*command[3 : command.index("--workers")], "-o", str(out)]
    assert CliRunner().invoke(main, alone).exit_code == 0
