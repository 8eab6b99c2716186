# SPDX-License-Identifier: Apache-2.0
"""
Small changes of a source that a test ought to notice.

A mutant is a source with one change: another comparison, a boolean turned, a number off by one, another
operator, a condition that is always so, a return of nothing, a statement left out. What only people
read or what only makes things quick is left alone: docstrings, annotations, messages of errors,
decorators, assertions, sizes of memories.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
}
NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
REMEMBERED = "_REMEMBERED"  # how much is remembered changes no answer


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: its place in a module, what it does, and the number by which it is made again."""

    module: str
    number: int
    line: int
    kind: str
    before: str
    after: str


class _Mutator(ast.NodeTransformer):
    """Walk a tree in a fixed order, count every possible change, and make the one that is wanted."""

    def __init__(self, wanted: int | None) -> None:
        self._wanted = wanted
        self.found: list[tuple[int, str, str, str]] = []

    def change(self, node: ast.AST, kind: str, made: ast.AST) -> ast.AST | None:
        """Note a change; give the changed node if it is the wanted one."""
        line = getattr(node.target if isinstance(node, ast.comprehension) else node, "lineno", 0)
        self.found.append((line, kind, ast.unparse(node)[:120], ast.unparse(made)[:120]))
        return ast.copy_location(made, node) if len(self.found) - 1 == self._wanted else None

    def visit(self, node: ast.AST) -> ast.AST:
        """Mutate a node, or what is in it."""
        if _is_for_people(node):
            return node
        for kind, made in _changes(node):
            changed = self.change(node, kind, made)
            if changed is not None:
                return changed
        self.generic_visit(node)
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Go on, but not into what only types or decorates."""
        for name, value in ast.iter_fields(node):
            if name in {
                "annotation",
                "returns",
                "decorator_list",
                "bases",
                "keywords",
                "msg",
                "exc",
            } and not (name == "keywords" and isinstance(node, ast.Call)):
                continue
            if isinstance(value, list):
                value[:] = [self.visit(each) if isinstance(each, ast.AST) else each for each in value]
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node


def _is_for_people(node: ast.AST) -> bool:
    """Whether a node is none that decides: a text, an import, an assertion, a message, a memory."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert | ast.JoinedStr | ast.Raise):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
    return any(isinstance(each, ast.Name) and each.id.endswith(REMEMBERED) for each in targets)


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every change of one node, as its kind and the node in its place."""
    for types, change in CHANGES:
        if isinstance(node, types):
            yield from change(node)
            return


def _of_comparison(node: ast.Compare) -> Iterator[tuple[str, ast.AST]]:
    for index, operator in enumerate(node.ops):
        made = copy.deepcopy(node)
        made.ops[index] = COMPARISONS[type(operator)]()
        yield "comparison", made


def _of_boolean(node: ast.BoolOp) -> Iterator[tuple[str, ast.AST]]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield "boolean", ast.BoolOp(op=other, values=copy.deepcopy(node.values))


def _of_not(node: ast.UnaryOp) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.op, ast.Not):
        yield "boolean", copy.deepcopy(node.operand)


def _of_operator(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    if type(node.op) in OPERATORS:
        made = copy.deepcopy(node)
        made.op = OPERATORS[type(node.op)]()
        yield "operator", made


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.value, bool):
        yield "constant", ast.Constant(value=not node.value)
    elif isinstance(node.value, int):
        yield "constant", ast.Constant(value=node.value + 1)


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.func, ast.Name) and node.func.id in NAMES:
        made = copy.deepcopy(node)
        made.func = ast.Name(id=NAMES[node.func.id], ctx=ast.Load())
        yield "call", made


def _of_condition(node: ast.IfExp | ast.If) -> Iterator[tuple[str, ast.AST]]:
    for value in (True, False):
        made = copy.deepcopy(node)
        made.test = ast.Constant(value=value)
        yield "condition", made


def _of_comprehension(node: ast.comprehension) -> Iterator[tuple[str, ast.AST]]:
    if node.ifs:
        made = copy.deepcopy(node)
        made.ifs = made.ifs[1:]
        yield "condition", made


def _of_return(node: ast.Return) -> Iterator[tuple[str, ast.AST]]:
    # A constant is changed as one; nothing in place of False would be no change.
    if node.value is not None and not isinstance(node.value, ast.Constant):
        yield "return", ast.Return(value=ast.Constant(value=None))


def _of_statement(_: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    yield "statement", ast.Pass()


CHANGES: tuple[tuple[Any, Callable[[Any], Iterator[tuple[str, ast.AST]]]], ...] = (
    (ast.Compare, _of_comparison),
    (ast.BoolOp, _of_boolean),
    (ast.UnaryOp, _of_not),
    (ast.BinOp, _of_operator),
    (ast.Constant, _of_constant),
    (ast.Call, _of_call),
    ((ast.If, ast.IfExp), _of_condition),
    (ast.comprehension, _of_comprehension),
    (ast.Return, _of_return),
    ((ast.Expr, ast.AugAssign, ast.Continue, ast.Break), _of_statement),
)
"""What is changed of each type of node."""


def mutants(module: str, source: str) -> list[Mutant]:
    """Every mutant of a source, in a fixed order."""
    mutator = _Mutator(None)
    mutator.visit(ast.parse(source))
    return [
        Mutant(module, number, line, kind, before, after)
        for number, (line, kind, before, after) in enumerate(mutator.found)
    ]


def mutated(source: str, number: int) -> ast.Module:
    """The tree of a source with one change."""
    mutator = _Mutator(number)
    tree = mutator.visit(ast.parse(source))
    assert isinstance(tree, ast.Module), "a module stays a module"
    return ast.fix_missing_locations(tree)
