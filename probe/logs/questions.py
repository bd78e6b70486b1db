"""The samples of a run that is made from logs: those of a dataset, or what the logs themselves say of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256

from analyses.scoring import Asked

from ..datasets import columns, fields
from ..datasets.problems import invalid_reason
from ..datasets.rows import RowError
from ..prompts import letter
from ..sample import Dataset, Image, Metadata, Sample, fingerprint
from .answer_index import Given
from .answered import AskedInLog
from .gathered import Gathered
from .troubles import Troubles

NAME = "log"
"""What a dataset is called that was made from logs."""

MOST_OPTIONS = 100
"""Most different choices of which the options of a question are made up where no log lists them."""

NOT_KEPT = "samples that cannot be kept"
NO_SUCH_OPTION = "samples whose right answer is none of the options: it counts as unknown"


def of_logs(gathered: Gathered) -> Dataset:
    """The dataset that the logs themselves describe: an image without pictures for each that they name.

    The right answers of questions with options are options, their letters or their numbers; others count as unknown.
    Samples that no run could keep are left out. `gathered.troubles` says both.
    """
    common = _common_options(gathered)
    made = (_sample(name, gathered, common) for name in gathered.answers)
    samples = [sample for sample in made if _can_be_kept(sample, gathered.troubles)]
    images = {sample.image_id: Image(sample.image_id, ()) for sample in samples}
    identity = fingerprint(*(repr(sample) for sample in samples))
    return Dataset(NAME, tuple(images.values()), tuple(samples), identity)


def _sample(name: str, gathered: Gathered, common: tuple[str, ...]) -> Sample:
    asked = gathered.asked[name]
    options = asked.options or _options(gathered.answers.of_sample(name), common)
    if not options and asked.kind in ("yesno", "safety"):
        options = ("yes", "no")
    answer = _answer(name, asked, options, gathered.troubles)
    try:
        kind = fields.kind(asked.kind)
    except RowError:
        kind = fields.kind_of(options or None)
    kind = fields.kind_of(options or None) if kind == "mcq" else kind
    return Sample(
        id=name,
        image_id=asked.image or name,
        question=asked.question,
        options=options,
        answer=answer,
        kind=kind,
        references=() if options else tuple(text for text in asked.references if text.strip()),
        metadata=Metadata(asked.metadata),
        dataset=asked.dataset,
    )


def _can_be_kept(sample: Sample, troubles: Troubles) -> bool:
    """Whether a run can keep a sample, by the rules of all datasets; its question need not be known."""
    reason = invalid_reason(sample if sample.question.strip() else replace(sample, question="?"))
    if reason:
        troubles.add(NOT_KEPT, f"sample {sample.id!r}", reason)
    return reason is None


def _options(given: Iterable[Given], common: tuple[str, ...]) -> tuple[str, ...]:
    """The options of a question whose log lists none: letters for log-likelihoods, all that is chosen for choices."""
    found = list(given)
    scored = max((len(each.log_likelihoods) for each in found if each.log_likelihoods), default=0)
    if scored:
        return tuple(map(letter, range(scored)))
    return common if any(each.choice is not None for each in found) else ()


def _common_options(gathered: Gathered) -> tuple[str, ...]:
    """All that is chosen, and right, where no options are listed: letters from A on, else texts in their order."""
    bare = [name for name, asked in gathered.asked.items() if not asked.options]
    answers = (each for name in bare for each in gathered.answers.of_sample(name))
    choices = {str(each.choice) for each in answers if each.choice is not None}
    if not choices:
        return ()
    right = (gathered.asked[name].answer for name in bare)
    found = sorted({*choices, *(each for each in right if each is not None)})
    bare_letters = {each.strip("(). ").upper() for each in found}
    if all(len(each) == 1 and each.isalpha() and each.isascii() for each in bare_letters):
        return tuple(map(letter, range(ord(max(bare_letters)) - ord("A") + 1)))
    return tuple(found) if len(found) <= MOST_OPTIONS else ()


def _answer(name: str, asked: AskedInLog, options: tuple[str, ...], troubles: Troubles) -> str | None:
    if asked.answer is None or not options:
        return asked.answer or None
    try:
        found = columns.answer(asked.answer, options)
    except RowError:
        found = asked.answer
    if found in options:
        return found
    same = [option for option in options if option.strip().lower() == found.strip().lower()]
    if len(same) == 1:
        return same[0]
    if found.isdecimal() and int(found) < len(options):  # a place, counted from 0
        return options[int(found)]
    troubles.add(NO_SUCH_OPTION, f"sample {name!r}", f"{asked.answer[:100]!r} is not among {', '.join(options)[:100]}.")
    return None


def digest_of(paths: Mapping[str, str]) -> str:
    """One hash of the contents of several logs."""
    return sha256("\n".join(paths.values()).encode()).hexdigest()[:16]


def as_asked(sample: Sample, options: tuple[str, ...]) -> Asked:
    """What a scorer knows of a sample, under the options in the order in which they were shown."""
    return Asked(sample.id, sample.question, options, sample.answer, sample.references, dict(sample.metadata))
