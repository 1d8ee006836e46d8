"""Small changes of Python code, one at a time: operators, conditions, constants and calls turned into others. Pure.

A mutant is what a slip of the hand could have written. Annotations, docstrings, raised errors' words and what stands
at the top of a module (imports, names of others) stay as they are.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NAMED = {"any": "all", "all": "any", "min": "max", "max": "min", "fullmatch": "match", "search": "fullmatch"}
_Change = Callable[[ast.AST], ast.AST]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of a module; `line` is its place in the healthy one, `change` says `before -> after` in code."""

    line: int
    change: str
    healthy: str
    number: int

    @property
    def text(self) -> str:
        """The module with the change, as code."""
        tree = ast.parse(self.healthy)
        node, change = list(_places(tree))[self.number]
        _Replace(node, change(copy.deepcopy(node))).visit(tree)
        return ast.unparse(ast.fix_missing_locations(tree))


def mutants(text: str) -> list[Mutant]:
    """Return every mutant of a module's text, in the order of its lines."""
    found = []
    for number, (node, change) in enumerate(_places(ast.parse(text))):
        line = min(one.lineno for one in ast.walk(node) if isinstance(one, ast.expr | ast.stmt))
        told = f"{ast.unparse(node)} -> {ast.unparse(change(copy.deepcopy(node)))}"
        found.append(Mutant(line=line, change=" ".join(told.split()), healthy=text, number=number))
    return sorted(found, key=lambda mutant: mutant.line)


def _places(tree: ast.Module) -> Iterator[tuple[ast.AST, _Change]]:
    """Every node of the code inside of functions with what may become of it, always in the same order."""
    for function in _functions(tree.body):
        for statement in function.body:
            for node in _code(statement):
                for change in _changes(node):
                    yield node, change


def _functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement
        elif isinstance(statement, ast.ClassDef):
            yield from _functions(statement.body)


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """A node and those below it, annotations and the words of errors left out."""
    if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "format_spec"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                yield from _code(child)


def _changes(node: ast.AST) -> Iterator[_Change]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARED:
        yield _compared
    elif isinstance(node, ast.BoolOp):
        yield _joined
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _unnegated
    elif isinstance(node, ast.BinOp) and type(node.op) in _COMPUTED:
        yield _computed
    elif isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        yield _counted
    elif isinstance(node, ast.IfExp):
        yield _first
        yield _second
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield _unfiltered
    elif (node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else "") in _NAMED:
        yield _renamed
    elif isinstance(node, ast.Continue):
        yield _broken_off


def _compared(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Compare)
    node.ops = [_COMPARED[type(node.ops[0])]()]
    return node


def _joined(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
    return node


def _unnegated(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.UnaryOp)
    return node.operand


def _computed(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BinOp)
    node.op = _COMPUTED[type(node.op)]()
    return node


def _counted(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Constant)
    value = node.value
    assert isinstance(value, int)
    return ast.Constant(not value if isinstance(value, bool) else value + 1)


def _first(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.IfExp)
    return node.body


def _second(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.IfExp)
    return node.orelse


def _unfiltered(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.comprehension)
    node.ifs = []
    return node


def _renamed(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.Attribute):
        node.attr = _NAMED[node.attr]
    else:
        assert isinstance(node, ast.Name)
        node.id = _NAMED[node.id]
    return node


def _broken_off(node: ast.AST) -> ast.AST:
    return ast.Break()


class _Replace(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the new node for the old one."""
        if node is self._old:
            return self._new
        found: ast.AST = self.generic_visit(node)
        return found
