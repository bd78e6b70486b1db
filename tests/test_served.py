"""Runs of a served model against a server that misbehaves: nothing is lost, asked twice once noted, or leaked."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import misbehaving_server
import numpy as np
import object_server
import picture_set
import pytest
from click.testing import CliRunner
from misbehaving_server import Script, choice, number_of, serving

import probe
import stores
from probe import prompts
from probe.cli import main
from probe.errors import ModelMismatch, PlanError
from probe.perturbations.suites import parse
from probe.readers.served import server
from stores import ledger

pytest.importorskip("openai")

KEY = "sk-this-must-not-be-seen-0123456789"
PERTURB = ("low_light:1", "low_light:2", "white", "mean_grey")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PAUSE", 0.01)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def small(tmp_path: Path) -> str:
    return str(picture_set.write(tmp_path / "set", images=3))


def extract(dataset: str, path: Path | str, url: str, *, model: str = "api:oracle", **settings: Any) -> stores.Run:
    execution = probe.Execution(endpoint=url, requests=settings.pop("requests", 8), request_timeout=2)
    return probe.extract(model, dataset, out=path, execution=execution, **{"perturb": ("white",), **settings})


def written(path: Path) -> bytes:
    """Every byte of a run, with the names of its files."""
    return b"".join(str(file).encode() + file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file())


def own_samples(images: int) -> list[dict[str, Any]]:
    """Two samples an image, each with words of its own, so that no two requests are alike."""
    made: list[dict[str, Any]] = []
    for k in range(images):
        image = {"image": f"{k:03d}.png"}
        made.append({**image, "id": f"m{k}", "question": f"What is in {k}?", "options": ["a cat", "a dog", "a bus"]})
        made.append({**image, "id": f"y{k}", "question": f"Is there a bus in {k}?", "options": ["yes", "no"]})
    return made


def computed(run: stores.Run, dataset: str) -> np.ndarray:
    """(sample, condition) what the oracle chooses, computed from the pictures without a server."""
    import PIL.Image

    from probe.datasets.registry import open_dataset
    from probe.perturbations.catalogue import apply

    samples = {sample.id: sample for sample in open_dataset(dataset).dataset.samples}
    conditions = parse(PERTURB)
    made = np.empty((run.samples.sizes["sample"], len(conditions)), int)
    for row, name in enumerate(run.samples.sample.values.tolist()):
        sample = samples[name]
        pixels = np.asarray(PIL.Image.open(Path(dataset).parent / sample.image_id))
        for column, condition in enumerate(conditions):
            shown = apply(condition, pixels, image_id=sample.image_id, seed=0)
            made[row, column] = number_of([shown], prompts.render(sample)) % len(sample.options)
    return made


def test_a_thousand_requests_with_a_fifth_of_faults_survive_a_kill_and_lose_and_repeat_nothing(tmp_path: Path) -> None:
    dataset = str(picture_set.write(tmp_path / "set", images=100, size=(24, 24), samples=own_samples(100)))
    script = Script(share=0.2, seed=7, pause=0.05, slow=0.05)
    out = tmp_path / "run"
    with serving(script) as (url, counted):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENAI_API_KEY": KEY}
        command = [sys.executable, str(Path(__file__).with_name("served_run.py")), url, dataset, str(out)]
        with (tmp_path / "log").open("wb") as log:
            child = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            while sum(counted.answered.values()) < 450 and child.poll() is None:
                time.sleep(0.002)
            child.send_signal(signal.SIGKILL)
            assert child.wait() == -signal.SIGKILL, (tmp_path / "log").read_text()
        committed = sum(2 * len(range(100)[slice(u.block * 32, u.block * 32 + 32)]) for u in ledger.done(out))
        done = {unit.name for unit in ledger.done(out)}  # one that was just committed may still have its notes
        notes = [file for file in (out / "_ledger/answers").glob("*.jsonl") if file.stem not in done]
        noted = sum(len(file.read_bytes().splitlines()) for file in notes)
        assert 0 < noted + committed < 1000
        before = Counter(counted.answered)
        counted.answered.clear()
        run = extract(dataset, out, url, perturb=PERTURB, requests=16)
    assert run.complete
    assert run.failed == {}
    np.testing.assert_array_equal(run.answers.choice.values, computed(run, dataset))
    after = set(counted.answered)
    hello = {name for name in after if counted.asked[name] >= 2 and before[name]}
    assert len(set(before) | after) == 1000 + 1  # the greeting is one more
    assert len(after) == 1000 - committed - noted + 1  # what was noted is asked no more
    assert max(counted.answered.values()) == 1
    assert len(hello) <= 16 + 1  # under way when it was killed
    assert sum(counted.faults.values()) >= 150
    assert set(counted.faults) - {""} == set(misbehaving_server.FAULTS)
    assert counted.most_at_once <= 16
    assert not (out / "_ledger/answers").exists()
    assert stores.verify(out) == []
    assert KEY.encode() not in written(tmp_path)


def start(dataset: str, out: Path, url: str) -> "subprocess.Popen[bytes]":
    """A process that joins an extraction of a run."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENAI_API_KEY": KEY}
    script = Path(__file__).with_name("served_run.py")
    return subprocess.Popen([sys.executable, str(script), url, dataset, str(out), "join"], env=environment)


