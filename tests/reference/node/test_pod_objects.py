"""What the kubelet reads from and writes to pod objects, pure."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.node.pod_spec import (
    ConfigError,
    command_line,
    default_container,
    environment,
    expand,
    redirect_container,
    start_order,
)
from pytest_smi.reference.node.pod_status import ContainerState, is_ready, pod_status


def pod(**spec: Any) -> dict[str, Any]:
    """A pod with two containers."""
    spec = {"containers": [{"name": "app"}, {"name": "proxy"}], **spec}
    return {"metadata": {"name": "p", "namespace": "t1", "labels": {"a": "b"}}, "spec": spec}


class TestSpec:
    """Reading."""

    def test_redirect_container_starts_first(self) -> None:
        """The annotation's container leads; one that names no container is ignored."""
        joined = pod()
        joined["metadata"]["annotations"] = {"network.smi-reference.io/redirect": "proxy"}
        assert [c["name"] for c in start_order(joined)] == ["proxy", "app"]
        joined["metadata"]["annotations"] = {"network.smi-reference.io/redirect": "nobody"}
        assert redirect_container(joined) is None

    def test_default_container(self) -> None:
        """The annotation of kubectl decides, else the first container."""
        one = pod()
        assert default_container(one) == "app"
        one["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "proxy"}
        assert default_container(one) == "proxy"

    def test_expansion(self) -> None:
        """$(NAME) is replaced when known, kept when not, and $$ is a dollar sign."""
        assert expand("$(A)-$(B)-$$(A)", {"A": "1"}) == "1-$(B)-$(A)"

    def test_environment_sources(self) -> None:
        """Values come from fields, config maps and secrets; a missing key is an error unless optional."""

        def find(plural: str, name: str) -> dict[str, Any] | None:
            return (
                {"configmaps": {"data": {"k": "v"}}, "secrets": {"data": {"s": "eA=="}}}.get(plural)
                if name == "m"
                else None
            )

        def value(source: dict[str, Any]) -> dict[str, str]:
            entry = {"name": "X", "valueFrom": source}
            return environment(pod(), {"env": [entry]}, base={}, pod_ip="127.9.128.1", node="n", find=find)

        assert value({"configMapKeyRef": {"name": "m", "key": "k"}}) == {"X": "v"}
        assert value({"secretKeyRef": {"name": "m", "key": "s"}}) == {"X": "x"}
        assert value({"fieldRef": {"fieldPath": "spec.serviceAccountName"}}) == {"X": "default"}
        assert value({"fieldRef": {"fieldPath": "metadata.labels['a']"}}) == {"X": "b"}
        assert value({"configMapKeyRef": {"name": "gone", "key": "k", "optional": True}}) == {}
        bad: list[dict[str, Any]] = [
            {"configMapKeyRef": {"name": "gone", "key": "k"}},
            {"fieldRef": {"fieldPath": "status.nope"}},
            {"resourceFieldRef": {}},
        ]
        for source in bad:
            with pytest.raises(ConfigError):
                value(source)

    def test_command_line(self) -> None:
        """A command replaces the image's entry point, arguments follow; without either there is an error."""
        assert command_line({"name": "c", "args": ["x"]}, {}, "prog") == ["prog", "x"]
        assert command_line({"name": "c", "command": ["a", "$(N)"]}, {"N": "1"}, "prog") == ["a", "1"]
        with pytest.raises(ConfigError):
            command_line({"name": "c"}, {}, None)


class TestStatus:
    """Writing."""

    @staticmethod
    def status(
        states: list[ContainerState], now: str = "now", before: dict[str, Any] | None = None, policy: str = "Always"
    ) -> dict[str, Any]:
        """The status of the pod with these states."""
        seen = {**pod(restartPolicy=policy), **({"status": before} if before else {})}
        return pod_status(seen, states, pod_ip="127.9.128.1", host_ip="127.9.0.1", start_time="then", now=now)

    def test_pending_running_ready(self) -> None:
        """A pod is Pending until its containers ran, Running then, Ready when all are ready;
        transitions keep their time."""
        app = ContainerState(name="app", image="i")
        first = self.status([app])
        assert (first["phase"], is_ready({"status": first})) == ("Pending", False)
        app.state = {"running": {"startedAt": "t"}}
        assert self.status([app])["phase"] == "Running"
        app.ready = True
        second = self.status([app], now="later", before=first)
        times = {c["type"]: c["lastTransitionTime"] for c in second["conditions"]}
        assert is_ready({"status": second})
        assert times == {
            "PodReadyToStartContainers": "now",
            "Initialized": "now",
            "Ready": "later",
            "ContainersReady": "later",
            "PodScheduled": "now",
        }

    @pytest.mark.parametrize(
        ("policy", "codes", "phase"),
        [
            ("Never", [0, 0], "Succeeded"),
            ("Never", [0, 1], "Failed"),
            ("Always", [1, 1], "Running"),
            ("OnFailure", [0, 1], "Running"),
        ],
    )
    def test_phase_of_ended_containers(self, policy: str, codes: list[int], phase: str) -> None:
        """Ended containers end the pod unless the policy restarts them."""
        states = [
            ContainerState(name=str(i), image="i", state={"terminated": {"exitCode": code}})
            for i, code in enumerate(codes)
        ]
        assert self.status(states, policy=policy)["phase"] == phase

    def test_init_containers_are_listed_apart(self) -> None:
        """Init containers have their own list and gate Initialized."""
        states = [ContainerState(name="i", image="i", init=True), ContainerState(name="app", image="i")]
        found = self.status(states)
        assert [s["name"] for s in found["initContainerStatuses"]] == ["i"]
        assert {c["type"]: c["status"] for c in found["conditions"]}["Initialized"] == "False"
