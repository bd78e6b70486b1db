"""`probe import`: answers that somebody has become a run, on which all works that needs no states."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import log_files as made
import numpy as np
import picture_set
import PIL.Image
import pytest
import shared
from click.testing import CliRunner, Result

import stores
from probe import pocket as checkpoints
from probe.cli import main
from probe.logs import conditions, gathered, planned, sources
from probe.logs.imported import import_logs
from probe.results import Evidence, analyze
from probe.results.result import Result as Found

LEFT_OUT = {"pixel_spectrum"}
"""What rests on the pictures themselves."""


PERTURB = ("-p", "low_light:1,3", "-p", "translation:dx=-8", "-p", "gaussian_noise:3")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def row(sample: str, condition: str, **answer: Any) -> dict[str, Any]:
    asked = {"question": "Which?", "options": ["a bus", "a car", "a dog"], "answer": "a car", "image": f"i{sample[-1]}"}
    return {"sample": sample, "condition": condition} | asked | answer


def results(path: Path, names: Sequence[str] = ()) -> dict[str, Found]:
    return {found.name: found for found in analyze(Evidence(stores.open_run(path)), names)}


def make_pocket(folder: Path) -> None:
    chosen = ("-n", 6, *PERTURB, "--keep", "answers", "--free-answers", "--end-of-turn", "--device", "cpu")
    assert run("extract", "pocket-vlm", "streets", *chosen, "-o", folder / "run").exit_code == 0
    formats = [f"--format={name}" for name in ("parquet", "csv", "jsonl")]
    assert run("export", folder / "run", *formats, "-o", folder).exit_code == 0


@pytest.fixture(scope="module")
def pocket() -> Path:
    """A run of the embedded model, and its answers as files."""
    return shared.folder("pocket-answers", make_pocket)


@pytest.fixture(scope="module")
def extracted(pocket: Path) -> dict[str, Found]:
    """What is found in that run."""
    return results(pocket / "run")


@pytest.mark.parametrize(("ending", "dataset"), [("parquet", "streets"), ("csv", "log")])
def test_a_run_that_is_exported_and_imported_gives_the_same_tables(
    pocket: Path, extracted: dict[str, Found], tmp_path: Path, ending: str, dataset: str
) -> None:
    given = ("--dataset", "streets", "-n", 6) if dataset == "streets" else ()
    result = run("import", pocket / f"answers.{ending}", *given, "--model", "pocket-vlm", "-o", tmp_path / "run")
    assert result.exit_code == 0, result.output
    before, after = extracted, results(tmp_path / "run")
    assert before.keys() - after.keys() == LEFT_OUT
    for name, found in after.items():
        assert found.rows == before[name].rows
        assert found.findings == before[name].findings
    stored = stores.open_run(tmp_path / "run")
    assert stored.conditions.equals(stores.open_run(pocket / "run").conditions)
    assert run("info", tmp_path / "run", "--verify").exit_code == 0


class Script:
    """Any other system: the checkpoint by transformers alone, a file of a picture, a prompt and options."""

    def __init__(self) -> None:
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        self.torch = torch
        self.processor = AutoProcessor.from_pretrained(checkpoints.path("pocket-vlm"))
        self.model = AutoModelForImageTextToText.from_pretrained(checkpoints.path("pocket-vlm"), dtype=torch.float32)

    def scores(self, picture: Path, prompt: str, options: Sequence[str]) -> list[float]:
        """The log-likelihood of each option [nat]."""
        image = PIL.Image.open(picture)
        text = f"USER: <image>\n{prompt}\nASSISTANT:"  # of the chat template, to the letter
        read = self.processor(images=image, text=text, return_tensors="pt")
        found = []
        for option in options:
            tail = self.processor.tokenizer(f" {option}", return_tensors="pt")["input_ids"]
            ids = self.torch.cat([read["input_ids"], tail], 1)
            with self.torch.inference_mode():
                logits = self.model(input_ids=ids, pixel_values=read["pixel_values"]).logits.log_softmax(-1)
            found.append(logits[0, -tail.shape[1] - 1 : -1].gather(1, tail[0][:, None]).sum().item())
        return found


def test_exported_pictures_that_are_answered_and_imported_give_the_flips_of_extract(
    pocket: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    assert run("export", "--pictures", "streets", "-n", 2, *PERTURB, "-o", folder).exit_code == 0
    manifest = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    script = Script()
    asked = [line for line in manifest if line["kind"] == "mcq"]
    for line in asked:
        line["log_likelihoods"] = script.scores(folder / line["pictures"][0], line["prompt"], line["options"])
    given = made.json_lines(tmp_path / "answered.jsonl", asked)
    result = run("import", given, "--dataset", "streets", "-n", 2, "-o", tmp_path / "run")
    assert result.exit_code == 0, result.output
    theirs, ours = Evidence(stores.open_run(tmp_path / "run")), Evidence(stores.open_run(pocket / "run"))
    same = {"sample": theirs.flipped.sample.values}
    assert theirs.flipped.sum() > 0
    np.testing.assert_array_equal(theirs.flipped.values, ours.flipped.sel(same).values)
    np.testing.assert_allclose(theirs.scores.values, ours.scores.sel(same).values, atol=1e-3)


def test_texts_are_read_by_their_benchmarks_rules_in_the_order_of_the_log(tmp_path: Path) -> None:
    dataset = picture_set.write(tmp_path / "set", images=2)
    turned = ["a very long answer", "yes", "a bus"]  # in the dataset: yes, a bus, a very long answer
    rows = [
        {"sample": "mcq-0", "condition": "clean", "text": "B.", "options": turned},
        {"sample": "mcq-0", "condition": "fog:3", "text": "B."},
        {"sample": "mcq-1", "condition": "clean", "text": "I cannot tell"},
        {"sample": "mcq-1", "condition": "fog:3", "choice": "a bus"},
        {"sample": "yes-0", "condition": "clean", "text": "Yes, there is."},
        {"sample": "yes-0", "condition": "fog:3", "choice": "B"},
    ]
    result = run("import", made.json_lines(tmp_path / "log", rows), "--dataset", dataset, "-o", tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert "Texts in which no option can be read" in result.output
    stored = stores.open_run(tmp_path / "run")
    chosen = Evidence(stored).chosen_text
    assert chosen.sel(sample="mcq-0").values.tolist() == ["yes", "a bus"]
    assert chosen.sel(sample="mcq-1").values.tolist() == ["", "a bus"]
    assert chosen.sel(sample="yes-0").values.tolist() == ["yes", "no"]
    assert not stored.answers.log_likelihood.notnull().any(), "no log-likelihood is made up"
    assert stored.failed == {}


def test_what_does_not_match_is_named_and_counted_and_the_rest_imported(tmp_path: Path) -> None:
    dataset = picture_set.write(tmp_path / "set", images=2)
    rows = [{"sample": f"nobody-{k}", "condition": "clean", "choice": "A"} for k in range(500)]
    rows += [
        {"sample": "mcq-0", "condition": "clean", "choice": "A"},
        {"sample": "mcq-0", "condition": "clean", "choice": "B"},
        {"sample": "mcq-0", "condition": "fog:3", "choice": "Z"},
        {"sample": "yes-0", "condition": "clean", "log_likelihoods": [-1, -2, -3]},
        {"sample": "yes-0", "condition": "fog:3", "log_likelihoods": [-1, -2]},
        {"sample": "mcq-1", "condition": "clean", "text": "A", "options": ["x", "y", "z"]},
        {"sample": "\x1b[31m", "condition": "clean", "choice": "A"},
    ]
    path = made.json_lines(tmp_path / "log", rows)
    path.write_text(path.read_text() + '{"sample": "mcq-1", "condi')
    result = run("import", path, "--dataset", dataset, "-o", tmp_path / "run")
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    for part in (
        "Lines of samples that the dataset does not have: 501 log line 1: 'nobody-0' is no sample of it.",
        "… and 498 more",
        "Lines left out beside another answer to the same: 1 log line 502: sample 'mcq-0' has an answer under clean",
        "Lines with a choice that is none of the options: 1 log line 503: sample 'mcq-0': 'Z' is not among yes, a bus",
        "Lines with another number of log-likelihoods than there are options: 1",
        "Lines with other options than the dataset's: 1",
        "Lines that cannot be read: 1 log line 508",
        "Answers missing to samples that are answered under other conditions: 1 sample 'mcq-1': the log has no answer",
    ):
        assert part in said
    assert "\x1b[31m" not in result.output
    assert len(result.output) < 5_000
    stored = stores.open_run(tmp_path / "run")
    assert stored.samples.sample.values.tolist() == ["mcq-0", "yes-0", "mcq-1"]
    assert Evidence(stored).chosen_text.sel(sample="mcq-0").values.tolist() == ["yes", ""]
    assert set(stored.failed) == {"mcq-0", "yes-0", "mcq-1"}


def test_conditions_of_any_name_have_one_that_they_are_compared_with(tmp_path: Path) -> None:
    names = ("384", "resolution:768", "gaussian_noise:9", "low_pass:0.3", "rainy night", "fog:2", "gaussian_noise:3")
    rows = [row(f"s{k}", name, choice="ABC"[(k + n) % 3]) for k in range(6) for n, name in enumerate(names)]
    path = made.json_lines(tmp_path / "log", rows)
    refused = run("import", path, "-o", tmp_path / "run")
    assert refused.exit_code == 2
    assert "no condition of the logs is called 'clean'. There are: 384" in refused.output
    assert not (tmp_path / "run").exists()
    assert run("import", path, "--clean", "384", "-o", tmp_path / "run").exit_code == 0
    stored = stores.open_run(tmp_path / "run").conditions
    told = dict(
        zip(
            stored.condition.values.tolist(),
            zip(stored.family.values, stored.severity.values, strict=True),
            strict=True,
        )
    )
    assert told == {
        "clean": ("clean", -1),
        "resolution:768": ("resolution", 768),
        "gaussian_noise:9": ("gaussian_noise:9", -1),  # ours has no such severity
        "low_pass:0.3": ("low_pass:0.3", -1),
        "rainy night": ("rainy night", -1),
        "fog:2": ("fog", 2),
        "gaussian_noise:3": ("gaussian_noise", 3),
    }
    found = results(tmp_path / "run")
    # sample k chooses k + n: 6 conditions besides clean, of which n = 3 and n = 6 choose as clean does
    assert found["flips"].data.ifr.sel(family="fog", bound="estimate").item() == 1
    assert found["flips"].data.ifr.sel(family="low_pass:0.3", bound="estimate").item() == 0
    assert {"overview", "flips", "corruption"} <= found.keys()
    assert run("report", tmp_path / "run", "-o", tmp_path / "page.html").exit_code == 0
    assert "the run was made from logs, which hold none." in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("how", ["named", "option", "column"])
def test_a_log_says_its_condition_or_is_told(tmp_path: Path, how: str) -> None:
    files = []
    for name in ("clean", "translation:dx=-8"):
        rows = [row(f"s{k}", name, choice="A") for k in range(3)]
        bare = [{key: value for key, value in each.items() if key != "condition"} for each in rows]
        files.append(made.json_lines(tmp_path / f"{len(files)}=x.jsonl", rows if how == "column" else bare))
    if how == "named":
        given: list[object] = [f"clean={files[0]}", f"translation:dx=-8={files[1]}"]
    else:
        given = [*files, *(("--condition", "translation:dx=-8") if how == "option" else ())]
        given[0] = files[0] if how == "column" else f"clean={files[0]}"
    assert run("import", *given, "-o", tmp_path / "run").exit_code == 0
    assert stores.open_run(tmp_path / "run").conditions.condition.values.tolist() == ["clean", "translation:dx=-8"]


def test_options_that_no_log_lists_are_what_is_chosen(tmp_path: Path) -> None:
    letters = [{"id": k, "choice": "AD"[k % 2], "answer": "B"} for k in range(4)]
    run("import", made.json_lines(tmp_path / "letters", letters), "-o", tmp_path / "a")
    assert stores.open_run(tmp_path / "a").samples.option_text.values[0].tolist() == ["A", "B", "C", "D"]
    words = [{"id": k, "choice": ("right", "wrong")[k % 2], "answer": "right"} for k in range(4)]
    run("import", made.json_lines(tmp_path / "words", words), "-o", tmp_path / "b")
    made_of = Evidence(stores.open_run(tmp_path / "b"))
    assert made_of.correct.sel(condition="clean").values.tolist() == [1, 0, 1, 0]


def test_ids_are_those_of_which_most_are_known_also_without_what_all_begin_with(tmp_path: Path) -> None:
    lines = [made.lmms_eval(k, "yes", pope_accuracy={"question_id": str(k + 5)}) for k in range(4)]
    path = made.json_lines(tmp_path / "log", lines)
    known = gathered.known_ids([f"coco-random-{k}" for k in range(1, 12)])
    found = gathered.gather(sources.parse([str(path)], "clean"), {}, known)
    # doc_id 0 is no sample, question_id 5 to 8 all are
    assert list(found.answers) == [f"coco-random-{k}" for k in (5, 6, 7, 8)]


def many(folder: Path, *names: str, samples: int = 70) -> Path:
    """A log of samples about an image each, under some conditions."""
    rows = [row(f"s{k}", name, choice="ABC"[k % 3], image=f"i{k}") for k in range(samples) for name in names]
    return made.json_lines(folder / "log.jsonl", rows)


def same_answers(path: Path, other: Path) -> bool:
    first, second = (stores.open_run(each).answers.load() for each in (path, other))
    return first.equals(second)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of several blocks of few samples."""
    monkeypatch.setattr(planned, "LARGEST_BLOCK", 32)