def test_two_processes_ask_for_one_run_and_no_question_twice_even_after_one_was_killed(tmp_path: Path) -> None:
    dataset = str(picture_set.write(tmp_path / "set", images=70, size=(24, 24), samples=own_samples(70)))
    out = tmp_path / "run"
    with serving(Script(share=0.1, seed=5, pause=0.05, slow=0.05)) as (url, counted):
        both = [start(dataset, out, url) for _ in range(2)]
        while sum(counted.answered.values()) < 200 and all(each.poll() is None for each in both):
            time.sleep(0.002)
        both[0].kill()
        assert [each.wait() for each in both] == [-signal.SIGKILL, 0]
        assert start(dataset, out, url).wait() == 0
    run = stores.open_run(out)
    assert run.complete
    assert run.failed == {}
    np.testing.assert_array_equal(run.answers.choice.values, computed(run, dataset))
    again = sorted(count for count in counted.answered.values() if count > 1)
    assert len(counted.answered) == 700 + 1
    assert again[-1] >= 2  # the greeting, once for each process
    assert len(again) <= 16 + 1  # and what was under way when one was killed
    assert not (out / "_ledger/answers").exists()
    assert stores.verify(out) == []


def test_answers_for_a_run_in_an_object_store_are_noted_there_and_not_asked_again(
    bucket: str, small: str, tmp_path: Path
) -> None:
    script, path = Script(), f"{bucket}/{tmp_path.name}/served"
    asked = 0

    def answering(pictures: Any, text: str, body: dict[str, Any]) -> dict[str, Any]:
        nonlocal asked
        asked += 1
        script.model = "another" if asked == 6 else "oracle-1"
        return misbehaving_server.oracle(pictures, text, body)

    with serving(script, answering) as (url, counted):
        with pytest.raises(PlanError, match="another model now"):
            extract(small, path, url, requests=1, perturb=("white", "mean_grey"))
        noted = len(object_server.objects(f"{tmp_path.name}/served/_ledger/answers"))
        assert noted >= 3
        before = sum(counted.answered.values())
        run = extract(small, path, url, requests=1, perturb=("white", "mean_grey"))
        assert sum(counted.answered.values()) - before == 18 - noted + 1
    assert run.complete
    assert object_server.objects(f"{tmp_path.name}/served/_ledger/answers") == {}


@pytest.mark.parametrize("says_limit", [True, False])
def test_requests_slow_down_before_a_limit_that_the_server_names_is_reached(
    small: str, tmp_path: Path, says_limit: bool
) -> None:
    script = Script(limit=6, window=0.8, says_limit=says_limit)
    with serving(script) as (url, counted):
        run = extract(small, tmp_path / "run", url, requests=3, perturb=("white", "mean_grey"))
    assert run.failed == {}
    assert sum(counted.answered.values()) == 18 + 1
    # none on an idle machine, and some forty without: a request that is held up may meet a limit that it was told of
    assert counted.faults["429"] <= 4 if says_limit else counted.faults["429"] >= 8


def test_everybody_waits_as_long_as_a_server_with_too_many_requests_asks(small: str, tmp_path: Path) -> None:
    script = Script(share=0.3, seed=3, faults=("429",), pause=0.3)
    with serving(script) as (url, counted):
        run = extract(small, tmp_path / "run", url, requests=1)
    assert run.failed == {}
    assert counted.faults["429"] >= 3
    assert counted.early == 0


@pytest.mark.parametrize("fault", misbehaving_server.FAULTS)
def test_each_fault_is_asked_again_until_there_is_an_answer(fault: str, small: str, tmp_path: Path) -> None:
    script = Script(share=0.4, seed=1, faults=(fault,), pause=0.01, slow=0.02)
    with serving(script) as (url, counted):
        run = extract(small, tmp_path / "run", url)
    assert counted.faults[fault] > 0
    assert run.failed == {}
    assert int((run.answers.choice >= 0).sum()) == 12


