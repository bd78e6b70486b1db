"""Chat templates with a limit: a checkpoint's template is a program, and what it may take is counted while it runs.

Templates run in the library's own sandbox, with its filters and functions. Counted are the rounds of loops, calls of
macros and characters made; what a single operation makes of its operands is estimated before it is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, wraps
from threading import RLock
from time import monotonic
from typing import Any

from jinja2 import Environment, Template, TemplateError, nodes
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from transformers.utils import chat_template_utils

SECONDS = 3.0
"""What rendering one prompt may take; templates of models take milliseconds."""

LONGEST = 100_000
"""Characters of a template; those of models have up to some ten thousand."""

FOR_WEB_PAGES = ("striptags", "urlize", "wordwrap", "xmlattr", "pprint", "lipsum")
"""Filters and functions of Jinja that no prompt needs, and whose time or length nobody bounds."""

_WIDTH = re.compile(r"\d{6,}")
_BITS = 1 << 12
_LOCK = RLock()


class TemplateTakesTooMuch(TemplateError):
    """A template that runs too long or writes too much."""


class Budget:
    """What is left for one rendering of a text of so many characters."""

    def __init__(self, length: int) -> None:
        self.deadline = monotonic() + SECONDS
        self.steps = 1_000_000 + 10 * length
        self.characters = 16_000_000 + 200 * length
        self.of_one_value = 200_000 + 20 * length

    def step(self) -> str:
        """Count a round of a loop or a call."""
        self.steps -= 1
        if self.steps < 0:
            raise TemplateTakesTooMuch("it does not come to an end: a million rounds are too many")
        if monotonic() > self.deadline:
            raise TemplateTakesTooMuch(f"it does not come to an end within {SECONDS:g} s")
        return ""

    def spend(self, characters: float) -> None:
        """Count characters, or items, that are made."""
        self.characters -= characters
        if self.characters < 0 or characters > max(self.of_one_value, 0) * 50:
            raise TemplateTakesTooMuch("it writes more than a prompt can be")
        self.step()

    def made(self, value: Any) -> Any:
        """Count a value that was made."""
        self.spend(self.weight(value))
        return value

    def weight(self, value: Any) -> float:
        """Characters and items of a value, however often the same is in it; a number's is its size, from 1."""
        total, waiting = 0.0, [value]
        while waiting:
            each = waiting.pop()
            total += _own_weight(each)
            if total > self.of_one_value:
                if isinstance(value, int | float):
                    return total
                raise TemplateTakesTooMuch("it makes a text or a list that no prompt can hold")
            if isinstance(each, list | tuple | set | frozenset):
                waiting.extend(each)
            elif isinstance(each, Mapping):
                waiting.extend(each)
                waiting.extend(each.values())
            if monotonic() > self.deadline:
                self.step()
        return total

    def gathered(self, value: Any) -> Any:
        """The items of a generator as a list, each counted; anything else as it is."""
        if not isinstance(value, Generator):
            return value
        items: list[Any] = []
        for item in value:
            self.step()
            items.append(item)
        return items

    def check(self, operands: Iterable[Any]) -> None:
        """Raise where an operation could make too much of its operands: at most the product of the two largest."""
        weights = sorted((max(1.0, self.weight(each)) for each in operands), reverse=True)
        if len(weights) > 1 and weights[0] * weights[1] > self.characters:
            raise TemplateTakesTooMuch("it makes a text or a list that no prompt can hold")
        self.step()