@pytest.mark.usefixtures("small_blocks")
def test_an_import_goes_on_where_it_stopped_and_another_is_refused(tmp_path: Path) -> None:
    path = many(tmp_path, "clean", "fog:1")
    import_logs(path, out=tmp_path / "whole")
    import_logs(path, out=tmp_path / "cut")
    (tmp_path / "cut" / "_ledger" / "done" / "b00001-c0001.json").unlink()
    next((tmp_path / "cut" / "answers" / "text").glob("c.2.*")).unlink()
    result = run("import", path, "-o", tmp_path / "cut")
    assert "4 of 6 units are there" in result.output
    assert "nothing to do" in run("import", path, "-o", tmp_path / "cut").output
    assert same_answers(tmp_path / "cut", tmp_path / "whole")
    other = run("import", path, "-o", tmp_path / "cut", "--columns", "choice=answer")
    assert other.exit_code == 2
    assert "settings.logs.columns" in other.output


@pytest.mark.usefixtures("small_blocks")
def test_an_import_whose_log_has_changed_is_refused_by_the_name_of_the_log(tmp_path: Path) -> None:
    path = many(tmp_path, "clean", "fog:1")
    import_logs(path, out=tmp_path / "run")
    (tmp_path / "run" / "_ledger" / "done" / "b00001-c0001.json").unlink()
    before = sources.digest(path)
    path.write_text(path.read_text().replace('"A"', '"B"'))
    result = run("import", path, "-o", tmp_path / "run")
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert "was begun from log.jsonl with another content" in said
    assert before[:16] in said
    assert sources.digest(path)[:16] in said


