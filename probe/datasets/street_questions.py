"""What is asked about a picture of a street with a label map: presence, safety, a description (Cheng, section 4.2).

Presence of each safety-critical class is asked that is clearly visible or has no pixel; in between nobody asks. The
reference text of a description names every class that is clearly visible. `official` is the wording of the paper on
semantic misalignment under degradation, as street datasets have no prompts of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..label_maps import CRITICAL
from ..prompts import DESCRIBE, SAFETY, presence_question
from ..sample import Metadata, Picture, Plain, Sample
from ..scenes import SceneFacts
from .rows import Row, RowError

MASS = ("vegetation", "terrain", "sky")
"""Classes that are no single thing."""


@dataclass(frozen=True)
class Street:
    """A picture and what its label map says of it, None where that is not known.

    `where` names it in messages; `metadata` is what the dataset says of it.
    """

    where: str
    dataset: str
    picture: Picture
    facts: SceneFacts | None
    metadata: Metadata

    def questions(self) -> list[Row]:
        """A question of presence for each critical class that can be asked, and one of safety."""
        facts = self.facts
        rows: list[Row] = []
        for name in CRITICAL:
            if facts is None or name in facts.visible or name in facts.absent:
                answer = None if facts is None else _yes_no(name in facts.visible)
                official = f"Is there a {name} visible in this image? Answer yes or no."
                rows.append(
                    self._closed(f"presence-{name}", presence_question(name), answer, official, {"class": name})
                )
        answer = None if facts is None else _yes_no(facts.safe)
        more = {} if facts is None else {"blocked_share": facts.blocked}
        rows.append(self._closed("safety", SAFETY, answer, SAFETY, more))
        return rows

    def description(self) -> list[Row]:
        """The request to describe it. Raises RowError where its label map shows nothing."""
        more: dict[str, Plain] = {}
        if self.facts is not None:
            more = {
                "classes": "; ".join(self.facts.visible),
                "barely_visible": "; ".join(self.facts.barely_visible),
            }
        sample = Sample(
            id=f"{self.picture.id}-describe",
            image_id=self.picture.id,
            question=DESCRIBE,
            answer=None if self.facts is None else describe(self.facts.visible),
            kind="describe",
            metadata=self._with(more),
            dataset=self.dataset,
            official=DESCRIBE,
        )
        return [Row(self.where, sample, (self.picture,))]

    def _closed(self, what: str, question: str, answer: str | None, official: str, more: Mapping[str, Plain]) -> Row:
        sample = Sample(
            id=f"{self.picture.id}-{what.replace(' ', '-')}",
            image_id=self.picture.id,
            question=question,
            options=("yes", "no"),
            answer=answer,
            kind="safety" if what == "safety" else "yesno",
            metadata=self._with(more),
            dataset=self.dataset,
            official=official,
        )
        return Row(self.where, sample, (self.picture,))

    def _with(self, more: Mapping[str, Plain]) -> Metadata:
        return Metadata({**self.metadata, **more})


def describe(classes: Sequence[str]) -> str:
    """The reference text: one sentence that names these classes. Raises RowError where there is none.

    >>> describe(["road", "vegetation", "car"])
    'The image shows a road, vegetation and a car.'
    """
    if not classes:
        raise RowError("its label map shows no class.")
    phrases = [name if name in MASS else f"a {name}" for name in classes]
    listed = ", ".join(phrases[:-1]) + " and " + phrases[-1] if len(phrases) > 1 else phrases[0]
    return f"The image shows {listed}."


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
