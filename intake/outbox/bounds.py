"""How much work one template may be: no slip in one may keep the service busy, or fill its memory (O6)."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, MutableMapping
from contextvars import ContextVar
from time import thread_time
from typing import Any, TypeVar, cast

from jinja2 import Template, TemplateRuntimeError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

STEPS = 1_000_000  # turns of loops, and calls of macros and files, in one file of a mail
SECONDS = 10.0  # of the processor's time for one file: far above a digest of tens of thousands of items
CHARACTERS = 20_000_000  # that one file renders to, or one value within it holds
BITS = 10_000  # of whole numbers
LOOK = 256  # steps between two looks at the time

TOO_MUCH = f"it takes more than {STEPS} turns of loops and calls of macros, or {SECONDS:.0f} seconds"
TOO_LONG = f"it makes more than {CHARACTERS} characters"
TOO_LARGE = "it reckons with a number that is too large"
REFUSALS = frozenset({TOO_MUCH, TOO_LONG, TOO_LARGE})

_WIDTH = re.compile(r"%[^a-zA-Z%]*(\d{6}|\*)")  # of printf's formats

_LONG = (str, list, tuple)  # what can be too long
_OF_DICTS = frozenset(dir(dict))
_OF_LOOPS = tuple(name for name in dir(LoopContext) if name[0] != "_")

Value = TypeVar("Value")
_taken: ContextVar[list[float]] = ContextVar("taken")  # steps, and when it began


class _Generator(CodeGenerator):
    """Has a template call what looks after it straight, as no template can name that."""

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:  # noqa: N802
        """Write a call; jinja2 asks."""
        if not isinstance(node.node, nodes.EnvironmentAttribute):
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.visit(node.node, frame)
        self.write("(")
        for argument in node.args:
            self.visit(argument, frame)
        self.write(")")


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox in which every template comes to an end, with an outcome that fits into a mail."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"*", "**", "%", "+"})
    bounded = True  # False for templates that are known to end, however much there is to tell

    def write(self, template: Template, known: Mapping[str, object]) -> str:
        """Render a template. Raises TemplateRuntimeError where it is too much, and whatever it fails with."""
        token = _taken.set([0, thread_time()])
        pieces: list[str] = []
        size = 0
        stream = cast("Generator[str]", template.generate(known))
        try:
            for piece in stream:
                size += len(piece)
                if self.bounded and size > CHARACTERS:
                    stream.throw(TemplateRuntimeError(TOO_LONG))  # there, so that it is told with its line
                pieces.append(piece)
        finally:
            _taken.reset(token)
        return "".join(pieces)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return what every template knows as one mapping: jinja2 walks through two each time that one is rendered."""
        return {**self.globals, **(d or {})}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what a dot leads to as jinja2 does: at once where it is an entry, or a value of ours or of a loop."""
        made = type(obj)
        if made is dict and attribute in obj and attribute not in _OF_DICTS:
            return obj[attribute]
        fields = _OF_LOOPS if made is LoopContext else getattr(made, "__match_args__", ())
        if attribute in fields and not attribute.startswith("_") and not callable(value := getattr(obj, attribute)):
            return value
        return super().getattr(obj, attribute)

    def step(self) -> str:
        """Count one step; every loop, macro and file of a template begins its turn with this."""
        taken = _taken.get()
        taken[0] += 1
        late = taken[0] % LOOK == 0 and thread_time() - taken[1] > SECONDS
        if self.bounded and (late or taken[0] > STEPS):
            raise TemplateRuntimeError(TOO_MUCH)
        return ""

    def fitting(self, value: Value) -> Value:
        """Return what an expression has made, unless it is too long."""
        if self.bounded and isinstance(value, _LONG) and len(value) > CHARACTERS:
            raise TemplateRuntimeError(TOO_LONG)
        return value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Reckon, unless the outcome would be too large."""
        if operator == "%":
            if isinstance(left, str) and _WIDTH.search(left):
                raise TemplateRuntimeError(TOO_LONG)
        elif isinstance(left, int) and isinstance(right, int):
            if left.bit_length() * (right if operator == "**" else 1) + right.bit_length() > BITS:
                raise TemplateRuntimeError(TOO_LARGE)
        elif operator == "*" and _times(left, right) > CHARACTERS:
            raise TemplateRuntimeError(TOO_LONG)
        return self.fitting(super().call_binop(context, operator, left, right))

    def _generate(self, source: nodes.Template, *rest: Any, **named: Any) -> str:
        return super()._generate(_Bounds().visit(source), *rest, **named)


class _Bounds(NodeTransformer):
    """Has every turn begin with a step, and looks at the length of what filters and `~` make."""

    def get_visitor(self, node: nodes.Node) -> Any:
        """Return what is done with a node; jinja2 asks."""
        ways = {
            nodes.For: self._loop,
            nodes.Concat: self._fitting,
            nodes.Filter: self._fitting,
            nodes.FilterBlock: self._body,  # its filter must stay one
            nodes.AssignBlock: self._body,
            **dict.fromkeys((nodes.Template, nodes.Macro, nodes.CallBlock, nodes.Block), self._stepping),
        }
        return ways.get(type(node))

    def _loop(self, node: nodes.For) -> nodes.Node:
        self._stepping(node)
        if node.test is not None:
            first = nodes.Not(_call(node, "step"), lineno=node.lineno)
            node.test = nodes.And(first, node.test, lineno=node.lineno)
        return node

    def _fitting(self, node: nodes.Expr) -> nodes.Node:
        return _call(node, "fitting", self.generic_visit(node))

    def _body(self, node: nodes.FilterBlock | nodes.AssignBlock) -> nodes.Node:
        node.body = [self.visit(one) for one in node.body]
        return node

    def _stepping(self, node: Any) -> nodes.Node:
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(_call(node, "step"), lineno=node.lineno))
        return node  # type: ignore[no-any-return]


def _call(at: nodes.Node, name: str, *arguments: nodes.Node) -> nodes.Call:
    function = nodes.EnvironmentAttribute(name, lineno=at.lineno)
    return nodes.Call(function, list(arguments), [], None, None, lineno=at.lineno)


def _times(left: Any, right: Any) -> int:
    """Return how long a text or list is that is repeated; 0 where neither is."""
    many, one = (left, right) if isinstance(left, int) else (right, left)
    return many * len(one) if isinstance(many, int) and isinstance(one, str | list | tuple) else 0