def test_a_log_that_grows_while_it_is_read_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, gather = many(tmp_path, "clean"), gathered.gather

    def grow(*arguments: Any, **more: Any) -> gathered.Gathered:
        found = gather(*arguments, **more)
        with path.open("a") as log:
            log.write(json.dumps(row("late", "clean", choice="A")) + "\n")
        return found

    monkeypatch.setattr(gathered, "gather", grow)
    result = run("import", path, "-o", tmp_path / "run")
    assert result.exit_code == 2
    assert "was changed while it was read" in result.output
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("small_blocks")
def test_damaged_bytes_of_an_import_are_made_again(tmp_path: Path) -> None:
    path = many(tmp_path, "clean", "fog:1")
    for name in ("whole", "broken"):
        import_logs(path, out=tmp_path / name)
    chunk = next((tmp_path / "broken" / "answers" / "choice").glob("c.1.*"))
    chunk.write_bytes(bytes(chunk.stat().st_size))
    assert "nothing to do" in run("import", path, "-o", tmp_path / "broken").output
    result = run("import", path, "-o", tmp_path / "broken", "--repair", "--durable")
    assert result.exit_code == 0, result.output
    assert "lost or changed files and are done again" in result.output
    assert run("info", tmp_path / "broken", "--verify").exit_code == 0
    assert same_answers(tmp_path / "broken", tmp_path / "whole")


