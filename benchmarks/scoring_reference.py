"""The scorers beside the official scripts, over made-up answers and captions: in how many the two differ.

The scripts are read from checkouts and left as they are there; only what keeps them from running on Python 3 and
without their data is mended in memory. Checkouts: GT-Vision-Lab/VQA, haotian-liu/LLaVA, AoiDragon/POPE,
LisaAnne/Hallucination, clips/pattern, nltk/nltk at 3.2.5; `--punkt` is the folder of nltk's English sentence model
(`punkt_tab/english`).

    python benchmarks/scoring_reference.py --vqa VQA --llava LLaVA --pope POPE
    python benchmarks/scoring_reference.py --hallucination Hallucination --pattern pattern --nltk nltk --punkt english
"""

import argparse
import random
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from analyses.scoring import Asked, chair, pope, textvqa, vqav2
from analyses.scoring.coco_words import CLASS_OF, PAIRS

ANSWERS, CAPTIONS = 100_000, 50_000
PIECES = (
    *("a", "an", "the", "The", "none", "None", "one", "Two", "ten", "yes", "NO", "no", "No", "not", "Not", "Im", "é"),
    *(" ", " ", " ", "  ", "\n", "\t", "\r", "\u00a0", ".", ",", "-", "/", "!", "?", ";", "(", ")", "`", "_", ":", "&"),
    *("1", "2,", "000", "1,000", ".5", "5.", "٣", "٣,٤", "٣.٤", "'", "'s", "dont", "yall", "oclock", "couldn'tve"),
    *("wheres", "where's", "somebody'd"),
)
BETWEEN = (
    *(" ", " ", " ", ", ", ". ", ".", ".\n\n", "! ", "?", ": ", ":", "; ", "-", " - ", "--", "—", "/", "...", ".. "),
    *("'s ", "' ", "'s\n", "'", '"', '" ', '."  ', ".' ", ".) ", ") ", " (", "**", ".**", "’s ", " ‘", "’ ", ".” "),
    *("”", " “", ",,", ",2 ", ":3", " 3. ", "`", "''", "\t", "\u00a0", "%", "&", "#", "_", ".*", ".]", ".: ", ".@"),
    *(".>", ".» ", "n't ", " mr. ", " u.s. ", "'ll "),
)
ENDINGS = ("", "s", "es", "ses", "'s", "'", "ies", "ves", "ae")


def namespace(path: Path, names: dict[str, Any], *mended: tuple[str, str]) -> dict[str, Any]:
    """What a script defines; ValueError where a line that is to be mended is not in it."""
    text = path.read_text(encoding="utf-8").expandtabs(4)
    for old, new in mended:
        if not re.search(old, text, re.MULTILINE):
            raise ValueError(f"{path} has nothing like {old!r}: this is not the version that is known here.")
        text = re.sub(old, new, text, flags=re.MULTILINE)
    made = {"__name__": path.stem, **names}
    exec(compile(text, str(path), "exec"), made)
    return made


def of_vqa(checkout: Path) -> Callable[[str, Sequence[str]], float]:
    """VQAv2's score of an answer; digits are 0-9, as in the Python 2 that the script is for."""
    path = checkout / "PythonEvaluationTools" / "vqaEvaluation" / "vqaEval.py"
    # no prints of Python 2, and patterns that read digits as Python 2 does
    made = namespace(path, {}, (r'print "[^"]*"', "pass"), (r're\.compile\((".*?")\)', r"re.compile(\1, re.ASCII)"))

    def score(answer: str, references: Sequence[str]) -> float:
        given = [{"answer": text, "answer_id": number} for number, text in enumerate(references)]
        asked = SimpleNamespace(
            qa={1: {"answers": given, "question_type": "", "answer_type": ""}}, getQuesIds=lambda: [1]
        )
        found = made["VQAEval"](asked, SimpleNamespace(qa={1: {"answer": answer}}), n=12)
        found.updateProgress = lambda progress: None
        found.evaluate()
        return found.accuracy["overall"] / 100

    return score


def of_textvqa(checkout: Path) -> Callable[[str, Sequence[str]], float]:
    """TextVQA's score of an answer."""
    path = checkout / "llava" / "eval" / "m4c_evaluator.py"
    made = namespace(path, {"tqdm": iter}, (r"^from tqdm import tqdm$", ""))
    evaluator = made["TextVQAAccuracyEvaluator"]()
    return lambda answer, references: evaluator.eval_pred_list(
        [{"pred_answer": answer, "gt_answers": list(references)}]
    )


def of_pope(checkout: Path) -> Callable[[str], str]:
    """POPE's reading of an answer: the loop of the script that makes yes or no of every text."""
    text = (checkout / "evaluate.py").read_text(encoding="utf-8")
    loop = text[text.index("for answer in answers:") : text.index("for i in range(len(label_list))")]
    code = compile(loop, "evaluate.py", "exec")

    def read(answer: str) -> str:
        answers = [{"answer": answer}]
        exec(code, {"answers": answers})
        return answers[0]["answer"]

    return read