def test_a_request_that_takes_too_long_is_asked_again(small: str, tmp_path: Path) -> None:
    script = Script(share=0.2, seed=1, faults=("slow",), slow=5.0)
    with serving(script) as (url, counted):
        execution = probe.Execution(endpoint=url, request_timeout=1)
        run = probe.extract("api:oracle", small, out=tmp_path / "run", perturb=("white",), execution=execution)
    assert counted.faults["slow"] > 0
    assert run.failed == {}


def test_a_question_that_alone_breaks_the_server_fails_alone(small: str, tmp_path: Path) -> None:
    with serving(Script(always={"picture 1?": (500, "out of memory")})) as (url, _):
        run = extract(small, tmp_path / "run", url)
    assert run.failed == {"mcq-1": "the server said 500, 'out of memory', 8 times"}
    assert int((run.answers.choice.sel(sample="mcq-1") >= 0).sum()) == 0
    assert int((run.answers.choice >= 0).sum()) == 10


def test_a_server_that_is_gone_stops_the_run_and_the_same_command_goes_on(small: str, tmp_path: Path) -> None:
    out = tmp_path / "run"

    def going(pictures: list[np.ndarray], text: str, body: dict[str, Any]) -> dict[str, Any]:
        if sum(counted.answered.values()) == 5:
            script.always[""] = (503, "shutting down")
        return misbehaving_server.oracle(pictures, text, body)

    script = Script()
    with serving(script, going) as (url, counted):
        with pytest.raises(PlanError, match=r"(?s)the server gives no answer: .*503.*Answers that came are kept"):
            extract(small, out, url, requests=1)
        answered = sum(counted.answered.values())
        script.always.clear()
        assert extract(small, out, url, requests=1).failed == {}
        assert sum(counted.answered.values()) == answered + (12 - (answered - 1)) + 1  # greetings are not noted


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "does not accept the key. Put the right one into the environment variable OPENAI_API_KEY"),
        (403, "does not allow this key"),
        (404, "has no such model"),
    ],
)
def test_what_every_request_would_get_stops_at_once_and_shows_no_key(
    status: int, message: str, small: str, tmp_path: Path
) -> None:
    with (
        serving(Script(always={"": (status, f"Bearer {KEY} is wrong")})) as (url, counted),
        pytest.raises(PlanError, match=re.escape(message)) as caught,
    ):
        extract(small, tmp_path / "run", url)
    assert sum(counted.asked.values()) == 1
    assert KEY not in repr(caught.getrepr(showlocals=True))
    assert "(key) is wrong" in str(caught.value)


def test_the_key_is_sent_and_stands_in_no_file_even_where_the_server_says_it_back(small: str, tmp_path: Path) -> None:
    def parrot(pictures: Any, text: str, body: Any) -> dict[str, Any]:
        return choice(f"yes, {KEY}")

    with serving(Script(always={"picture 0": (400, f"no picture for {KEY}")}), parrot) as (url, counted):
        run = extract(small, tmp_path / "run", url)
    assert counted.keys == {f"Bearer {KEY}"}
    assert "(key)" in run.failed["mcq-0"]
    assert KEY.encode() not in written(tmp_path)


def test_another_model_behind_the_address_is_refused_before_and_while_it_answers(small: str, tmp_path: Path) -> None:
    script, out = Script(), tmp_path / "run"

    def changing(pictures: Any, text: str, body: Any) -> dict[str, Any]:
        if sum(counted.answered.values()) > 4:
            script.model = "oracle-2"
        return misbehaving_server.oracle(pictures, text, body)

    with serving(script, changing) as (url, counted):
        with pytest.raises(PlanError, match="answered as 'oracle-2' after 'oracle-1': it is another model now"):
            extract(small, out, url, requests=1)
        with pytest.raises(ModelMismatch, match=r'served\.model: the run has "oracle-1", now "oracle-2"'):
            extract(small, out, url, requests=1)
    with serving() as (url, counted):  # another address of the same model is none
        assert extract(small, out, url).complete


def test_a_server_is_asked_with_what_it_takes(small: str, tmp_path: Path) -> None:
    refuses = {
        "max_tokens": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
        "temperature": "'temperature' must be 1",
        "logprobs": "logprobs are not supported",
    }
    with serving(Script(refuses=refuses)) as (url, counted):
        run = extract(small, tmp_path / "run", url)
    assert run.failed == {}
    sent = counted.bodies[-1]
    assert "max_completion_tokens" in sent
    assert not {"max_tokens", "temperature", "logprobs", "top_logprobs"} & set(sent)
    assert run.provenance["model"]["served"]["log_probabilities"] is False
    assert np.isnan(run.answers.log_likelihood.values).all()
    assert int((run.answers.choice >= 0).sum()) == 12  # told by the texts


