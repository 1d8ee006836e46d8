"""index.html: one file that needs nothing else, made from the template, style and script in the folder `page`.

Every string of the matrix goes through the template's escaping or, for the script, through JSON without a `<`; the
script puts text on the page as text only. The page's own policy allows exactly its style and its script,
by their digests, and nothing from elsewhere.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.render.page_model import page_of
from pytest_smi.reports.render.wording import LEVEL_TITLES, STATUS_TITLES, moment, visible

__all__ = ["index_html"]


def index_html(
    matrix: Matrix,
    evidence: Mapping[str, bytes],
    statements: Mapping[str, str],
    *,
    matrix_sha256: str,
    signer: str | None,
    evidence_links: bool,
) -> bytes:
    """Return the page.

    `signer`: fingerprint of the key that the matrix was verified with, or None. For the rest see `page_of`.
    """
    page = page_of(matrix, evidence, statements, evidence_links=evidence_links)
    style, script = _asset("page.css"), _asset("page.js")
    text = _template().render(
        page=page,
        signer=signer,
        matrix_sha256=matrix_sha256,
        style=Markup(style),  # noqa: S704, our own file
        script=Markup(script),  # noqa: S704, our own file
        policy="; ".join(
            (
                "default-src 'none'",
                f"style-src '{_digest(style)}'",
                f"script-src '{_digest(script)}'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
        data=_embedded(page.document),
        status_titles=STATUS_TITLES,
        level_titles=LEVEL_TITLES,
    )
    return text.encode("utf-8", "replace")


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"date": _date, "visible": visible, "compact": _compact}
    return environment.from_string(_asset("page.html.j2"))


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


def _compact(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
