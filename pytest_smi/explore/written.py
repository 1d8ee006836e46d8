"""A counterexample as files that people read and kubectl applies, and read back for `--smi-replay`. Pure.

`step-1-apply.yaml`, `step-1-delete.yaml`, … are the changes in order, `beside.yaml` what opens access where it is about
a split, `request.json` the request, `README.txt` what differs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import yaml

from pytest_smi.errors import UsageProblem
from pytest_smi.explore.case import (
    CLIENT,
    LATE,
    ROOT,
    TWIN,
    Ask,
    Case,
    Identity,
    ServiceObject,
    State,
    Step,
    Thing,
)
from pytest_smi.explore.told import printable_lines, table_text
from pytest_smi.matrix.exploration import Change, Counterexample
from pytest_smi.oracle import Call
from pytest_smi.smi.model import Subject, TrafficTarget
from pytest_smi.smi.parse import parse

README, REQUEST, BESIDE = "README.txt", "request.json", "beside.yaml"
_USUAL_NAME = re.compile(r"(?:http|tcp|udp)-([0-9]+) \1/(?:TCP|UDP)")
_STEP = re.compile(r"step-([0-9]{1,4})-(apply|delete)\.yaml")


def change_of(
    step: Step, before: State | None, manifests: Callable[[tuple[Thing, ...]], list[dict[str, Any]]]
) -> Change:
    """Return a step as Kubernetes objects; `before` is the state that it changes."""
    gone = tuple(one for key, one in (before or {}).items() if key in step.drop)
    dropped = tuple(
        {"apiVersion": one["apiVersion"], "kind": one["kind"], "metadata": _name(one)} for one in manifests(gone)
    )
    return Change(put=tuple(manifests(step.put)), drop=dropped)


def request_of(ask: Ask, *, reuse: bool) -> dict[str, Any]:
    """Return a request in parts."""
    return {
        "client": ask.client,
        "service": "/".join(ask.service),
        "port": ask.port,
        "protocol": ask.call.protocol,
        "method": ask.call.method,
        "path": ask.call.path,
        "headers": [list(pair) for pair in ask.call.headers],
        "httpVersion": ask.version,
        "oneConnection": reuse,
    }


def files_of(one: Counterexample, *, mesh: str, seed: int, where: str) -> dict[str, bytes]:
    """Return the files of a counterexample, by name; `where` is the folder that holds them."""
    found: dict[str, bytes] = {}
    for number, step in enumerate(one.steps, 1):
        for verb, items in (("apply", step.put), ("delete", step.drop)):
            if items:
                found[f"step-{number}-{verb}.yaml"] = _yaml(items)
    if one.beside:
        found[BESIDE] = _yaml(one.beside)
    found[REQUEST] = json.dumps(one.request, indent=2, ensure_ascii=False).encode() + b"\n"
    lines = [
        one.summary,
        "",
        f"mesh         {mesh}",
        f"requirement  {one.requirement or 'none fits'}",
        f"found in     world {one.world} of seed {seed}" + (f", and in {one.found_again} more" * bool(one.found_again)),
        f"size         {'smallest found' if one.shrunk else 'not shrunk to the end: the time was over'}",
        *([] if one.repeated else ["again        no: it was not seen when it was played once more"]),
        "",
        f"repeat       pytest --mesh={mesh} --smi-replay {where}",
        "steps        " + ", ".join(sorted(name for name in found if _STEP.fullmatch(name))),
        *([f"beside       {BESIDE}: every client in the mesh may call every server"] if one.beside else []),
        "",
    ]
    text = printable_lines(lines) + "\n" + table_text(one.table) + "\n"
    return found | {README: text.encode("utf-8", "replace")}


def read_case(files: Mapping[str, bytes], origin: str) -> Case:
    """Return the case of files that `files_of` wrote, and that people may have changed. Raises UsageProblem."""
    try:
        ask, reuse = _ask(json.loads(files[REQUEST]))
        numbers = sorted({int(match[1]) for name in files if (match := _STEP.fullmatch(name))})
        steps = tuple(_step(files, number) for number in numbers)
    except KeyError as error:
        raise UsageProblem(f"{origin} lacks {error}", "Name a folder counterexamples/N of a report.") from None
    except (ValueError, TypeError, yaml.YAMLError, AttributeError) as error:
        raise UsageProblem(
            f"{origin} is no counterexample that can be read: {error}", "Get it again from the report."
        ) from None
    return Case(steps=steps or (Step(),), asks=(ask,), open=BESIDE in files, reuse=reuse)


def _step(files: Mapping[str, bytes], number: int) -> Step:
    put, drop = (
        [one for one in yaml.safe_load_all(files.get(f"step-{number}-{verb}.yaml", b"")) if one]
        for verb in ("apply", "delete")
    )
    gone: list[Identity] = [
        (one["kind"], one["metadata"].get("namespace", "t1"), one["metadata"]["name"]) for one in drop
    ]
    return Step(put=tuple(map(_thing, put)), drop=tuple(gone))


def _thing(item: dict[str, Any]) -> Thing:
    if item.get("kind") == "TrafficTarget":
        return _target(item)
    if item.get("kind") != "Service":
        return parse(item)
    metadata, ports = item["metadata"], item["spec"]["ports"]
    name, namespace = metadata["name"], metadata.get("namespace", "t1")
    over = "v3" if name == LATE else "" if name in (ROOT, TWIN) else name
    keys = [f"{port['port']}/{port.get('protocol', 'TCP')}" for port in ports]
    return ServiceObject(
        name=name,
        namespace=namespace,
        over=over,
        ports=tuple((key, int(port.get("targetPort", port["port"]))) for key, port in zip(keys, ports, strict=True)),
        port_names=tuple(
            (key, port["name"])
            for key, port in zip(keys, ports, strict=True)
            if "name" in port and not _USUAL_NAME.fullmatch(port["name"] + " " + key)
        ),
    )


def _target(item: dict[str, Any]) -> Thing:
    """Return a target; the destination of one that has none has no name."""
    fields = item.get("spec", item)
    if "destination" in fields:
        return parse(item)
    nobody = {"destination": {"kind": "ServiceAccount", "name": "nobody"}}
    target = parse({**item, "spec": {**fields, **nobody}} if "spec" in item else {**item, **nobody})
    assert isinstance(target, TrafficTarget)
    return replace(target, destination=Subject(name="", namespace=target.namespace))


def _ask(request: dict[str, Any]) -> tuple[Ask, bool]:
    if request["client"] not in CLIENT:
        raise ValueError(f"the client is one of {', '.join(CLIENT)}, found {request['client']!r}")
    namespace, _, name = request["service"].partition("/")
    call = Call(
        protocol=request["protocol"],
        method=request.get("method", ""),
        path=request.get("path", ""),
        headers=tuple((str(key), str(value)) for key, value in request.get("headers", ())),
    )
    ask = Ask(
        client=request["client"],
        service=(namespace, name),
        port=int(request["port"]),
        call=call,
        version=request.get("httpVersion", "1.1"),
    )
    return ask, bool(request.get("oneConnection"))


def _name(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item["metadata"][key] for key in ("name", "namespace")}


def _yaml(items: tuple[dict[str, Any], ...]) -> bytes:
    return yaml.safe_dump_all(items, sort_keys=False, allow_unicode=True).encode()
