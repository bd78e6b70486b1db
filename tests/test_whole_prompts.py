"""What is asked is what is fed: the ids are the rendered prompt, whole, with control tokens from the template alone."""

import json
import shutil
from pathlib import Path

import pytest
import tiny
from tiny import picture
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

import hooks
from hooks import Question, View, capture, control_tokens
from hooks.context import option_ids, render
from hooks.encoding import process, rows

LONG = "Is there a bus in the image, or a car, or both of them, or neither? " * 3
FAMILIES = ("llava", "gemma3", "qwen2_vl", "paligemma", "instructblip", "idefics3", "mllama")


def edited(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def copied(case: str, folder: Path) -> Path:
    return shutil.copytree(tiny.checkpoint(case), folder / case)


def blueprint(folder: Path, **options) -> hooks.Blueprint:
    return hooks.blueprint(str(folder), hooks.LoadOptions(device="cpu", **options))


def ids(made: hooks.Blueprint, text: str = LONG, options: tuple[str, ...] = ()) -> list[list[int]]:
    """A prompt's ids with a picture, those without one, and those of options."""
    shown = process(made, [picture(0)], render(made, text))["input_ids"][0].tolist()
    asked = render(made, text, pictures=0)
    alone = process(made, (), asked)["input_ids"][0].tolist() if made.family.text_only else []
    return [shown, alone, *map(list, option_ids(made, asked, options))]


def cut_at_eight(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(8)
    tokenizer.save(str(folder / "tokenizer.json"))


def padded_to_a_hundred(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding(length=100, pad_id=0, pad_token="<pad>")
    tokenizer.save(str(folder / "tokenizer.json"))


def set_by_its_config(folder: Path) -> None:
    edited(folder / "tokenizer_config.json", truncation=True, max_length=8, padding="max_length", stride=2)


def with_control_tokens_split(folder: Path) -> None:
    edited(folder / "tokenizer_config.json", split_special_tokens=True)


def ended(folder: Path) -> None:
    """A post-processor that also ends every text, behind which no answer was ever trained."""
    made = blueprint(folder).processor.tokenizer
    first = made("a")["input_ids"][
        : len(made("a")["input_ids"]) - len(made("a", add_special_tokens=False)["input_ids"])
    ]
    around = [*made.convert_ids_to_tokens(first), "$A", made.eos_token]
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    named = [(token, backend.token_to_id(token)) for token in around if token != "$A"]
    backend.post_processor = TemplateProcessing(single=" ".join(around), special_tokens=named)
    backend.save(str(folder / "tokenizer.json"))
    if type(made).__name__ == "GemmaTokenizer":
        return  # it makes its post-processor itself, whatever the file has
    assert blueprint(folder).processor.tokenizer("a")["input_ids"][-1] == made.eos_token_id


@pytest.mark.parametrize(
    "saved", [cut_at_eight, padded_to_a_hundred, set_by_its_config, with_control_tokens_split, ended]
)
@pytest.mark.parametrize("case", FAMILIES)
def test_settings_that_a_tokenizer_was_saved_with_change_no_prompt(case, saved, tmp_path):
    folder = copied(case, tmp_path)
    expected = ids(blueprint(folder), options=("yes", "a small red car"))
    saved(folder)
    assert ids(blueprint(folder), options=("yes", "a small red car")) == expected


@pytest.mark.parametrize("case", ["clip", "siglip"])
def test_saved_truncation_shortens_no_caption(case, tmp_path):
    folder = copied(case, tmp_path)
    cut_at_eight(folder)
    counts = [
        hooks.contrastive.check_captions(hooks.load(str(path), tiny.ON_CPU), ("a red bus and a car by a tree",))
        for path in (tiny.checkpoint(case), folder)
    ]
    assert counts[0] == counts[1] > [8]


def test_a_processor_that_leaves_out_the_end_of_a_prompt_is_refused(monkeypatch):
    made = blueprint(tiny.checkpoint("llava"))
    whole = type(made.processor).__call__
    cut = lambda self, **inputs: {name: value[:, :-3] for name, value in whole(self, **inputs).items()}  # noqa: E731
    monkeypatch.setattr(type(made.processor), "__call__", cut)
    with pytest.raises(ValueError, match="does not read the prompt to its end"):
        process(made, [picture(0)], render(made, "is there a bus?"))


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("case", ["llava", "gemma3", "qwen2_vl", "idefics3", "paligemma", "blip-2"])
def test_control_tokens_in_a_users_texts_are_read_as_text(case, plain):
    made = blueprint(tiny.checkpoint(case), plain=plain)
    tokenizer, image = made.processor.tokenizer, made.image_token
    special = set(tokenizer.all_special_ids) - {image}

    def control(question: str) -> list[int]:
        view = View((picture(0),), (Question(question),))
        (row,) = [row for row in rows(made, 0, view) if row.questions]
        return [token for token in [*row.inputs["input_ids"][0].tolist(), *row.tails[0]] if token in special]

    expected = control("What does the tag mean?")
    for token in ("<s>", "</s>", "<pad>"):
        question = f"What does {token} mean?"
        assert control(question) == expected
        text = render(made, question)
        assert question in control_tokens.unmarked(text)
        for own in option_ids(made, text, (token, f"a {token} b", "yes")):
            assert not special.intersection(own)
            assert own


@pytest.mark.parametrize("case", ["clip", "siglip", "blip_itm"])
def test_a_control_token_in_a_caption_is_refused(case):
    model = tiny.load(case)
    token = model.processor.tokenizer.all_special_tokens[-1]
    with pytest.raises(ValueError, match="has a control token"):
        capture.check_question(model, Question("", (f"a bus {token} and a car", "a tree")))


def test_a_template_of_the_tokenizer_is_followed(tmp_path):
    folder = copied("gemma3", tmp_path)
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    edited(folder / "tokenizer_config.json", chat_template=template)
    made, original = blueprint(folder), blueprint(tiny.checkpoint("gemma3"))
    owners = [each.chat_template and each.chat_template.owner for each in (made, original)]
    assert owners == ["tokenizer", "processor"]
    assert render(made, "Hi?") == render(original, "Hi?")


def test_a_template_for_messages_of_one_text_shows_the_picture_before_it(monkeypatch):
    model = tiny.load("llava")
    simple = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}assistant:"
    monkeypatch.setattr(model.processor, "chat_template", simple)
    assert render(model.blueprint, "Hi?") == "user: <image>\nHi?\nassistant:"
    assert render(model.blueprint, "Hi?", pictures=0) == "user: Hi?\nassistant:"


@pytest.mark.parametrize("text", ["a", "image", ">", "[{'type': 'image'}]", " USER: "])
def test_a_question_may_be_part_of_what_the_template_writes(text):
    made = blueprint(tiny.checkpoint("llava"))
    assert render(made, text) == f"USER: <image>{text}ASSISTANT:"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ messages[0]['content'][:3] }}", "does not write the question"),
        ("{{ raise_exception('only tools are answered') }}", "only tools are answered"),
        ("{{ 1 + messages[0]['role'] }}", "unsupported operand"),
        ({"tools": "a", "search": "b"}, "tools, search, and none named default"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_with_the_reason(monkeypatch, template, reason):
    model = tiny.load("llava")
    monkeypatch.setattr(model.processor, "chat_template", template)
    with pytest.raises(ValueError, match=reason):
        capture.check_question(model, Question("Is there a bus?"))


def test_an_answer_to_a_plain_prompt_begins_with_the_space_that_the_question_ends_in():
    model = tiny.load("llava", hooks.LoadOptions(device="cpu", plain=True))
    spaced, bare = (render(model.blueprint, text) for text in ("A bus? Answer: ", "A bus? Answer:"))
    assert spaced == bare
    tokenizer = model.processor.tokenizer
    (own,) = option_ids(model.blueprint, spaced, ("yes",))
    assert list(own) == tokenizer(" yes", add_special_tokens=False)["input_ids"]
