"""Published scores of BLINK and MMMU, recomputed from the answers that the benchmarks' authors publish.

    python benchmarks/published_multiple_choice.py [--blink PATH] [--mmmu PATH [--earlier-answers FILE]]

--blink              a checkout of github.com/zeyofu/BLINK_Benchmark, at 2d6a779b
--mmmu               a checkout of github.com/MMMU-Benchmark/MMMU, at bb0b95a9
--earlier-answers    eval/answer_dict_val.json of MMMU at bf380a2: the answers by which the published scores were made

Prints the tables of results/published_multiple_choice.md. Takes half a minute on one core.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analyses.scoring import blink, mmmu
from analyses.scoring.scorer import Asked, Reading

BLINK_PUBLISHED = {
    "GPT4o": 60.0, "GPT4Turbo": 54.6, "GPT4V": 51.1, "llava-v1.6-34b": 46.8, "GeminiProVision": 45.2, "OPUS": 44.1,
    "llava_v1.5_13b": 42.7, "instructblip_13b": 42.2, "llava-v1.5-13b-xtuner": 42.0, "Yi_VL_34B": 41.7,
    "cogvlm-chat": 41.5, "QwenVLMax": 40.3, "instructblip_7b": 39.7, "llava-v1.5-7b-xtuner": 39.4, "flamingov2": 39.2,
    "Yi_VL_6B": 38.7, "llava-internlm2-7b": 37.7, "llava_v1.5_7b": 37.1, "MiniGPT-4-v2": 34.2,
}  # fmt: skip
"""Of the README at 2d6a779b, validation, by the name of the folder."""

MMMU_PUBLISHED = {"llava1.5_13b": 0.364, "qwen_vl": 0.359}
"""Of the paper, validation."""


def load(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def row(*cells: object) -> None:
    """One row of a table."""
    print("|", " | ".join(map(str, cells)), "|")


def head(*cells: str) -> None:
    """The first two rows of a table: the first column is text."""
    row(*cells)
    row("---", *["---:"] * (len(cells) - 1))


def scored(reading: Reading, texts: Iterable[str], asked: Sequence[Asked]) -> tuple[np.ndarray, np.ndarray]:
    """What a reading parses and how right that is: (sample, 1) both."""
    parsed = [reading.parse(text, one) for text, one in zip(texts, asked, strict=True)]
    correct = [reading.correct(answer, one) for answer, one in zip(parsed, asked, strict=True)]
    return np.array(parsed, object)[:, np.newaxis], np.array(correct)[:, np.newaxis]


def blink_asked(answers: dict[str, str]) -> dict[str, Asked]:
    """The questions, as far as the answers tell: a task has as many options as its answers have letters."""
    tasks = {id: id.removeprefix("val_").rpartition("_")[0] for id in answers}
    count = {
        task: max("ABCDE".index(answers[id][1]) + 1 for id in answers if tasks[id] == task) for task in tasks.values()
    }
    asked: dict[str, Asked] = {}
    for id, answer in answers.items():
        # The texts of the options are not among the answers.
        options = tuple(f"({letter}) of {count[tasks[id]]} options" for letter in "ABCDE"[: count[tasks[id]]])
        asked[id] = Asked(id, options=options, answer=options["ABCDE".index(answer[1])], metadata={"task": tasks[id]})
    return asked


def said(one: dict[str, Any], key: str) -> str:
    """A text of the logs. The authors compare what they recorded as it is: "(A) Point A" is no letter."""
    return one[key] if key != "prediction" or len(one[key]) == len("(A)") else ""


def blink_tables(folder: Path) -> None:
    """Every model: published; the letters as recorded; the rule alone; the strict reading.

    The last column: of the answers that the strict reading reads, the share with the letter that is recorded.
    """
    asked = blink_asked(load(folder / "eval/val_answers.json"))
    official, strict = blink.SCORER.readings
    measure = blink.SCORER.measures[0]
    head("model", "published", "recorded letters", "rule alone", "unread", "strict", "unread", "as recorded, %")
    agreed: list[bool] = []
    for model, published in BLINK_PUBLISHED.items():
        files = sorted((folder / "eval/saved_outputs" / model).glob("*.json"))
        answers = {one["idx"]: one for file in files for one in load(file)["val"]}
        samples = [asked[id] for id in answers]
        cells: list[object] = []
        parsed = np.empty((0, 1), object)
        for reading, key in ((official, "prediction"), (official, "full_prediction"), (strict, "full_prediction")):
            parsed, correct = scored(reading, [said(one, key) for one in answers.values()], samples)
            right, weight = measure.terms(parsed, correct, samples)
            cells.append(f"{100 * right.sum() / weight.sum():.2f}")
            cells.append(int((parsed == None).sum()))  # noqa: E711 (elementwise)
        recorded = [one["prediction"][:3] for one in answers.values()]
        same = [option.startswith(letter) for option, letter in zip(parsed[:, 0], recorded, strict=True) if option]
        agreed.extend(same)
        row(model, published, cells[0], *cells[2:], f"{100 * np.mean(same):.2f}")
    print(f"\n{len(agreed)} answers read by the strict reading, {sum(agreed)} of them as recorded\n")


def mmmu_asked(samples: Sequence[dict[str, Any]], answers: dict[str, Any]) -> list[Asked]:
    """The questions of a model's outputs, with the answers of a file of answers.

    Where two options have the same text, their letters are added: the authors compare letters.
    """
    asked: list[Asked] = []
    for one in samples:
        options, truth = dict(one.get("index2ans", {})), answers[one["id"]]["ground_truth"]
        often = Counter(options.values())
        options = {letter: f"{text} [{letter}]" if often[text] > 1 else text for letter, text in options.items()}
        truth = [truth] if isinstance(truth, str) else truth
        if options:
            asked.append(Asked(one["id"], options=tuple(options.values()), answer=options[truth[0]]))
        else:
            asked.append(Asked(one["id"], references=tuple(truth), answer=truth[0]))
    return asked


def expected(texts: Sequence[str], asked: Sequence[Asked]) -> tuple[int, float]:
    """The number of answers that are drawn, and the mean score over all draws."""
    drawn, total = 0, 0.0
    official = mmmu.SCORER.readings[0]
    for text, one in zip(texts, asked, strict=True):
        if one.options and mmmu.place_by_rules(text, one.options) is None:
            drawn += 1
            total += one.options.count(one.answer or "") / len(one.options)
        else:
            total += official.correct(official.parse(text, one), one)
    return drawn, total / len(asked)


def mmmu_tables(folder: Path, earlier: Path | None) -> None:
    """Both models by either answers: from the letters as recorded, and from the whole responses."""
    official, strict = mmmu.SCORER.readings
    answers = {"today": folder / "mmmu/answer_dict_val.json"} | ({"earlier": earlier} if earlier else {})
    head("model, answers", "published", "recorded letters", "responses", "drawn", "mean over draws", "strict", "unread")
    for model, published in MMMU_PUBLISHED.items():
        outputs = folder / "mmmu/example_outputs" / model
        samples = [one for file in sorted(outputs.glob("*/output.json")) for one in load(file)]
        recorded = load(outputs / "total_val_output.json")
        texts = [one["response"] for one in samples]
        for name, file in answers.items():
            asked = mmmu_asked(samples, load(file))
            letters = scored(official, [recorded[one["id"]] for one in samples], asked)[1]
            whole = scored(official, texts, asked)[1]
            drawn, mean = expected(texts, asked)
            parsed, careful = scored(strict, texts, asked)
            unread = int((parsed == None).sum())  # noqa: E711 (elementwise)
            row(
                f"{model}, {name}", f"{published:.3f}", f"{letters.mean():.4f}", f"{whole.mean():.4f}", drawn,
                f"{mean:.4f}", f"{careful.mean():.4f}", unread,
            )  # fmt: skip


def main() -> None:
    """Print the tables that the arguments allow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blink", type=Path, help="checkout of zeyofu/BLINK_Benchmark")
    parser.add_argument("--mmmu", type=Path, help="checkout of MMMU-Benchmark/MMMU")
    parser.add_argument("--earlier-answers", type=Path, help="MMMU's answer_dict_val.json at bf380a2")
    given = parser.parse_args()
    if not given.blink and not given.mmmu:
        parser.error("nothing to recompute: give --blink PATH, --mmmu PATH, or both")
    if given.blink:
        blink_tables(given.blink)
    if given.mmmu:
        mmmu_tables(given.mmmu, given.earlier_answers)


if __name__ == "__main__":
    main()
