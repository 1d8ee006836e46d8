"""Calls between workloads as the source code of an assertion writes them, put into words. Pure."""

from __future__ import annotations

import ast
from collections.abc import Mapping

_CALLS = ("get", "send", "http", "tcp", "udp")
_MORE = {
    "with_headers": "with other headers",
    "with_host_header": "with another host header",
    "with_version": "over another version of HTTP",
    "from_pod": "by pod",
}
Names = Mapping[str, ast.expr]


def names_of(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Return what each local name stands for; of a name that is assigned more than once the first."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, node.value)
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for one, value in zip(target.elts, node.value.elts, strict=False):
                    if isinstance(one, ast.Name):
                        found.setdefault(one.id, value)
    return found


def call_words(node: ast.expr, names: Names, depth: int = 4) -> str | None:
    """Return a call in words, such as `GET /m from a to srv`; None for an expression that is no call."""
    if isinstance(node, ast.Starred):
        return call_words(node.value, names, depth)
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return call_words(node.elt, names, depth)
    if isinstance(node, ast.Name) and depth and node.id in names:
        return call_words(names[node.id], names, depth - 1)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "replace" and node.args:
        words = call_words(node.args[0], names, depth)
        return words and f"{words}, but {', '.join(f'{one.arg} {_text(one.value)}' for one in node.keywords)}"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    verb, base = node.func.attr, node.func.value
    if verb in _MORE and (words := call_words(base, names, depth)) is not None:
        return f"{words}, {_MORE[verb]} ({', '.join(map(_text, node.args))})"
    if verb not in _CALLS or not isinstance(base, ast.Name) or not node.args or base.id == "smi":
        return None
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    if verb == "get" and isinstance(node.args[0], ast.Constant):  # of a mapping, not from a workload
        return None
    arguments = list(node.args)
    method = _text(arguments.pop(0)) if verb == "send" else "GET"
    server = ast.unparse(arguments.pop(0)) if arguments else "?"
    between = f"from {base.id} to {server}" + (f" on port {_text(given['port'])}" if "port" in given else "")
    if verb in ("tcp", "udp"):
        return f"{'a TCP connection' if verb == 'tcp' else 'a UDP datagram'} {between}"
    if verb == "http":
        return f"{', '.join(_request(argument, names) for argument in arguments) or 'GET /'} {between}"
    path = arguments[0] if arguments else given.get("path")
    headers = f", headers {_text(given['headers'])}" if "headers" in given else ""
    return f"{method} {'/' if path is None else _text(path)} {between}{headers}"


def spread(node: ast.expr, names: Names) -> str:
    """Return over what a comprehension goes: ` for path in ('/a', '/b')`; empty for anything else."""
    inner = _known(node.value if isinstance(node, ast.Starred) else node, names)
    if not isinstance(inner, ast.GeneratorExp | ast.ListComp):
        return ""
    parts = [f" for {ast.unparse(one.target)} in {ast.unparse(_known(one.iter, names))}" for one in inner.generators]
    return "".join(parts)


def _known(node: ast.expr, names: Names) -> ast.expr:
    return names.get(node.id, node) if isinstance(node, ast.Name) else node


def _request(node: ast.expr, names: Names) -> str:
    node = _known(node, names)
    if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "Request"):
        return f"`{ast.unparse(node)}`"
    given = {keyword.arg: _text(keyword.value) for keyword in node.keywords if keyword.arg}
    first = f"{given.pop('method', 'GET')} {given.pop('path', '/')}"
    return f"{first}{''.join(f', {name} {value}' for name, value in given.items())}"


def _text(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)
