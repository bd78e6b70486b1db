"""Several prompts in one run: each image with every question that is put to it, as samples of its own.

`describe` and `safety` are asked once for each image, `presence` once for each safety-critical class that is clearly
visible or absent, every other prompt once for each sample that it suits. All are samples of one image, so that they
share what the model computes of it. Right answers come from the dataset's own samples of that kind, else from the
picture's label map; where there is neither, the answers are kept and what would be measured against them is undefined.
Source: Cheng, sections 4.2 and 5.4; definitions, section 10.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .. import prompts
from ..datasets.street_questions import describe
from ..label_maps import CRITICAL
from ..readers.asking import OF_IMAGES, Asking
from ..sample import Dataset, Image, Kind, Metadata, Sample
from ..scenes import SceneFacts

VERSION = "1"
"""Changes whenever the same dataset and prompts would give other questions."""


def of_prompts(dataset: Dataset, names: "Sequence[prompts.PromptName]", kind: Asking) -> Dataset:
    """The dataset with its images and samples under each of these prompts in place of its samples.

    `kind` is how the model is asked: one that compares captions describes an image by the classes whose are nearest.
    Raises ValueError for a prompt that suits no sample, and for one that such a model has no captions for.

    >>> from probe.readers.asking import GENERATIVE
    >>> one = Sample("s", "i", "Is there a bus?", ("yes", "no"), "no", "yesno")
    >>> small = Dataset("mine", (Image("i", ()),), (one,), "x")
    >>> [sample.id for sample in of_prompts(small, ("describe", "presence", "yesno"), GENERATIVE).samples]
    ['i@describe', 's@presence', 's@yesno']
    """
    for name in names:
        if name not in kind.prompts:
            raise ValueError(
                f"prompt {name!r} is for models that answer; one that compares captions has {', '.join(kind.prompts)}."
            )
        if name not in OF_IMAGES and (reason := _unsuited(dataset, name)):
            raise ValueError(f"prompt {name!r} suits no sample of {dataset.name}: {reason}")
    samples = [
        replace(sample, prompt=name, metadata=Metadata({**sample.metadata, prompts.ASKED_AS: name}))
        for image in dataset.images
        for name in names
        for sample in _of_image(_Asked(image, dataset, kind.description_options), name)
    ]
    return replace(dataset, samples=tuple(samples))


def _unsuited(dataset: Dataset, name: str) -> str:
    """Why a prompt suits no sample, in the words of the first; "" where it suits one."""
    reasons = [prompts.unsuitable(sample, name) for sample in dataset.samples]
    return reasons[0] if reasons and all(reasons) else ""


@dataclass(frozen=True)
class _Asked:
    """An image that is asked about, its dataset, and the options of a description, where it is not written."""

    image: Image
    dataset: Dataset
    descriptions: tuple[str, ...]

    @property
    def own(self) -> tuple[Sample, ...]:
        """The dataset's own samples of the image."""
        return self.dataset.samples_of(self.image.id)

    def own_of(self, kind: str) -> tuple[Sample, ...]:
        return tuple(sample for sample in self.own if sample.kind == kind)

    @property
    def facts(self) -> SceneFacts | None:
        """What the label map of its picture says, None where there is none or several pictures."""
        pictures = self.image.pictures
        read = pictures[0].read_scene if len(pictures) == 1 else None
        return None if read is None else read()

    def new(self, what: str, question: str, kind: Kind, **known: object) -> Sample:
        """A sample of the image that the dataset itself has not."""
        dataset = self.own[0].dataset if self.own else ""
        return Sample(f"{self.image.id}{what}", self.image.id, question, kind=kind, dataset=dataset, **known)  # type: ignore[arg-type]


def _of_image(asked: _Asked, name: prompts.PromptName) -> Iterator[Sample]:
    match name:
        case "describe":
            yield _description(asked)
        case "safety":
            yield _safety(asked)
        case "presence":
            yield from _presence(asked)
        case _:
            suited = (sample for sample in asked.own if not prompts.unsuitable(sample, name))
            yield from (replace(sample, id=f"{sample.id}@{name}") for sample in suited)


def _description(asked: _Asked) -> Sample:
    options = asked.descriptions
    same = {"id": f"{asked.image.id}@describe", "question": prompts.DESCRIBE, "options": options}
    if own := asked.own_of("describe"):
        return replace(own[0], **same)  # type: ignore[arg-type]
    facts = asked.facts
    if facts is None or not facts.visible:
        return asked.new("@describe", prompts.DESCRIBE, "describe", options=options)
    more = Metadata({"classes": "; ".join(facts.visible), "barely_visible": "; ".join(facts.barely_visible)})
    text = describe(facts.visible)
    return asked.new("@describe", prompts.DESCRIBE, "describe", options=options, answer=text, metadata=more)


def _safety(asked: _Asked) -> Sample:
    if own := [sample for sample in asked.own_of("safety") if prompts.is_yes_no(sample.options)]:
        return replace(own[0], id=f"{asked.image.id}@safety", question=prompts.SAFETY)
    known: dict[str, object] = {}
    if (facts := asked.facts) is not None:
        known = {"answer": _yes_no(facts.safe), "metadata": Metadata({"blocked_share": facts.blocked})}
    return asked.new("@safety", prompts.SAFETY, "safety", options=("yes", "no"), **known)


def _presence(asked: _Asked) -> Iterator[Sample]:
    facts = asked.facts
    own = [sample for sample in asked.own_of("yesno") if not prompts.unsuitable(sample, "presence")]
    if facts is None and own:
        yield from (replace(sample, id=f"{sample.id}@presence") for sample in own)
        return
    for name in _can_be_asked(facts):
        yield asked.new(
            f"-{name.replace(' ', '-')}@presence",
            prompts.presence_question(name),
            "yesno",
            options=("yes", "no"),
            answer=None if facts is None else _yes_no(name in facts.visible),
            metadata=Metadata({prompts.CLASS: name}),
        )


def _can_be_asked(facts: SceneFacts | None) -> Iterable[str]:
    """The critical classes that are clearly visible or not there at all; all where nothing is known."""
    return [name for name in CRITICAL if facts is None or name in facts.visible or name in facts.absent]


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
