"""TrafficSplit in every version of split.smi-spec.io, both ways. Pure.

v1alpha1 weighs with Kubernetes quantities, all others with whole numbers; `matches` came with v1alpha3.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from pytest_smi.smi.model import Backend, TrafficSplit
from pytest_smi.smi.object_reader import Reader, whole_number
from pytest_smi.smi.quantities import parse_quantity, render_quantity
from pytest_smi.smi.versions import before, not_expressible


def split_body(record: TrafficSplit, version: str) -> dict[str, Any]:
    """Return the fields of a TrafficSplit beside its metadata. Raises NotExpressible."""
    backends = [{"service": backend.service, "weight": _weight(backend.weight, version)} for backend in record.backends]
    spec: dict[str, Any] = {"service": record.service, "backends": backends}
    if record.matches is not None:
        if before(version, "v1alpha3"):
            raise not_expressible("split", version, "a split of a segment (matches)")
        spec["matches"] = [{"kind": "HTTPRouteGroup", "name": name} for name in record.matches]
    return {"spec": spec}


def read_split(name: str, namespace: str, item: Reader, version: str) -> TrafficSplit:
    """Read what `split_body` writes, in v1alpha1 any legal quantity. Raises ValueError."""
    spec = item.inner("spec")
    matches = None
    if spec.has("matches") and not before(version, "v1alpha3"):
        matches = tuple(match.text("name") for match in spec.each("matches"))
    return TrafficSplit(
        name=name,
        namespace=namespace,
        service=spec.text("service"),
        backends=tuple(
            Backend(service=one.text("service"), weight=_read_weight(one, version)) for one in spec.each("backends")
        ),
        matches=matches,
    )


def _weight(weight: int | Fraction, version: str) -> int | str:
    if version != "v1alpha1":
        if Fraction(weight).denominator != 1:
            raise not_expressible("split", version, f"a weight that is no whole number ({weight})")
        return int(weight)
    try:
        return render_quantity(weight)
    except ValueError as error:
        raise not_expressible("split", version, str(error)) from None


def _read_weight(backend: Reader, version: str) -> int | Fraction:
    value, path = backend.value.get("weight"), f"{backend.path}.weight"
    if version != "v1alpha1":
        return whole_number(value, path)
    try:
        return parse_quantity(value)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
