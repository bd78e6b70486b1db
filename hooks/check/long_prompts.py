"""Are prompts of hundreds of tokens read as short ones are?"""

from typing import TYPE_CHECKING

import numpy as np

from .. import capture, options
from ..context import render, token_ids
from ..reading import Question, View
from .finding import require
from .forwards import SEVERAL, SIZES, pictures, tolerance

if TYPE_CHECKING:
    from ..model import Model

LENGTH = 200
"""Tokens that the question has at least: more than a small attention window and than most questions."""
SENTENCE = "There may be a bus, a car or a tree in the image, and behind it a house. "


def long_prompt(model: "Model") -> str:
    """Scores after a question of at least 200 tokens are those of one whole forward per option."""
    question = Question(_long_text(model), ("yes", "a tree"))
    shown = (SIZES[:1], SEVERAL[0])[: 1 + model.family.tokens.several]
    limit, worst = tolerance(model), 0.0
    for sizes in shown:
        view = View(pictures(sizes), (question,))
        mine = capture.read(model, [view], (), batch_size=1)[0].answers[0]
        theirs = options.score_reference(model, view)[0]
        worst = max(worst, float(np.abs(mine.log_likelihood - theirs.log_likelihood).max()))
    tokens = len(token_ids(model.processor.tokenizer, render(model.blueprint, question.text, pictures=0), False))
    require(worst <= limit, f"scores after {tokens} tokens differ from a whole forward by {worst:.2g} nats")
    return f"{tokens} tokens, within {worst:.1g} nats of one whole forward per option (limit {limit:g})"


def _long_text(model: "Model") -> str:
    """Sentences of at least `LENGTH` tokens, then a question."""
    one = len(token_ids(model.processor.tokenizer, SENTENCE, False))
    return SENTENCE * -(-LENGTH // one) + "Is there a bus?"
