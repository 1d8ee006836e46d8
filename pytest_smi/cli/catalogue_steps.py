"""What an assertion sends and what decides, in words, read from its source code. Pure but for reading that source.

Nothing is told that the code does not say: calls, claims and judgements are found by their names, what a judgement
means is the first sentence of its docstring, and what cannot be put into words is shown as it is written.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType

from pytest_smi.cli.catalogue_calls import call_words, names_of, spread
from pytest_smi.cli.catalogue_judgements import JUDGEMENTS

_CONTROL = "control: "
_CLAIMS = {
    "allowed": "must arrive and be answered",
    "steady": "must arrive and be answered, every time",
    "denied": "must never arrive",
    "control": "control: arrives and is answered",
    "closed": "control: does not arrive yet",
    "closed_so_far": "control: does not arrive yet",
}
_LATER = {
    "control_later_grant": "control: a grant that is made later works",
    "control_later_split": "control: a split that is made later is in effect",
}
"""Controls that the mesh has taken note of what was applied before."""
_DRY_RUN = "a dry run at the Kubernetes API"
_READS = {
    "api": "a read of the Kubernetes API",
    "dry_run": _DRY_RUN,
    "refused": _DRY_RUN,
    "apply_unless_refused": _DRY_RUN,
}
_STATEMENT = "the statement as it stands; see the test"
_NO_TRAFFIC = "no traffic: the Kubernetes API is asked"


@dataclass(frozen=True, slots=True)
class Steps:
    """What an assertion does, each step once and in order."""

    sent: tuple[str, ...]
    decides: tuple[str, ...]
    controls: tuple[str, ...]
    """What must hold for the rest to mean anything; else the row is errored."""
    readings: tuple[str, ...]
    """The words for what is observed, where the specification leaves it open; `…` stands for what is seen."""


def steps_of(function: Callable[..., object]) -> Steps:
    """Read the steps of an assertion."""
    assert isinstance(function, FunctionType)
    reader = _Reader(function)
    reader.read(function)
    decides = [line for line in reader.decides if _CONTROL not in line]
    controls = [line.replace(_CONTROL, "") for line in reader.decides if _CONTROL in line]
    groups = (reader.sent or [_NO_TRAFFIC], decides or [_STATEMENT], controls, reader.readings)
    return Steps(*(tuple(dict.fromkeys(lines)) for lines in groups))


class _Reader:
    """Walks a function and the helpers that it calls, in the order of the source."""

    def __init__(self, function: FunctionType) -> None:
        self._globals: Mapping[str, object] = function.__globals__
        self._seen: set[str] = set()
        self.sent: list[str] = []
        self.decides: list[str] = []
        self.readings: list[str] = []

    def read(self, function: FunctionType) -> None:
        """Add the steps of one function."""
        self._seen.add(function.__name__)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        assert isinstance(tree, ast.FunctionDef)
        self._names = names_of(tree)
        for node in _in_order(tree.body):
            if isinstance(node, ast.Call):
                self._call(node)

    def _call(self, node: ast.Call) -> None:
        name = _name(node.func)
        if (words := call_words(node, self._names)) is not None:
            self.sent.append(words)
        elif name in _CLAIMS:
            self.decides += [f"{words}: {_CLAIMS[name]}" for argument in node.args for words in self._words(argument)]
        elif name == "map" and node.args and (kind := _name(node.args[0])) in _CLAIMS:
            arguments = [words for argument in node.args[1:] for words in self._words(argument)]
            self.decides += [f"{words}: {_CLAIMS[kind]}" for words in arguments]
        elif name in ("require", "fail"):
            self.decides.append(f"fails with: {_template(node.args[-1])}")
        elif name == "observed":
            self.readings += _readings(node.args[0], self._globals)
        elif name in _READS and isinstance(node.func, ast.Attribute):
            self.sent.append(f"{_READS[name]}: {_template(node.args[0])}")
        elif name in _LATER:
            self.decides.append(_LATER[name])
        elif name == "recorded":
            documents = [_template(argument) for argument in node.args[1:]]
            self.sent.append("the known traffic of the scenario that all rows of Traffic Metrics share")
            if documents:
                self.sent.append(f"the metrics read afterwards: {', '.join(documents)}")
        else:
            self._judgement(node, name)

    def _judgement(self, node: ast.Call, name: str) -> None:
        if isinstance(node.func, ast.Attribute):
            owner = self._globals.get(node.func.value.id) if isinstance(node.func.value, ast.Name) else None
            if isinstance(owner, ModuleType):
                self.decides += _sentence(getattr(owner, name, None))
            elif name in JUDGEMENTS and ast.unparse(node.func.value) == "smi":
                given = ", ".join(ast.unparse(argument) for argument in node.args[1:])
                words = JUDGEMENTS[name].format(given=given)
                self.decides += [f"{call}: {words}" for call in self._words(node.args[0])]
            return
        helper = self._globals.get(name)
        if isinstance(helper, FunctionType) and helper.__name__ not in self._seen and name.startswith("_"):
            names = self._names
            self.read(helper)
            self._names = names

    def _words(self, node: ast.expr) -> list[str]:
        """Return the calls that an expression stands for, each in words."""
        inner = node.value if isinstance(node, ast.Starred) else node
        if isinstance(inner, ast.Name) and isinstance(known := self._names.get(inner.id), ast.Tuple | ast.List):
            return [words for one in known.elts for words in self._words(one)]
        words = call_words(node, self._names)
        return [words + spread(node, self._names) if words is not None else f"`{ast.unparse(inner)}`"]


def _in_order(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
    for node in nodes:
        yield from _below(node)


def _below(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _below(child)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _template(node: ast.expr) -> str:
    """Return a text as it stands in the source; `…` for what is put in at run time."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return f"`{ast.unparse(node)}`"


def _readings(node: ast.expr, known: Mapping[str, object]) -> list[str]:
    """Return the texts that an expression can become."""
    if isinstance(node, ast.IfExp):
        return [*_readings(node.body, known), *_readings(node.orelse, known)]
    if isinstance(node, ast.Call):
        function = known.get(_name(node.func))
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            function = getattr(known.get(node.func.value.id), node.func.attr, None)
        if isinstance(function, FunctionType):
            tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
            returned = [found.value for found in ast.walk(tree) if isinstance(found, ast.Return) and found.value]
            return [text for value in returned for text in _readings(value, function.__globals__)]
    return [_template(node)] if isinstance(node, ast.Constant | ast.JoinedStr) else []


def _sentence(judge: object) -> list[str]:
    """Return the first sentence of a judgement's docstring; nothing for a function that only reads."""
    text = " ".join((inspect.getdoc(judge) or "").split("\n\n")[0].split()).rstrip(".")
    return [text] if callable(judge) and text and not text.startswith(("Return", "Say")) else []
