"""Traffic Split: backends that are Services of another type than the usual one."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from pytest_smi.scenario.scenario import MARKED, PLAIN, Landings, Scenario, Workload, assertion


@assertion(
    "SP-68", level="unspecified", source="split v1alpha4 §Specification", since={"split": "v1alpha2"}, serial=True
)
def test_backends_of_other_types(smi: Scenario) -> None:
    """Backends that are headless, or of the type NodePort or ExternalName, may be supported or not: the specification
    speaks of Services that potentially have a different type."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED, labels={"typed": smi.tag})
    types = {
        "headless": {"clusterIP": "None"},
        "NodePort": {"type": "NodePort"},
        "ExternalName": {"type": "ExternalName", "externalName": f"{v1.name}.{v1.namespace}.svc.cluster.local"},
    }
    roots = {kind: smi.service(f"root-{number}", [v1], ports=PLAIN) for number, kind in enumerate(types)}
    smi.open_to_all(v1, sources=[a])
    smi.control_later_split(a, v1, name="before")
    readings = {}
    for number, (kind, fields) in enumerate(types.items()):
        backend = _service(smi, f"{kind.lower()}-{smi.tag}", fields)
        smi.put(backend)
        split = smi.split(roots[kind], {kind.lower(): 100}, name=kind.lower())
        later = partial(smi.control_later_split, a, v1, name=f"after-{number}")
        if smi.apply_unless_refused(split):
            readings[kind] = "the split is refused"
        elif smi.stopped(later, split, backend):
            readings[kind] = "while it stands, no split that is made later takes effect"
        else:
            readings[kind] = _reached(smi.landings(a.get(roots[kind])), v1)
            smi.delete(split)
    smi.observed(", ".join(f"{kind}: {readings[kind]}" for kind in types))


def _reached(where: Landings, v1: Workload) -> str:
    if None in where:
        return "requests fail"
    return "its pods are reached" if (v1.name, 8081) in where else "requests go to the root's endpoints"


def _service(smi: Scenario, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a Service over the pods of this scenario that are marked for it."""
    port = {"name": "http-8080", "port": 8080, "targetPort": 8081, "protocol": "TCP", "appProtocol": "http"}
    chosen = {} if fields.get("type") == "ExternalName" else {"selector": {"typed": smi.tag}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": smi.namespace("t1")},
        "spec": {**chosen, "ports": [port], **fields},
    }