KILLED = """
import os, signal, sys
from probe.logs import planned, reader
from probe.logs.imported import import_logs
planned.LARGEST_BLOCK = 32

def committed(self, unit):
    if unit.name == 'b00001-c0000':
        os.kill(os.getpid(), signal.SIGKILL)

reader.OpenLogReader.committed = committed
import_logs(sys.argv[1], out=sys.argv[2])
"""


@pytest.mark.usefixtures("small_blocks")
def test_a_killed_import_leaves_no_index_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, temporary = many(tmp_path, "clean", "fog:1"), tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "SQLITE_TMPDIR": str(temporary)}
    command = [sys.executable, "-c", KILLED, str(path), str(tmp_path / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list(temporary.iterdir()) == []
    committed = stores.ledger.done(tmp_path / "run")
    assert 0 < len(committed) < 6
    result = run("import", path, "-o", tmp_path / "run")
    assert f"{len(committed)} of 6 units are there" in result.output
    import_logs(path, out=tmp_path / "whole")
    assert same_answers(tmp_path / "run", tmp_path / "whole")


JOINED = """
import sys
from probe.logs import planned
from probe.logs.imported import import_logs
planned.LARGEST_BLOCK = 4
import_logs(sys.argv[1], out=sys.argv[2], join=True)
"""


def test_two_processes_import_one_log_together(tmp_path: Path) -> None:
    path = many(tmp_path, "clean", "fog:1")
    command = [sys.executable, "-c", JOINED, str(path), str(tmp_path / "run")]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [each.wait() for each in both] == [0, 0]
    assert run("info", tmp_path / "run", "--verify").exit_code == 0
    import_logs(path, out=tmp_path / "whole")
    assert same_answers(tmp_path / "run", tmp_path / "whole")


def test_pictures_of_an_imported_dataset_are_not_read(tmp_path: Path) -> None:
    dataset = picture_set.write(tmp_path / "set", images=2)
    rows = [{"sample": f"mcq-{k}", "condition": name, "choice": "A"} for k in range(2) for name in ("clean", "fog:3")]
    path = made.json_lines(tmp_path / "log", rows)
    for picture in (tmp_path / "set").rglob("*.png"):
        picture.write_bytes(b"no picture")
    assert run("import", path, "--dataset", dataset, "-o", tmp_path / "run").exit_code == 0
    assert stores.open_run(tmp_path / "run").failed == {}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere.jsonl"], "log 'nowhere.jsonl': no such file"),
        (["log", "--columns", "sampel=id"], "Did you mean 'sample'"),
        (["log", "--dataset", "nowhere"], "dataset 'nowhere' is unknown"),
        (["log", "--dataset", "streets", "-n", "1"], "no answer to a sample of streets"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    made.json_lines(Path("log"), [row("s0", "clean", choice="A")])
    result = run("import", *arguments, "-o", "run")
    assert result.exit_code == 2
    assert reason in result.output
    assert not Path("run").exists()


def test_imported_runs_are_compared(tmp_path: Path) -> None:
    for title, right in (("one", {"clean": 6, "fog:1": 2}), ("two", {"clean": 5, "fog:1": 4})):
        rows = [row(f"s{k}", name, choice="BA"[k >= most]) for name, most in right.items() for k in range(9)]
        import_logs(made.json_lines(tmp_path / f"{title}.jsonl", rows), out=tmp_path / title)
    result = run("compare", tmp_path / "one", tmp_path / "two", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["results"]


def test_an_id_of_a_condition_of_ours_is_that_condition() -> None:
    for name in ("clean", "translation:dx=-8", "text_overlay.semantic:B", "motion_blur.horizontal:3", "no_image"):
        found = conditions.ours(name)
        assert found is not None
        assert found.id == name


def test_what_no_run_could_keep_is_named_and_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    asked = {"question": "Which?", "options": ["a", "b"], "answer": "a"}
    rows = [
        {"sample": "good", "text": "half \ud800 and \0", **asked},
        {"sample": "\u202eevil\x1b[2J<b>", "choice": "a", **asked},
        {"sample": "x" * 3_000, "choice": "a", **asked},
        {"sample": "null \0", "choice": "a", **asked},
        {"sample": "half \ud800", "choice": "a", **asked},
        {"sample": "twice", "choice": "a", "options": ["a", "a"]},
        {"sample": "good", "condition": "x" * 300, "choice": "a", **asked},
        {"sample": "unknown kind", "kind": "weird", "text": "yes", "extra": {"not": "plain"}},
        {"sample": "bare yes", "kind": "yesno", "text": "Yes."},
        {"sample": "other answer", "choice": "a", "options": ["a", "b"], "answer": "c"},
    ]
    result = run("import", made.json_lines(tmp_path / "log", rows), "-o", tmp_path / "run")
    assert result.exit_code == 1
    assert "Samples that cannot be kept: 4" in result.output
    assert "Samples whose right answer is none of the options" in result.output
    assert "Lines of a condition that cannot be kept: 1" in result.output
    assert not {"\x1b", "\u202e", "\ud800"} & set(result.output)
    stored = stores.open_run(tmp_path / "run")
    ids = ["good", "\u202eevil\x1b[2J<b>", "unknown kind", "bare yes", "other answer"]
    assert stored.samples.sample.values.tolist() == ids
    assert stored.answers.text.values[0, 0] == "half \\ud800 and \\x00"
    assert Evidence(stored).chosen_text.sel(sample="bare yes").values.tolist() == ["yes"]
    assert stored.samples.answer.sel(sample="other answer").item() == ""
    formats = [f"--format={name}" for name in ("parquet", "csv", "jsonl", "every-eval-ever")]
    assert run("export", tmp_path / "run", *formats, "-o", tmp_path / "out").exit_code == 0


def test_options_in_another_case_or_as_letters_are_those_of_the_dataset(tmp_path: Path) -> None:
    dataset = picture_set.write(tmp_path / "set", images=1)
    table = [
        ["index", "question", "A", "B", "C", "answer", "prediction"],
        ["yes-0", "Is there a bus?", None, None, None, "Yes", "No, there is none."],
        ["mcq-0", "What is in picture 0?", "A bus", "Yes", "A very long answer", "A", "A"],
    ]
    scored = {"sample": "mcq-0", "condition": "fog:3", "log_likelihoods": [-3, -1, -2], "options": ["A", "B", "C"]}
    logs = [made.workbook(tmp_path / "t.xlsx", table), made.json_lines(tmp_path / "log", [scored])]
    run("import", *logs, "--dataset", dataset, "-o", tmp_path / "run")
    chosen = Evidence(stores.open_run(tmp_path / "run")).chosen_text
    assert chosen.sel(condition="clean", drop=True).to_series().to_dict() == {"mcq-0": "a bus", "yes-0": "no"}
    assert chosen.sel(sample="mcq-0", condition="fog:3").item() == "a bus"


def test_the_epoch_that_is_named_is_read_and_the_others_are_counted(tmp_path: Path) -> None:
    said = {("a", 1): "A", ("a", 2): "B", ("b", 1): "A", ("b", 2): "A", ("c", 1): "B"}
    samples = [made.inspect_sample(name, text, epoch=epoch) for (name, epoch), text in said.items()]
    log = made.inspect_eval(tmp_path / "log.eval", samples)
    first = run("import", log, "-o", tmp_path / "first")
    second = run("import", log, "--epoch", 2, "-o", tmp_path / "second")
    assert (first.exit_code, second.exit_code) == (0, 0), second.output
    assert "Lines of another filter or epoch than the one that is read: 2" in first.output
    assert "Lines of another filter or epoch than the one that is read: 3" in second.output
    chosen = [Evidence(stores.open_run(tmp_path / name)).chosen_text for name in ("first", "second")]
    assert [each.to_series().to_dict() for each in chosen] == [
        {("a", "clean"): "a bus", ("b", "clean"): "a bus", ("c", "clean"): "a car"},
        {("a", "clean"): "a car", ("b", "clean"): "a bus"},
    ]
    other = run("import", log, "--epoch", 2, "-o", tmp_path / "first")
    assert other.exit_code == 2
    assert "settings.logs.epoch" in other.output
    none = run("import", log, "--epoch", 3, "-o", tmp_path / "third")
    assert none.exit_code == 2
    assert "it is of epoch 1, and epoch 3 is read" in none.output
    plain = run("import", made.json_lines(tmp_path / "log", [row("s", "clean", choice="A")]), "--epoch", 2, "-o", "x")
    assert plain.exit_code == 2
    assert "is a plain log, which has no epochs. Leave out --epoch 2." in " ".join(plain.output.split())


ROWS = [row(f"s{k}", name, choice="A", question="Où est-ce ?") for k in range(2) for name in ("clean", "fog:1")]
LINES = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in ROWS)
CELLS = (f"{each['sample']};{each['condition']};{'AB'[k % 2]}\n" for k, each in enumerate(ROWS))
TABLE = f"sample;condition;choice\n{''.join(CELLS)}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (LINES.encode("utf-8-sig"), ""),
        (LINES.replace("\n", "\r\n").encode(), ""),
        (TABLE.encode("utf-8-sig"), ""),
        (TABLE.replace(";", "\t").replace("\n", "\r").encode(), ""),
        (LINES.encode("utf-16"), "is UTF-16 text. Save it as UTF-8 (iconv -f UTF-16 -t UTF-8 OLD > NEW)."),
        (LINES.encode("utf-16-be"), "is UTF-16BE text."),
        (TABLE.encode("utf-32"), "is UTF-32 text."),
        (LINES.encode("latin-1"), "line 1: it is not UTF-8 text (invalid start byte at byte 53). Save it so."),
        (b"\0" * 100, "is a file of a kind that is not read."),
    ],
)
def test_a_log_in_any_encoding_is_read_or_says_which_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "log").write_bytes(content)
    result = run("import", tmp_path / "log", "-o", tmp_path / "run")
    assert result.exit_code == (2 if reason else 0), result.output
    assert reason in " ".join(result.output.split())
    if not reason:
        assert stores.open_run(tmp_path / "run").answers.choice.shape == (2, 2)


