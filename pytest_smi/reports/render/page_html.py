"""index.html: one file that needs nothing else, made from the template, style and script in the folder `page`.

Every string of the matrix goes through the template's escaping or, for the script, through JSON without a `<`; the
script puts text on the page as text only. The page's own policy allows exactly its style and its script,
by their digests, and nothing from elsewhere.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.render.page_model import page_of
from pytest_smi.reports.render.page_records import Links
from pytest_smi.reports.render.wording import API_TITLES, LEVEL_TITLES, STATUS_TITLES, moment, visible

__all__ = ["index_html", "with_code"]

_SCRIPTS = ("data.js", "address.js", "matrix.js", "grid.js", "evidence.js", "panel.js", "start.js")
"""In this order they are one script, within one function."""
_CODE = re.compile(r"`([^`\n]+)`")


def index_html(
    matrix: Matrix,
    evidence: Mapping[str, bytes],
    statements: Mapping[str, str],
    *,
    matrix_sha256: str | None,
    signer: str | None,
    links: Links,
    now: datetime | None = None,
    max_age: timedelta | None = None,
) -> bytes:
    """Return the page.

    `signer`: fingerprint of the key that the matrix was verified with, or None. `matrix_sha256`: None for a page of
    many reports. For the rest see `page_of`.
    """
    page = page_of(matrix, evidence, statements, links=links, signed=signer is not None, now=now, max_age=max_age)
    style, script = _asset("page.css"), "".join(_asset(name) for name in _SCRIPTS)
    text = _template().render(
        page=page,
        signer=signer,
        matrix_sha256=matrix_sha256,
        max_age=None if max_age is None else max_age.total_seconds(),
        style=Markup(style),  # noqa: S704, our own file
        script=Markup(script),  # noqa: S704, our own file
        policy="; ".join(_policy(style, script, loads=bool(links.details))),
        data=_embedded(page.document),
        status_titles=STATUS_TITLES,
        level_titles=LEVEL_TITLES,
        api_titles=API_TITLES,
    )
    return text.encode("utf-8", "replace")


def _policy(style: str, script: str, *, loads: bool) -> Iterator[str]:
    yield "default-src 'none'"
    yield f"style-src '{_digest(style)}'"
    yield f"script-src '{_digest(script)}'"
    # Details and badges of a site lie beside its pages.
    yield "img-src data: 'self'" if loads else "img-src data:"
    if loads:
        yield "connect-src 'self'"
    yield "base-uri 'none'"
    yield "form-action 'none'"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"date": _date, "day": _day, "visible": visible, "compact": _compact, "code": with_code}
    environment.filters |= {"address": _address}
    return environment.get_template("page.html.j2")


@cache
def _asset(name: str) -> str:
    return resources.files("pytest_smi.reports.render").joinpath("page").joinpath(name).read_text("utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _embedded(document: Mapping[str, Any]) -> Markup:
    text = json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    # Within JSON these stand in strings only, where an escape means the same; the HTML parser never sees a tag or a
    # comment.
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


def _date(text: str) -> str:
    when = moment(text)
    return text if when is None else when.strftime("%-d %B %Y, %H:%M %Z").replace("UTC+00:00", "UTC")


def _day(text: str) -> str:
    when = moment(text)
    return text if when is None else when.strftime("%Y-%m-%d")


def with_code(text: str) -> Markup:
    """Return the text with what stands between backticks as code."""
    parts = _CODE.split(visible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )


def _address(key: str) -> str:
    """Return a key as it stands in the part of an address after the `#`."""
    return quote(visible(key), safe="@~=+,:!*'()")


def _compact(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