def test_pictures_arrive_as_they_were_made_in_order_before_the_text(tmp_path: Path) -> None:
    samples = [
        {"images": ["000.png", "001.png"], "id": "two", "question": "Which is larger?", "options": ["first", "second"]}
    ]
    dataset = str(picture_set.write(tmp_path / "set", images=2, samples=samples))
    seen: dict[int, list[np.ndarray]] = {}

    def looking(pictures: list[np.ndarray], text: str, body: dict[str, Any]) -> dict[str, Any]:
        if isinstance(body["messages"][0]["content"], list):
            assert [part["type"] for part in body["messages"][0]["content"]] == ["image_url", "image_url", "text"]
        seen[len(seen)] = pictures
        return choice("A")

    with serving(answering=looking) as (url, _):
        run = extract(dataset, tmp_path / "run", url, perturb=("gaussian_noise:3", "no_image"), requests=1)
    import PIL.Image

    from probe.perturbations.catalogue import apply

    noise = parse(["gaussian_noise:3"])[1]
    files = [np.asarray(PIL.Image.open(tmp_path / "set" / f"00{k}.png")) for k in range(2)]
    expected = [apply(noise, pixels, image_id=f"00{k}.png", seed=0) for k, pixels in enumerate(files)]
    greeting, clean, noisy, alone = (seen[k] for k in range(4))
    assert greeting == alone == []
    np.testing.assert_array_equal(clean, files)
    np.testing.assert_array_equal(noisy, expected)
    assert run.answers.choice.values.tolist() == [[0, 0, 0]]


def test_a_dry_run_says_requests_and_bytes_and_asks_nothing(small: str, tmp_path: Path) -> None:
    with serving() as (url, counted):
        asked = [
            "extract",
            "api:oracle",
            small,
            "-o",
            str(tmp_path / "run"),
            "--endpoint",
            url,
            "-p",
            "white",
            "--dry-run",
        ]
        said = CliRunner(env={"COLUMNS": "200"}).invoke(main, asked).output
    assert "at most 12, 8 at a time, and one to begin with" in said
    assert re.search(r"pictures sent +│ 12 ", said)
    assert re.search(r"about [\d.]+ kB, as 3 images take", said)
    assert not counted.asked


def test_the_end_of_the_command_counts_how_answers_were_told(small: str, tmp_path: Path) -> None:
    def mixed(pictures: Any, text: str, body: Any) -> dict[str, Any]:
        if "picture 0" in text:
            return choice("The answer is (B).")
        return choice("Hard to say.") if "picture 1" in text else misbehaving_server.oracle(pictures, text, body)

    with serving(answering=mixed) as (url, _):
        asked = ["extract", "api:oracle", small, "-o", str(tmp_path / "run"), "-p", "white", "--endpoint", url]
        first, again = (CliRunner(env={"COLUMNS": "200"}).invoke(main, asked) for _ in range(2))
    told = "Of 12 answers among options 8 are scored by log-probabilities, 2 are read from their texts, 2 could not be"
    assert told in first.output
    assert told in again.output
    assert "mcq-1: the answer names no option beyond doubt: 'Hard to say.'" in first.output
    assert first.exit_code == again.exit_code == 1


def test_a_served_model_that_is_stopped_keeps_what_it_has_and_says_so(small: str, tmp_path: Path) -> None:
    def slow(pictures: Any, text: str, body: Any) -> dict[str, Any]:
        time.sleep(0.05 if sum(counted.answered.values()) < 6 else 1.5)
        return misbehaving_server.oracle(pictures, text, body)

    out, environment = tmp_path / "run", {**os.environ, "OPENAI_API_KEY": KEY}
    with serving(answering=slow) as (url, counted):
        command = [sys.executable, "-m", "probe", "extract", "api:oracle", small, "-o", str(out), "-p", "white"]
        command += ["--endpoint", url, "--requests", "1"]
        child = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)
        while sum(counted.answered.values()) < 6 and child.poll() is None:
            time.sleep(0.01)
        time.sleep(0.2)
        child.send_signal(signal.SIGTERM)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 128 + signal.SIGTERM
    assert re.fullmatch(r"Interrupted: \d of 2 units are safe in .*\n", said.decode())
    noted = sum(len(file.read_bytes().splitlines()) for file in (out / "_ledger/answers").glob("*.jsonl"))
    assert noted == 5  # beside the greeting
    assert stores.verify(out) == []


def test_a_served_model_can_be_asked_where_another_loop_runs(small: str, tmp_path: Path) -> None:
    async def in_a_notebook(url: str) -> stores.Run:
        return extract(small, tmp_path / "run", url)

    before = threading.active_count()
    with serving() as (url, _):
        assert asyncio.run(in_a_notebook(url)).failed == {}
    assert threading.active_count() == before
