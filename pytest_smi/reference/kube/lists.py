"""Lists: selection and paging with `limit` and `continue`. A continued list shows the state that its first page saw."""

from __future__ import annotations

import base64
import json
import secrets
from collections import OrderedDict
from typing import Any

from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.selectors import Predicate
from pytest_smi.reference.kube.status import BadRequest, Gone

KEPT = 64
"""Continued lists kept at once; the oldest then expire with 410."""


class Pager:
    """Cuts lists into pages. Stored objects never change, so that keeping a list costs references only."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[list[Object], str]] = OrderedDict()

    def page(
        self, objects: list[Object], resource_version: str, predicate: Predicate | None, limit: int
    ) -> tuple[list[Object], dict[str, Any]]:
        """Return the first page and the list's metadata; limit 0 means everything."""
        selected = objects if predicate is None else [obj for obj in objects if predicate(obj)]
        return self._cut(selected, resource_version, limit, 0, "")

    def next(self, token: str, limit: int) -> tuple[list[Object], dict[str, Any]]:
        """Return the page that a continue token asks for; raises Gone when the list is no longer kept,
        BadRequest for no token of ours."""
        try:
            wanted = json.loads(base64.urlsafe_b64decode(token.encode()))
            name, start = str(wanted["id"]), int(wanted["start"])
        except (ValueError, TypeError, KeyError):
            raise BadRequest("continue key is not valid: it is no token of a list") from None
        if name not in self._kept:
            raise Gone(
                "The provided continue parameter is too old to display a consistent list result. "
                "You can start a new list without the continue parameter."
            )
        selected, version = self._kept[name]
        return self._cut(selected, version, limit, start, name)

    def _cut(
        self, selected: list[Object], version: str, limit: int, start: int, name: str
    ) -> tuple[list[Object], dict[str, Any]]:
        meta: dict[str, Any] = {"resourceVersion": version}
        end = start + limit if limit > 0 else len(selected)
        if end < len(selected):
            if not name:
                name = secrets.token_hex(8)
                self._kept[name] = (selected, version)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            token = json.dumps({"v": "meta.k8s.io/v1", "rv": int(version), "id": name, "start": end})
            meta["continue"] = base64.urlsafe_b64encode(token.encode()).decode()
            meta["remainingItemCount"] = len(selected) - end
        return selected[start:end], meta
