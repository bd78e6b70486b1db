"""Whatever stands in a record of a log, it is an answer, or a line that says why it is none."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.logs import inspect_eval, lm_eval, plain, vlmevalkit
from probe.logs.answered import Answered, Unread
from probe.logs.record import Record

KEYS = (
    "text", "content", "message", "choices", "type", "options", "question", "id", "condition", "arg_0", "arg_1", "kind",
    "message", "image", "stop_reason",
)  # fmt: skip

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["text", "[1]"])
)
values = st.recursive(
    scalars,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(KEYS), each, max_size=3),
    max_leaves=8,
)


def records(*names: str, more: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Records of a format: with its own entries, and any others, whatever they hold."""
    others = [name for name in more if name not in names]
    known = {names[0]: st.integers() | values} | dict.fromkeys(names[1:], values)
    return st.fixed_dictionaries(known, optional=dict.fromkeys(others, values))


PARTS = st.lists(st.fixed_dictionaries({"type": st.just("text")}, optional={"text": values}), min_size=1, max_size=2)
SAID = st.fixed_dictionaries({"content": values | PARTS})
OUTPUT = st.fixed_dictionaries({"choices": st.lists(st.fixed_dictionaries({"message": values | SAID}), max_size=2)})
"""What Inspect writes of a model's output, nearly."""

FORMATS = [
    (plain, records("sample", "text", more=(*plain.NAMES, "undefined", "error")), {"named": {}}),
    (lm_eval, records("doc_id", "resps", more=("filtered_resps", "doc", "target", "arguments", "input", "filter")), {}),
    (inspect_eval, records("id", "input", "output", more=("epoch", "metadata", "choices", "target", "error")), {}),
    (
        vlmevalkit,
        records("index", "question", "prediction", more=("A", "B", "answer", "hint", "image", "condition")),
        {},
    ),
]


@pytest.mark.parametrize(("module", "strategy", "more"), FORMATS)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_every_record_is_an_answer_or_says_why_it_is_none(
    module: Any, strategy: "st.SearchStrategy[dict[str, Any]]", more: dict[str, Any], data: st.DataObject
) -> None:
    drawn = data.draw(strategy)
    record = Record(1, drawn | ({"output": data.draw(OUTPUT)} if module is inspect_eval else {}))
    (found,) = module.read([record], **more)
    if isinstance(found, Unread):
        assert found.why
        return
    assert isinstance(found, Answered)
    assert all(isinstance(each, str) for each in (*found.ids.values(), found.condition, found.asked.question))
    assert found.text is None or isinstance(found.text, str)
    assert all(isinstance(each, str) for each in (*(found.asked.options or ()), *found.asked.references))
