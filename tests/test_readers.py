"""A run does not know what reads for it: a third reader, written as the package's docstring says, goes all the way."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import picture_set
import pytest

import probe
import stores
from hooks import Question, Reading
from probe import prompts
from probe.extraction import execution, run
from probe.extraction.settings import Settings
from probe.readers.answers import chosen
from probe.readers.asking import GENERATIVE
from probe.readers.reader import Attention, Place
from probe.results import Evidence, analyze
from stores import Unit


@dataclass(frozen=True)
class Heard:
    """A view as the parrot takes it."""

    questions: tuple[Question, ...]
    place: Place
    bytes: int = 0


@dataclass(frozen=True)
class Parrot:
    """It says the option whose number is that of the condition, modulo the number of options."""

    name = "parrot"
    kind = GENERATIVE
    cannot: ClassVar = {"forms": "gives no scores of forms"}
    without_picture = "it must see something"
    without_other_dtype = ""
    towers: Any = field(default_factory=dict)
    attention = Attention()
    default_sites = ()
    dtype, resizes, sees, scores = "float32", False, True, False
    answers: dict[str, int] = field(default_factory=dict)
    stored: list[Unit] = field(default_factory=list)

    def identity(self) -> dict[str, Any]:
        return {"family": "parrot", "kind": "generative", "dtype": "float32"}

    def inputs(self) -> dict[str, Any]:
        return {}

    def prompt_text(self, sample: Any, prompt: Any, *, pictures: int) -> str:
        return prompts.render(sample, prompt)

    def grids(self, sizes: Any) -> dict[str, Any]:
        return {}

    def effort(self, dataset: Any, conditions: int) -> dict[str, str]:
        return {"squawks": f"{len(dataset.samples) * conditions:,}"}

    def require_here(self) -> None: ...

    def open(self, run: Path) -> "OpenParrot":
        return OpenParrot(self)


@dataclass(frozen=True)
class OpenParrot:
    reader: Parrot
    provenance: dict[str, Any] = field(default_factory=lambda: {"voice": "shrill"})

    def images_at_once(self, batch_size: int) -> int:
        return batch_size

    def check(self, question: Question) -> None: ...

    def encode(self, view: Any, place: Place) -> Heard:
        return Heard(view.questions, place)

    def read(self, views: Any, sites: Any, **request: Any) -> list[Reading]:
        return [
            Reading({}, tuple(self.answer(view, k, question) for k, question in enumerate(view.questions)))
            for view in views
        ]

    def answer(self, view: Heard, k: int, question: Question) -> Any:
        if not question.options:
            return chosen(question, None, text="pretty")
        number = self.reader.answers.get(f"{view.place.samples[k]} {view.place.condition}", 0)
        return chosen(question, number % len(question.options), text="pretty")

    def committed(self, unit: Unit) -> None:
        self.reader.stored.append(unit)

    def close(self) -> None: ...


@pytest.fixture
def parrot(monkeypatch: pytest.MonkeyPatch) -> Parrot:
    made = Parrot()
    monkeypatch.setattr(run, "reader_of", lambda settings, used: made)
    return made


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    return str(picture_set.write(tmp_path / "set", images=6))


def extract(dataset: str, path: Path, **settings: Any) -> stores.Run:
    return probe.extract("parrot", dataset, out=path, perturb=("low_light:1", "white"), **settings)


def test_a_third_reader_writes_resumes_and_is_analysed_by_its_choices(
    parrot: Parrot, dataset: str, tmp_path: Path
) -> None:
    plan = run.prepare(Settings("parrot", dataset, perturb=("low_light:1", "white")), execution.Execution())[0]
    asked = [sample for sample in plan.dataset.samples if sample.options]
    changed = asked[::2]
    parrot.answers.update({f"{sample.id} low_light:1": 1 for sample in changed})
    made = extract(dataset, tmp_path / "run")
    assert parrot.stored == list(plan.units)
    assert made.sites == ()
    assert made.failed == {}
    assert made.plan["settings"]["keep"] == "answers"
    for sample in asked:
        shown = made.answers.choice.sel(sample=sample.id)
        assert int(shown.sel(condition="clean")) == 0
        assert int(shown.sel(condition="low_light:1")) == (1 if sample in changed else 0)
    assert np.isnan(made.answers.log_likelihood.values).all()
    (flips,) = (found for found in analyze(Evidence(made)) if found.name == "flips")
    rate = float(flips.data.ifr.sel(family="low_light", bound="estimate"))
    assert rate == pytest.approx(len(changed) / len(asked))
    extract(dataset, tmp_path / "run")
    assert len(parrot.stored) == len(plan.units)  # a finished run asks nothing


def test_what_a_reader_has_not_is_refused_by_its_option(parrot: Parrot, dataset: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"parrot gives no scores of forms\. Leave out --forms\."):
        extract(dataset, tmp_path / "run", forms=True)
    with pytest.raises(ValueError, match=r"parrot gives answers and no states\. Leave out --site vision:pooled\."):
        extract(dataset, tmp_path / "run", sites=("vision:pooled",))
    with pytest.raises(ValueError, match=r"parrot gives answers and no states\. Leave out --keep tokens\."):
        extract(dataset, tmp_path / "run", keep="tokens")
    assert not (tmp_path / "run").exists()


def test_runs_of_readers_with_scores_store_no_choice(dataset: str, tmp_path: Path) -> None:
    made = probe.extract("pocket-vlm", dataset, out=tmp_path / "run", perturb=("white",), keep="answers", limit=2)
    assert "choice" not in made.answers
    assert "answers" not in made.record["layout"]


def test_a_views_place_names_its_unit_condition_image_and_samples(
    parrot: Parrot, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Place] = []
    encode = OpenParrot.encode
    monkeypatch.setattr(
        OpenParrot, "encode", lambda self, view, place: (seen.append(place), encode(self, view, place))[1]
    )
    made = extract(dataset, tmp_path / "run", limit=2)
    samples = made.samples
    expected = {
        (condition, str(image), tuple(samples.sample.values[samples.image.values == image].tolist()))
        for condition in ("clean", "low_light:1", "white")
        for image in made.images.image.values
    }
    assert {(each.condition, each.image, each.samples) for each in seen} == expected
    assert {replace(each.unit, block=0).condition for each in seen} == {0, 1, 2}
