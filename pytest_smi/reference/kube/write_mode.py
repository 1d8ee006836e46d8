"""How a write was asked for: dry run, and what to do about unknown fields.

Query parameters in, one record out. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_smi.reference.kube.status import BadRequest, Cause, Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteMode:
    """One write. `strict` refuses unknown fields, else they are dropped and noted in `warnings`."""

    dry_run: bool = False
    strict: bool = False
    warnings: list[str] = field(default_factory=list)

    def headers(self) -> dict[str, str]:
        """Return the Warning header of the answer, when there is something to warn about."""
        quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in self.warnings]
        return {"Warning": ", ".join(f'299 - "{text}"' for text in quoted)} if quoted else {}

    def unknown_fields(self, kind: str, version: str, fields: list[str]) -> None:
        """Warn about unknown fields, or raise BadRequest when they are not to be there."""
        told = [f'unknown field "{name}"' for name in fields]
        if told and self.strict:
            text = (
                f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {", ".join(told)}'
            )
            raise BadRequest(text)
        self.warnings.extend(told)


def dry_run(value: str | None, options: str) -> bool:
    """Return whether `value` asks for a dry run; only `All` does.

    `options` names the request's kind of options for the refusal (422).
    """
    if value not in (None, "", "All"):
        text = f'Unsupported value: ["{value}"]: supported values: "All"'
        raise Invalid(
            options, "meta.k8s.io", "", [Cause(field="dryRun", reason="FieldValueNotSupported", message=text)]
        )
    return value == "All"


def write_mode(query: Mapping[str, str], options: str) -> WriteMode:
    """Return the mode of a request; raises Invalid for values that are not known."""
    return WriteMode(
        dry_run=dry_run(query.get("dryRun"), options),
        strict=query.get("fieldValidation") == "Strict",
    )
