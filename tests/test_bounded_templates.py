"""Chat templates are programs of a checkpoint: those of models write what they always did, endless ones are stopped."""

import time

import pytest
import tiny
from attack.checkpoint_changes import TEMPLATES
from transformers.utils import chat_template_utils

from hooks import bounded_templates, chat_template
from hooks.bounded_templates import TemplateTakesTooMuch, bounded
from hooks.chat_template import ChatTemplate

MESSAGES = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "is there a bus?"}]}]

LARGE = [
    "{{ 'x' * 10**10 }}",
    "{{ 'x'.ljust(10**10) }}",
    "{{ 'x'|indent(10**9, true) }}",
    "{{ '%0*d' % (10**10, 1) }}",
    "{{ '{:>{w}}'.format(1, w=10**10) }}",
    "{{ ('\t' * 90000).expandtabs(90000) }}",
    "{{ ('a' * 90000).translate({97: 'x' * 90000}) }}",
    "{{ ['x' * 90000] * 90000 }}",
    "{{ range(90000)|map('center', 90000)|list|length }}",
    "{{ ((range(90000)|map('string'))|join('x' * 90000))|length }}",
    "{% set n = namespace(v=3) %}{% for i in range(99) %}{% set n.v = n.v * n.v %}{% endfor %}{{ n.v }}",
    "{% set n = namespace(v='x') %}{% for i in range(99) %}{% set n.v = dict(a=n.v, b=n.v) %}{% endfor %}{{ n.v }}",
    "{% macro m() %}{% for i in range(90000) %}{{ 'x' * 90000 }}{% endfor %}{% endmacro %}{{ m()|length }}",
    "{% set x %}{% for i in range(90000) %}{{ 'x' * 9000 }}{% endfor %}{% endset %}",
]


def render(template: str, length: int = 20) -> str:
    with bounded(length):
        return chat_template_utils.render_jinja_template([MESSAGES], chat_template=template)[0][0]


@pytest.mark.parametrize(
    "case", [case for case in tiny.CASES if "qwen" in case or "llama" in case or "internvl" in case]
)
def test_templates_of_models_write_what_the_library_writes(case):
    processor = tiny.load(case).processor
    template = chat_template.of(processor)
    if template is None:
        pytest.skip("it has none")
    plain = chat_template_utils.render_jinja_template([MESSAGES], chat_template=template.text)[0][0]
    assert render(template.text) == plain


def test_the_language_of_templates_is_whole():
    template = (
        "{%- macro part(p, sep=', ') -%}{{ p.type ~ sep }}{%- endmacro -%}"
        "{% for m in messages %}{{ loop.index }}/{{ loop.length }}{{ loop.last }}{% for p in m.content if p.type %}"
        "{{ part(p) }}{% endfor %}{% else %}none{% endfor %}"
        "{% set ns = namespace(n=0, t=[]) %}{% for i in range(3) %}{% set ns.n = ns.n + i * 2 %}"
        "{% set ns.t = ns.t + [(i, {'a': i})] %}{% if i == 1 %}{% break %}{% endif %}{% endfor %}"
        "{{ ns.n }}{{ ns.t }}{{ ns.t|tojson }}{{ 'a-b'.split('-')|join('+') }}{{ '%s!' % 'x' }}{{ '{}?'.format(1) }}"
        "{% for k, v in {'x': 1}.items() %}{{ k }}{{ v }}{% endfor %}{{ (1, 2)[0] }}{{ 7 % 4 }}{{ 2 ** 5 }}"
        "{% call(x) caller_of() %}{{ x }}{% endcall %}"
    ).replace("{% call(x)", "{% macro caller_of() %}{{ caller('y') }}{% endmacro %}{% call(x)")
    plain = chat_template_utils.render_jinja_template([MESSAGES], chat_template=template)[0][0]
    assert render(template) == plain
    assert plain.startswith("1/1Trueimage, text, 2")


@pytest.mark.parametrize("template", LARGE)
def test_a_text_of_gigabytes_is_not_made(template):
    with pytest.raises(TemplateTakesTooMuch):
        render(template)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template[:40])
def test_no_hostile_template_takes_long(template):
    begun = time.process_time()
    with pytest.raises(ValueError, match="the chat template of the tokenizer cannot be used: "):
        chat_template.rendered(tiny.load("qwen2_vl").processor, ChatTemplate(template, "tokenizer"), "a bus?", 1, "<i>")
    assert time.process_time() - begun < 2 * bounded_templates.SECONDS + 2


def test_an_endless_template_is_not_tried_with_every_question():
    endless = ChatTemplate(
        "{% for i in range(10**5) %}{% for j in range(10**5) %}{% endfor %}{% endfor %}", "tokenizer"
    )
    with pytest.raises(ValueError, match="a million rounds are too many"):
        chat_template.rendered(tiny.load("qwen2_vl").processor, endless, "first", 1, "<i>")
    with pytest.raises(ValueError, match="a million rounds are too many"):
        chat_template.rendered("anything", endless, "second", 1, "<i>")  # nothing is rendered any more


def test_long_questions_have_room():
    text = "a red bus " * 100_000
    with bounded(len(text)):
        (written,), _ = chat_template_utils.render_jinja_template(
            [[{"role": "user", "content": text}]],
            chat_template="{{ '<s>' + messages[0].content.replace('bus', 'tram')|trim + '</s>' }}",
        )
    assert len(written) == len(text) + 100_000 - 1 + 7