def test_lines_with_values_of_another_kind_cost_themselves_alone(tmp_path: Path) -> None:
    odd: list[dict[str, Any]] = [
        {"sample": ["x"], "choice": "A"},
        {"sample": "a", "choice": {"a": 1}},
        {"sample": "b", "choice": "A", "options": "nope"},
        {"sample": "c", "choice": "A", "metadata": "{broken"},
        {"sample": "d", "log_likelihoods": {"a": -1}},
        {"sample": "e", "log_likelihoods": [-1, "high"]},
    ]
    path = made.json_lines(tmp_path / "log", [*ROWS, *odd])
    result = run("import", path, "-o", tmp_path / "run")
    assert result.exit_code == 1
    assert "Lines of another form than the rest: 5" in result.output
    assert "Samples that cannot be kept: 1" in result.output
    stored = stores.open_run(tmp_path / "run")
    assert stored.samples.sample.values.tolist() == ["s0", "s1"]
    part = {"type": "text"}
    samples = [made.inspect_sample("a", [part, {"type": "text", "text": "B"}]), made.inspect_sample("b", [part])]
    assert run("import", made.inspect_eval(tmp_path / "log.eval", samples), "-o", tmp_path / "inspected").exit_code == 0
    assert stores.open_run(tmp_path / "inspected").answers.text.values[:, 0].tolist() == ["B", ""]


