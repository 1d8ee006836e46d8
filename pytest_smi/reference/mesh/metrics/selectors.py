"""Label and field selectors of list requests, as Kubernetes writes them: `app=x,tier!=db,zone in (a,b),!legacy`."""

import re

from pytest_smi.reference.mesh.label_selectors import Requirement, Selector

_KEY = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_EQUALITY = re.compile(rf"^\s*({_KEY})\s*(==|=|!=)\s*({_VALUE})\s*$")
_SET = re.compile(rf"^\s*({_KEY})\s+(in|notin)\s*\(([^()]*)\)\s*$")
_EXISTS = re.compile(rf"^\s*(!?)\s*({_KEY})\s*$")
_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^(]*\))")
_FIELDS = ("metadata.name", "metadata.namespace")


class SelectorError(ValueError):
    """A selector that cannot be read; the message is for the client."""


def parse_label_selector(text: str) -> Selector:
    """Return the selector of a `labelSelector` parameter; SelectorError when it cannot be read."""
    terms = _COMMA_OUTSIDE_PARENTHESES.split(text) if text.strip() else []
    return Selector(requirements=tuple(_requirement(term) for term in terms))


def parse_field_selector(text: str) -> dict[str, str]:
    """Return the equalities of a `fieldSelector` parameter, over metadata.name and metadata.namespace."""
    found: dict[str, str] = {}
    for term in filter(None, text.split(",")):
        field, equals, value = term.replace("==", "=").partition("=")
        if not equals or field.endswith("!") or field not in _FIELDS:
            raise SelectorError(
                f'field selector not supported: "{term}"; supported are equalities over {", ".join(_FIELDS)}'
            )
        found[field] = value
    return found


def _requirement(term: str) -> Requirement:
    if match := _EQUALITY.match(term):
        key, operator, value = match.groups()
        return Requirement(key=key, operator="NotIn" if operator == "!=" else "In", values=(value,))
    if match := _SET.match(term):
        key, word, inside = match.groups()
        values = tuple(value.strip() for value in inside.split(","))
        if all(re.fullmatch(_VALUE, value) for value in values):
            return Requirement(key=key, operator="In" if word == "in" else "NotIn", values=values)
    if match := _EXISTS.match(term):
        return Requirement(key=match[2], operator="DoesNotExist" if match[1] else "Exists")
    raise SelectorError(
        f'unable to parse requirement "{term.strip()}"; write it as key=value, key!=value, key in (a,b), key or !key'
    )