def _own_weight(value: Any) -> float:
    if isinstance(value, str | bytes):
        return len(value) + 1
    if isinstance(value, bool) or not isinstance(value, int | float):
        return len(value) + 1 if isinstance(value, Collection) else 1
    return 1e30 if abs(value) > 1e30 else max(1.0, abs(value)) if value == value else 1


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The library's environment with a budget. Made by `bounded`, from one that the library made."""

    budget: Budget
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def step(self) -> str:
        """What is called in each round of a loop and at the start of a macro."""
        return self.budget.step()

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = all(isinstance(each, int | float) for each in (left, right))
        if operator == "+":
            return self.budget.made(super().call_binop(context, operator, left, right)) if not numbers else left + right
        if numbers:
            _check_numbers(operator, left, right)
        else:
            _check_widths([left] if operator == "%" else [])
            self.budget.check((left, right))
        made = super().call_binop(context, operator, left, right)
        return made if numbers else self.budget.made(made)

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if obj == self.step:
            return self.budget.step()
        if isinstance(obj, Macro):
            self.budget.step()
            return super().call(context, obj, *args, **kwargs)
        bound = getattr(getattr(obj, "__wrapped__", obj), "__self__", None)
        owner = bound if isinstance(bound, str | bytes | Mapping | list | tuple) else ""
        if getattr(obj, "__name__", "") in ("format", "format_map"):
            _check_widths([owner])
        self.budget.check((owner, *args, *kwargs.values()))
        return self._counted(super().call(context, obj, *args, **kwargs))

    def _counted(self, made: Any) -> Any:
        return self.budget.made(made) if isinstance(made, str | list | tuple | dict) else made

    def _generate(self, source: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._generate(_Counted().visit(source), *args, **kwargs)  # pyright: ignore[reportPrivateUsage]

    def joined(self, parts: Iterable[Any]) -> str:
        """Texts as one, counted; in the place of Jinja's own `concat`."""
        return "".join(self._pieces(parts))

    def _pieces(self, parts: Iterable[Any]) -> Iterator[str]:
        for part in parts:
            self.budget.spend(len(part))
            yield part


def _check_numbers(operator: str, left: float, right: float) -> None:
    """Raise where whole numbers would become longer than any that a prompt needs."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
        if operator != "%" and bits > _BITS:
            raise TemplateTakesTooMuch("it computes numbers that no prompt can hold")


def _check_widths(formats: Iterable[Any]) -> None:
    """Raise where a format asks for more characters than a prompt has."""
    for text in formats:
        if isinstance(text, str) and _WIDTH.search(text):
            raise TemplateTakesTooMuch("it makes a text or a list that no prompt can hold")


class _Counted(NodeTransformer):
    """A template in which loops, macros, lists and joined texts are counted."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        return self._stepping(node)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        return self._stepping(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        return self._stepping(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        whole: Any = self.generic_visit(node)
        return _filtered(nodes.List(whole.nodes, lineno=node.lineno), "_joined")

    def visit_List(self, node: nodes.List) -> nodes.Node:
        return _filtered(self.generic_visit(node), "_made")

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        return _filtered(self.generic_visit(node), "_made")

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        whole = self.generic_visit(node)
        return _filtered(whole, "_made") if node.ctx == "load" and node.items else whole

    def _stepping(self, node: Any) -> nodes.Node:
        whole: Any = self.generic_visit(node)
        step = nodes.Call(nodes.EnvironmentAttribute("step"), [], [], None, None)
        whole.body = [nodes.ExprStmt(step).set_lineno(node.lineno), *whole.body]
        return whole


def _filtered(node: nodes.Node, name: str) -> nodes.Node:
    return nodes.Filter(node, name, [], [], None, None).set_lineno(node.lineno)


def _guarded(environment: BoundedEnvironment, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that counts what it makes."""
    first = 1 if hasattr(function, "jinja_pass_arg") else 0  # the environment or context

    @wraps(function)
    def counted(*args: Any, **kwargs: Any) -> Any:
        _check_widths([args[first]] if function.__name__ == "do_format" else [])
        whole = [environment.budget.gathered(each) for each in args]
        environment.budget.check((*whole[first:], *kwargs.values()))
        return environment._counted(function(*whole, **kwargs))  # pyright: ignore[reportPrivateUsage]

    return counted


@lru_cache(maxsize=32)
def _compiled(text: str) -> Template:
    """A template in an environment of its own, which is the library's in all but the counting."""
    made: Any = chat_template_utils._cached_compile_jinja_template("").environment  # pyright: ignore
    made.__class__ = BoundedEnvironment
    environment: BoundedEnvironment = made
    environment.budget = Budget(len(text))
    environment.filters = {
        name: _guarded(environment, function)
        for name, function in environment.filters.items()
        if name not in FOR_WEB_PAGES
    }
    environment.filters["_made"] = lambda value: environment.budget.made(value)
    environment.filters["_joined"] = lambda parts: environment.joined(map(str, parts))
    for name in FOR_WEB_PAGES:
        environment.globals.pop(name, None)
    environment.globals["namespace"] = _silent(environment.globals["namespace"])
    environment.concat = environment.joined  # pyright: ignore
    if len(text) > LONGEST:
        raise TemplateTakesTooMuch(f"it has {len(text)} characters, and {LONGEST} are the most that are read")
    return Environment.from_string(environment, text)


def _silent(namespace: Any) -> Any:
    """Jinja's namespaces, whose text form does not show what is in them."""
    return type("namespace", (namespace,), {"__repr__": lambda self: "<namespace>"})


@contextmanager
def bounded(length: int) -> Iterator[None]:
    """Let the library render templates with a limit, for a text of so many characters; one thread at a time.

    TemplateError where a template takes too much.
    """

    def compiled(text: str) -> Template:
        template = _compiled(text)
        environment: Any = template.environment
        environment.budget = Budget(length)
        return template

    with _LOCK:
        original = chat_template_utils._compile_jinja_template  # pyright: ignore[reportPrivateUsage]
        chat_template_utils._compile_jinja_template = compiled  # pyright: ignore
        try:
            yield
        finally:
            chat_template_utils._compile_jinja_template = original  # pyright: ignore