def test_log_likelihoods_that_no_number_can_hold_are_undefined(tmp_path: Path) -> None:
    two = {"options": ["a", "b"], "answer": "a"}
    rows = [
        {**row("fine", "clean"), **two, "log_likelihoods": [-2, -1], "token_counts": [1, 1e30]},
        {**row("large", "clean"), **two, "log_likelihoods": [-1e39, -1]},
        {**row("chosen", "clean"), **two, "log_likelihoods": [-1, "-Infinity"], "choice": "b"},
        {**row("infinite", "clean"), **two, "log_likelihoods": [float("inf"), float("nan")]},
    ]
    result = run("import", made.json_lines(tmp_path / "log", rows), "-o", tmp_path / "run")
    assert "Lines without a choice: 2" in result.output
    assert "overflow" not in result.output
    stored = stores.open_run(tmp_path / "run").answers.isel(condition=0).sel(sample=[each["sample"] for each in rows])
    assert stored.choice.values.tolist() == [1, -1, 1, -1]
    assert stored.token_count.values[0].tolist() == [1, -1]
    scores = stored.log_likelihood.values
    np.testing.assert_array_equal(scores, [[-2, -1], [np.nan, -1], [-1, np.nan], [np.nan, np.nan]])


def test_blocks_of_questions_with_many_options_are_small(tmp_path: Path) -> None:
    options = [f"o{k}" for k in range(1 << 17)]
    rows = [{"sample": f"s{k}", "choice": "o1", "options": options if k == 0 else ["o0", "o1"]} for k in range(20)]
    plan = planned.plan(planned.ImportSettings((str(made.json_lines(tmp_path / "log", rows)),))).plan
    assert plan.layout.block_size == 8