def of_chair(hallucination: Path, pattern: Path, nltk: Path, punkt: Path) -> Callable[[str], list[str]]:
    """CHAIR's mentions of a caption: its script, with the singular of pattern and the words of nltk 3.2.5."""
    inflections = (pattern / "pattern" / "text" / "en" / "inflect.py").read_text(encoding="utf-8")
    parts = re.search(r"^plural_prepositions = .*?(?=\n\n)", inflections, re.DOTALL | re.MULTILINE)
    singulars = inflections[inflections.index("#### SINGULARIZE") : inflections.index("#### VERB CONJUGATION")]
    inflect: dict[str, Any] = {"re": re, "NOUN": "NN"}
    exec(f"{parts[0] if parts else ''}\n{singulars}", inflect)
    script = (hallucination / "utils" / "chair.py").read_text(encoding="utf-8")
    methods = script[script.index("class CHAIR(object):") : script.index("    def get_annotations_from_segments")]
    made: dict[str, Any] = {
        "nltk": SimpleNamespace(word_tokenize=words_of(nltk, punkt)),
        "singularize": inflect["singularize"],
        "open": lambda name: (hallucination / name).open(encoding="utf-8"),
    }
    exec(textwrap.dedent(methods), made)
    official = made["CHAIR"]([], "")
    return lambda caption: official.caption_to_words(caption)[1]


def words_of(nltk: Path, punkt: Path) -> Callable[[str], list[str]]:
    """nltk 3.2.5's `word_tokenize`: sentences by Punkt, words as in the Penn Treebank with its quotes of Unicode."""
    stand_in = {"TokenizerI": object, "align_tokens": None, "string_types": str, "FreqDist": dict, "unicode_repr": repr}
    stand_in["python_2_unicode_compatible"] = lambda kind: kind
    imports = (r"^from (nltk|six)[. ].*$", "")
    sentences = namespace(nltk / "nltk" / "tokenize" / "punkt.py", stand_in, imports)
    treebank = namespace(nltk / "nltk" / "tokenize" / "treebank.py", stand_in, imports)["TreebankWordTokenizer"]()
    improved = (nltk / "nltk" / "tokenize" / "__init__.py").read_text(encoding="utf-8")
    start, end = improved.index("improved_open_quote_regex ="), improved.index("def word_tokenize")
    exec(improved[start:end], {"re": re, "_treebank_word_tokenizer": treebank})
    known = sentences["PunktParameters"]()
    known.abbrev_types = set((punkt / "abbrev_types.txt").read_text(encoding="utf-8").split("\n"))
    known.sent_starters = set((punkt / "sent_starters.txt").read_text(encoding="utf-8").split("\n"))
    pairs = (line.split("\t") for line in (punkt / "collocations.tab").read_text(encoding="utf-8").split("\n") if line)
    known.collocations = {(first, second) for first, second in pairs}
    contexts = (
        line.split("\t") for line in (punkt / "ortho_context.tab").read_text(encoding="utf-8").split("\n") if line
    )
    known.ortho_context = defaultdict(int, {word: int(context) for word, context in contexts})
    splitter = sentences["PunktSentenceTokenizer"](known)
    return lambda text: [word for sentence in splitter.tokenize(text) for word in treebank.tokenize(sentence)]


def compare_answers(name: str, module: Any, official: Callable[[str, Sequence[str]], float]) -> None:
    """Print in how many questions of ten references the two scores differ."""
    draw, differ = random.Random(0), 0
    for _ in range(ANSWERS):
        pool = ["".join(draw.choice(PIECES) for _ in range(draw.randint(0, 4))) for _ in range(draw.randint(1, 4))]
        asked = Asked("", references=tuple(draw.choice(pool) for _ in range(10)))
        answer = draw.choice(pool)
        ours = module.accuracy(module.parse(answer, asked), asked)
        differ += abs(ours - official(answer, asked.references)) > 1e-9
    print(f"{name:10}{ANSWERS} answers, {differ} differ")


def compare_readings(official: Callable[[str], str]) -> None:
    """Print in how many answers the two readings of yes and no differ."""
    draw = random.Random(0)
    texts = ["".join(draw.choice(PIECES) for _ in range(draw.randint(0, 6))) for _ in range(ANSWERS)]
    print(f"{'pope':10}{ANSWERS} answers, {sum(pope.official(text) != official(text) for text in texts)} differ")


def compare_mentions(official: Callable[[str], list[str]]) -> None:
    """Print in how many captions the two find other mentions: all words with all endings, then words at random."""
    draw = random.Random(0)
    vocabulary = sorted({*CLASS_OF, *(" ".join(pair) for pair in PAIRS)})
    forms = [f"{word[:cut]}{ending}" for word in vocabulary for cut in (None, -1, -2) for ending in ENDINGS]
    captions = [f"a {form} here" for form in forms]
    for _ in range(CAPTIONS):
        words = (draw.choice(forms) for _ in range(draw.randint(1, 6)))
        captions.append("".join(f"{draw.choice((word, word.title()))}{draw.choice(BETWEEN)}" for word in words))
    differ = [text for text in captions if chair.mentions(text) != official(text)]
    print(f"{'chair':10}{len(captions)} captions, {len(differ)} differ {differ[:3]}")


def main() -> None:
    """Compare with those scripts whose checkouts are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("vqa", "llava", "pope", "hallucination", "pattern", "nltk", "punkt"):
        parser.add_argument(f"--{name}", type=Path, help="a folder, as above")
    given = parser.parse_args()
    if given.vqa:
        compare_answers("vqav2", vqav2, of_vqa(given.vqa))
    if given.llava:
        compare_answers("textvqa", textvqa, of_textvqa(given.llava))
    if given.pope:
        compare_readings(of_pope(given.pope))
    if given.hallucination:
        compare_mentions(of_chair(given.hallucination, given.pattern, given.nltk, given.punkt))


if __name__ == "__main__":
    main()
