"""What a served model's reply says to a question: scored by log-probabilities, read from its text, or neither."""

import json
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hooks import Question
from probe.errors import PlanError
from probe.extraction.execution import Execution, reader_of
from probe.extraction.settings import Settings
from probe.readers.served import notes, replies
from probe.readers.served.endpoint import Key
from probe.readers.served.faults import Fault, Refused, Unusable, of_status, wait_of
from probe.readers.served.journal import Journal
from probe.readers.served.option_scores import answer
from probe.readers.served.replies import Reply
from stores import Unit

LETTERS = Question("Which?\nA. a cat\nB. a dog\nAnswer with one of the options.", ("a cat", "a dog"))
YES_NO = Question("Is there a bus? Answer yes or no.", ("yes", "no"))


def reply(text: str, top: dict[str, float] | None = None, finish: str = "stop", token: str = "") -> Reply:
    found = {} if top is None else top
    return Reply(text, finish, "m", token=token or next(iter(found), ""), top=tuple(found.items()))


def test_forms_of_an_option_count_together() -> None:
    top = {" Yes": log(0.4), "no": log(0.25), "yes": log(0.2), "No": log(0.1), "Maybe": log(0.05)}
    made = answer(YES_NO, reply("Yes", top))
    assert [exp(value) for value in made.log_likelihood] == pytest.approx([0.6, 0.35])
    assert made.choice == 0


def test_an_option_that_the_server_does_not_name_has_no_score_and_the_choice_stands() -> None:
    made = answer(LETTERS, reply("B", {"B": log(0.9), "The": log(0.1)}))
    assert np.isnan(made.log_likelihood[0])
    assert made.log_likelihood[1] == pytest.approx(log(0.9))
    assert made.choice == 1
    assert made.invalid_reason == ""


@pytest.mark.parametrize(
    ("question", "text", "top", "expected"),
    [
        (LETTERS, "The answer is B.", {"The": -0.1, "A": -1.0, "B": -2.0}, 1),  # begins otherwise: the text decides
        (LETTERS, "a dog", {"a": -0.1, "A": -1.0}, 1),  # a small letter is no option's
        (LETTERS, "A dog", {"A": -0.1, "B": -1.0}, 1),  # an article: the whole text is an option
        (LETTERS, "A small animal", {"A": -0.1, "B": -1.0}, None),  # an article: nothing is named
        (LETTERS, "A or B", None, None),
        (YES_NO, "No, there is none.", None, 1),
        (YES_NO, "I cannot help with that.", None, None),
        (Question("What colour is it?", ("red", "blue")), "Blue", {"Blue": -0.1, "red": -3.0}, 1),  # without letters
    ],
)
def test_where_a_text_names_an_option_beyond_doubt_it_decides(
    question: Question, text: str, top: dict[str, float] | None, expected: int | None
) -> None:
    made = answer(question, reply(text, top))
    assert made.choice == expected
    assert made.text == text
    assert (made.invalid_reason == "") == (expected is not None)
    if question is LETTERS:
        assert np.isnan(made.log_likelihood).all()


def test_an_answer_that_names_none_is_scored_as_a_local_model_is_where_that_is_known() -> None:
    made = answer(LETTERS, reply("It is hard to say.", {"It": log(0.5), "B": log(0.2), "A": log(0.1)}))
    assert made.choice == 1
    assert [exp(value) for value in made.log_likelihood] == pytest.approx([0.1, 0.2])
    unlisted = Question("Which?", ("a cat", "a dog"))
    assert answer(unlisted, reply("Well.", {"Well": log(0.5), "B": log(0.2)})).choice is None  # no letter is listed


def test_ends_of_an_answer_have_their_words() -> None:
    filtered = answer(LETTERS, reply("", finish="content_filter"))
    assert (filtered.choice, filtered.invalid_reason) == (None, "the server's content filter cut it off")
    cut = answer(Question("Describe it.", max_new_tokens=5), reply("A street with", finish="length"))
    assert (cut.text, cut.cut, cut.invalid_reason) == ("A street with", True, "")
    thinking = answer(Question("Describe it.", max_new_tokens=5), reply("", finish="length"))
    assert thinking.invalid_reason == "the answer had not begun after 5 tokens. Give more: --max-new-tokens"
    silent = answer(Question("Describe it."), reply(""))
    assert (silent.text, silent.cut, silent.invalid_reason) == ("", False, "")
    assert answer(YES_NO, Reply(refused="no")).invalid_reason == "no"
    long = answer(YES_NO, reply("\x1b[31m" + "x" * 10_000)).invalid_reason
    assert len(long) < 200


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("<html>", "no JSON"), ("", "no JSON"), ('{"choices": [{"mess', "no JSON"), ("[]", "no choices"),
        ("{}", "no choices"), ('{"choices": []}', "no choices"), ('{"choices": [null]}', "no choices"),
        ('{"choices": [{"message": null}]}', "no message"), ("[" * 100_000, "no JSON"),
    ],
)  # fmt: skip
def test_what_has_not_the_form_of_a_reply_is_asked_again(sent: str, words: str) -> None:
    with pytest.raises(Fault, match=words):
        replies.read(sent)


