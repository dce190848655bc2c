"""Changes a solution automatically, one place at a time: each change must be refused, or be known to mean the same.

Works on syntax trees, so that a mutant's key (what was changed, where, into what) survives reformatting.
"""

from __future__ import annotations

import ast
import copy
import itertools
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from grader.catalogue.catalogue import Exercise

Change = tuple[ast.AST, str]
Operator = Callable[[ast.AST], Iterator[Change]]

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.MatMult: ast.Mult,
}  # fmt: skip
# A name or method and the sibling that learners take for it.
SIBLINGS = {
    "mean": "sum", "sum": "mean", "stack": "cat", "cat": "stack", "view": "clone", "float32": "float64",
    "float64": "float32", "int64": "int32", "eval": "train", "train": "eval", "zeros": "ones", "ones": "zeros",
    "zeros_like": "ones_like", "ones_like": "zeros_like", "min": "max", "max": "min", "any": "all", "all": "any",
    "round": "trunc", "floor": "ceil", "argmax": "argmin", "argmin": "argmax", "terminated": "truncated",
    "truncated": "terminated", "randn": "rand", "rand": "randn", "log_softmax": "softmax", "softmax": "log_softmax",
    "relu": "leaky_relu", "mse_loss": "l1_loss", "exp": "expm1", "update": "copy", "no_grad": "enable_grad",
    "parameters": "buffers", "named_parameters": "named_buffers",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
    # The in-place sibling, and the other way round.
    "add": "add_", "add_": "add", "sub": "sub_", "sub_": "sub", "mul": "mul_", "mul_": "mul", "div": "div_",
    "div_": "div", "clamp": "clamp_", "clamp_": "clamp", "sigmoid": "sigmoid_", "tanh": "tanh_",
    "masked_fill": "masked_fill_", "masked_fill_": "masked_fill", "squeeze_": "squeeze", "addcmul_": "addcmul",
}  # fmt: skip
DROPPED_METHODS = {
    "detach", "clone", "item", "requires_grad_", "contiguous", "cpu", "to", "float", "squeeze", "unsqueeze", "copy",
    "numpy", "tolist", "flatten",
}  # fmt: skip
PLAIN_TYPES = {"bool", "int", "float", "str", "tuple", "list", "dict", "set"}
LEAF_MAKERS = {
    "tensor", "as_tensor", "from_numpy", "zeros", "ones", "full", "empty", "rand", "randn", "randint", "randperm",
    "arange", "eye", "zeros_like", "ones_like", "rand_like", "randn_like", "empty_like", "new_zeros", "new_ones",
    "new_full", "new_tensor",
}  # fmt: skip
REMOVED = (
    ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.If, ast.For, ast.While, ast.Raise, ast.Delete,
    ast.Assert, ast.Break, ast.Continue, ast.FunctionDef,
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One changed solution: `key` names the change, `step` the definition that it is in."""

    key: str
    step: str
    text: str


def mutants(exercise: Exercise) -> Iterator[Mutant]:
    """Yield every mutant of an exercise's solution, in the order of its lines."""
    tree = ast.parse(exercise.solution.read_text(encoding="utf-8"))
    seen: Counter[str] = Counter()
    plain = without_graph(exercise)
    for definition in tree.body:
        if isinstance(definition, (ast.FunctionDef, ast.ClassDef)) and definition.name in exercise.steps:
            unrecorded = _below([definition]) if definition.name in plain else _below(_unrecorded(definition))
            for text, change in _changed(tree, definition, unrecorded):
                key = f"{definition.name}: {change}"
                seen[key] += 1
                yield Mutant(key if seen[key] == 1 else f"{key} (#{seen[key]})", definition.name, text)


def equivalents(exercise: Exercise) -> dict[str, str]:
    """Return the mutants that mean the same as the solution, by key, each with the reason."""
    return {key: reason for key, reason in _declared(exercise).items() if isinstance(reason, str)}


def without_graph(exercise: Exercise) -> dict[str, str]:
    """Return the steps to which nothing comes that requires a gradient, by name, each with the reason."""
    return dict(_declared(exercise).get("without_graph", {}))


def _declared(exercise: Exercise) -> dict[str, Any]:
    path = exercise.answers / "equivalent.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _unrecorded(definition: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a definition that autograd does not look at anyway."""
    for node in ast.walk(definition):
        match node:
            case ast.With(items=items, body=body) if "no_grad" in " ".join(map(ast.unparse, items)):
                yield from body
            case ast.FunctionDef(decorator_list=marks) if "no_grad" in " ".join(map(ast.unparse, marks)):
                yield node
            case ast.ClassDef(bases=bases) if "autograd.Function" in " ".join(map(ast.unparse, bases)):
                yield node


def _below(roots: Iterable[ast.AST]) -> set[ast.AST]:
    return {node for root in roots for node in ast.walk(root)}


def _changed(tree: ast.Module, definition: ast.AST, unrecorded: set[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield (text of the module, what was changed) for each change of one definition."""
    if isinstance(definition, ast.FunctionDef) and not (definition in unrecorded or _answers_plainly(definition)):
        body = definition.body
        definition.body = [ast.With([ast.withitem(_expression("torch.no_grad()"))], body)]
        yield _text(tree), "all of it under no_grad"
        definition.body = body
    for parent, field, index, node in _places(definition):
        for operator in OPERATORS if node in unrecorded else (*OPERATORS, _cut_from_the_graph):
            for new, said in operator(node):
                _put(parent, field, index, new)
                yield _text(tree), said
                _put(parent, field, index, node)


def _answers_plainly(definition: ast.FunctionDef) -> bool:
    """Return whether a function promises numbers or text alone, through which no gradient flows."""
    names = {node.id for node in ast.walk(definition.returns or ast.Name("?")) if isinstance(node, ast.Name)}
    return names <= PLAIN_TYPES


def _places(root: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yield (parent, field, index, node) for everything below a definition but annotations and docstrings."""
    for field, value in list(ast.iter_fields(root)):
        if field in ("annotation", "returns", "decorator_list", "bases"):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST) and not _is_text(node):
                yield root, field, index, node
                # What an exception or a message says is its author's own.
                if not isinstance(node, (ast.Raise, ast.JoinedStr)):
                    yield from _places(node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _text(tree: ast.Module) -> str:
    return ast.unparse(ast.fix_missing_locations(tree))


def _words(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:80]


def _replaced(node: ast.AST, new: ast.AST) -> Change:
    return new, f"{_words(node)} → {_words(new)}"


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """Return a shallow copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _removed(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.FunctionDef):
        yield ast.Pass(), f"removed: def {node.name}"
    elif isinstance(node, REMOVED):
        yield ast.Pass(), f"removed: {_words(node)}"
    if isinstance(node, (ast.If, ast.For)) and node.orelse:
        yield _with(node, orelse=[]), f"removed: else of {_words(node)}"
    if isinstance(node, ast.With):
        yield ast.If(ast.Constant(value=True), node.body, []), f"without: with {', '.join(map(_words, node.items))}"


def _conditions(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test)), f"negated: {_words(node.test)}"
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _replaced(node, _with(node, op=other))
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield _replaced(node, _with(node, ops=[COMPARISONS[type(node.ops[0])](), *node.ops[1:]]))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield _replaced(node, node.operand)


def _arithmetic(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC:
        yield _replaced(node, _with(node, op=ARITHMETIC[type(node.op)]()))


def _constants(node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield _replaced(node, ast.Constant(value=not node.value))
    elif isinstance(node.value, int):
        yield _replaced(node, ast.Constant(value=node.value + 1))
        yield _replaced(node, ast.Constant(value=node.value - 1))
    elif isinstance(node.value, float):
        yield _replaced(node, ast.Constant(value=node.value + 1))
    elif isinstance(node.value, str):
        yield _replaced(node, ast.Constant(value=f"{node.value}x"))


def _arguments(node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Call):
        return
    for index in range(len(node.args)):
        yield _replaced(node, _with(node, args=node.args[:index] + node.args[index + 1 :]))
    for index in range(len(node.keywords)):
        yield _replaced(node, _with(node, keywords=node.keywords[:index] + node.keywords[index + 1 :]))
    for index, (left, right) in enumerate(itertools.pairwise(node.args)):
        if ast.dump(left) != ast.dump(right):
            yield _replaced(node, _with(node, args=[*node.args[:index], right, left, *node.args[index + 2 :]]))


def _siblings(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Attribute) and node.attr in SIBLINGS:
        yield _replaced(node, _with(node, attr=SIBLINGS[node.attr]))
    if isinstance(node, ast.Name) and node.id in SIBLINGS:
        yield _replaced(node, _with(node, id=SIBLINGS[node.id]))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in DROPPED_METHODS:
        yield _replaced(node, node.func.value)


def _cut_from_the_graph(node: ast.AST) -> Iterator[Change]:
    """Yield the siblings that autograd does not see: `.detach()` on a result, `.data` on an operand."""
    results = (ast.Call, ast.BinOp, ast.Name)
    if isinstance(node, (ast.Return, ast.Assign)) and isinstance(node.value, results) and not _makes_a_leaf(node.value):
        detached = ast.Call(ast.Attribute(node.value, "detach", ast.Load()), [], [])
        yield _replaced(node, _with(node, value=detached))
    if isinstance(node, ast.BinOp):
        for side in ("left", "right"):
            operand = getattr(node, side)
            if isinstance(operand, (ast.Name, ast.Attribute)):
                yield _replaced(node, _with(node, **{side: ast.Attribute(operand, "data", ast.Load())}))


def _makes_a_leaf(node: ast.expr) -> bool:
    """Return whether an expression makes a tensor that requires no gradient, which detaching does not change."""
    if not isinstance(node, ast.Call) or any(keyword.arg == "requires_grad" for keyword in node.keywords):
        return False
    return isinstance(node.func, ast.Attribute) and node.func.attr in LEAF_MAKERS


OPERATORS: tuple[Operator, ...] = (_removed, _conditions, _arithmetic, _constants, _arguments, _siblings)
