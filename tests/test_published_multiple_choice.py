"""The script that recomputes published scores, on logs of the authors' layout that are made here."""

import json
import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "published_multiple_choice.py"


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def rows(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, list[str]]:
    monkeypatch.setattr(sys, "argv", [SCRIPT.name, *arguments])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    cells = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    return {first: others for first, *others in cells}


def test_blink_is_the_mean_of_tasks_of_recorded_letters_and_of_whole_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = {"val_Art_Style_1": "(A)", "val_Art_Style_2": "(B)", "val_Counting_1": "(B)"}
    said = {"val_Art_Style_1": ("(A)", "(A) one"), "val_Art_Style_2": ("(A)", "(A)"), "val_Counting_1": ("(B)", "B.")}
    write(tmp_path / "eval/val_answers.json", truth)
    models = runpy.run_path(str(SCRIPT))["BLINK_PUBLISHED"]
    for model in models:
        for task in ("Art_Style", "Counting"):
            answers = [
                {"idx": id, "prediction": letter, "full_prediction": text}
                for id, (letter, text) in said.items()
                if task in id
            ]
            write(tmp_path / "eval/saved_outputs" / model / f"{task}.json", {"val": answers})
    found = rows(capsys, monkeypatch, "--blink", str(tmp_path))
    # Art style: 1 of 2. Counting: 1 of 1 as recorded and read strictly; the authors' rule does not read "B.".
    assert found["GPT4o"] == ["60.0", "75.00", "25.00", "1", "75.00", "0", "100.00"]
    assert set(models) <= set(found)


def test_mmmu_is_the_mean_by_either_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"A": "cat", "B": "dog", "C": "dog", "D": "cow"}
    samples = [
        {"id": "validation_Art_1", "index2ans": options, "response": "B"},
        {"id": "validation_Art_2", "index2ans": options, "response": "no idea"},
        {"id": "validation_Art_3", "response": "It is 36 watts"},
    ]
    for model in ("llava1.5_13b", "qwen_vl"):
        outputs = tmp_path / "mmmu/example_outputs" / model
        write(outputs / "Art/output.json", samples)
        recorded = {"validation_Art_1": "B", "validation_Art_2": "D", "validation_Art_3": "It is 36 watts"}
        write(outputs / "total_val_output.json", recorded)
    truth = {"validation_Art_1": "B", "validation_Art_2": "D", "validation_Art_3": ["36", "thirty-six"]}
    for path, first in ((tmp_path / "mmmu/answer_dict_val.json", "B"), (tmp_path / "earlier.json", "C")):
        write(path, {id: {"ground_truth": one} for id, one in (truth | {"validation_Art_1": first}).items()})
    found = rows(capsys, monkeypatch, "--mmmu", str(tmp_path), "--earlier-answers", str(tmp_path / "earlier.json"))
    # Recorded: 3 of 3, by the earlier answers 2: B and C say the same, and are told apart. Responses: 1, the draw, 1.
    # `printf validation_Art_2 | sha256sum` begins with 4584aaeedd4ef328, and 0x28 % 4 = 0: A is drawn, which is wrong.
    # On average (1 + 1/4 + 1) / 3. Strictly "36 watts" is not "36", and "no idea" is not read.
    assert found["qwen_vl, today"] == ["0.359", "1.0000", "0.6667", "1", "0.7500", "0.3333", "1"]
    assert found["qwen_vl, earlier"] == ["0.359", "0.6667", "0.3333", "1", "0.4167", "0.0000", "1"]


def test_without_data_it_says_what_to_give(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        rows(capsys, monkeypatch)
    assert "nothing to recompute: give --blink PATH, --mmmu PATH, or both" in capsys.readouterr().err