def test_log_probabilities_of_any_form_are_read_or_left_out() -> None:
    def first(content: Any) -> tuple[str, tuple[tuple[str, float], ...]]:
        message = {"choices": [{"message": {"content": "B"}, "logprobs": content}]}
        read = replies.read(json.dumps(message))
        return read.token, read.top

    assert first(None) == first([]) == first({"content": None}) == first({"content": [3]}) == ("", ())
    place = {"token": "B", "logprob": -0.5, "top_logprobs": [{"token": "A", "logprob": -9999.0}, {"logprob": 1}, None]}
    assert first({"content": [{"token": "\n", "logprob": 0.0}, place]}) == ("B", (("B", -0.5),))


def test_statuses_mean_to_wait_to_give_up_or_to_stop() -> None:
    def of(status: int, text: str = "", **headers: str) -> Exception:
        return of_status(status, {name.replace("_", "-"): value for name, value in headers.items()}, text, "MY_KEY")

    assert isinstance(of(400, '{"error": {"message": "too long"}}'), Refused)
    assert str(of(400, '{"error": {"message": "too long"}}')) == "the server refused the question: 400, 'too long'"
    for status in (401, 403, 404):
        assert isinstance(of(status), Unusable)
    assert "MY_KEY" in str(of(401))
    assert isinstance(of(429, '{"error": {"code": "insufficient_quota"}}'), Unusable)
    busy, broken = of(429, retry_after="3"), of(503)
    assert isinstance(busy, Fault)
    assert isinstance(broken, Fault)
    assert (busy.wait, busy.busy) == (3.0, True)
    assert (broken.wait, broken.busy) == (None, False)
    assert wait_of({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0.0
    assert wait_of({"retry-after": "inf"}) is None
    assert wait_of({"retry-after": "-5"}) == 0.0


def test_a_short_key_is_no_part_of_words_and_no_key_shows_itself() -> None:
    assert Key("none").hidden_in("there is none") == "there is none"
    assert "sk-123456789" not in repr(Key("sk-123456789"))


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@host/v1", "http://secret@host/v1", "http://host/v1?key=secret", "http://host/v1#secret",
        "secret", "ftp://secret/v1", "http://", "http://host:secret/v1", "http://host/\x1bsecret",
    ],
)  # fmt: skip
def test_an_address_that_holds_a_secret_or_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="endpoint: ") as caught:
        Execution(endpoint=url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["sk-secret", "secret", "", "OPENAI API KEY"])
def test_a_key_in_place_of_its_variable_is_refused_without_repeating_it(name: str) -> None:
    with pytest.raises(ValueError, match="key variable: no environment variable that is set") as caught:
        Execution(key_variable=name)
    assert not name or name not in str(caught.value)


def test_what_only_a_model_here_can_do_is_refused_in_a_line() -> None:
    url = "http://localhost:1/v1"
    chosen = Settings("api:m", "streets")
    for used, words in [
        (Execution(), "where is it served"),
        (Execution(endpoint=url, workers=2), "one process asks a server"),
        (Execution(endpoint=url, device="cpu"), "Leave out --device cpu"),
        (Execution(endpoint=url, trust_remote_code=True), "Leave out --trust-remote-code"),
    ]:
        with pytest.raises(ValueError, match=words):
            reader_of(chosen, used)
    with pytest.raises(ValueError, match="has no name"):
        reader_of(Settings("api:", "streets"), Execution(endpoint=url))
    with pytest.raises(ValueError, match="is loaded here"):
        reader_of(Settings("pocket-vlm", "streets"), Execution(endpoint=url))


def test_without_the_package_a_served_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.readers.served.served.find_spec", lambda name: None)
    served = reader_of(Settings("api:m", "streets"), Execution(endpoint="http://localhost:1/v1"))
    with pytest.raises(
        PlanError, match=r"api:m is asked through the package openai\. Install it: 'vlm-undertow\[api\]'"
    ):
        served.require_here()


def test_a_journal_gives_back_whole_lines_alone_and_goes_on_after_a_cut_one(tmp_path: Path) -> None:
    unit = Unit(0, 1)
    (tmp_path / "_ledger").mkdir()
    first = Journal(tmp_path, durable=True)
    for k in range(3):
        first.note(unit, f"k{k}", Reply(f"text {k}\n\u2028", top=((" A", -0.5),)))
    (file,) = (tmp_path / notes.FOLDER).iterdir()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[1].replace(b"text 1", b"text 7") + lines[2][:-5])
    again = Journal(tmp_path, durable=False)
    assert again.find(unit, "k0") == Reply("text 0\n\u2028", top=((" A", -0.5),))
    assert again.find(unit, "k1") is again.find(unit, "k2") is again.find(Unit(0, 0), "k0") is None
    again.note(unit, "k2", Reply("again"))
    third = Journal(tmp_path, durable=False)
    assert third.find(unit, "k0") is not None
    assert third.find(unit, "k2") == Reply("again")
    third.remove(unit)
    third.remove(unit)
    assert not (tmp_path / notes.FOLDER).exists()
