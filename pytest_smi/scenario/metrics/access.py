"""Who may read metrics: an account without permission, and one that was given it. Thin I/O."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_smi.scenario.scenario import Answer, Inconclusive, Scenario
from pytest_smi.smi.render import GROUPS


@dataclass(frozen=True, slots=True)
class Reader:
    """A ServiceAccount that asks for metrics of its namespace."""

    smi: Scenario
    namespace: str
    name: str

    def ask(self) -> Answer:
        """GET the Deployments' metrics as this account."""
        return self.smi.api(
            self.smi.metrics_path(f"/namespaces/{self.namespace}/deployments"), account=(self.namespace, self.name)
        )

    def permit(self) -> None:
        """Give the account a Role to read all metrics of the namespace;
        inconclusive when that has no effect in time."""
        meta = {"name": self.name, "namespace": self.namespace}
        rules = [{"apiGroups": [GROUPS["metrics"]], "resources": ["*"], "verbs": ["get", "list"]}]
        self.smi.put({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta, "rules": rules})
        self.smi.put(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": meta,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": self.name},
                "subjects": [{"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}],
            }
        )
        rounds = self.smi.context.rounds("the account may read metrics")
        for _ in rounds:
            answer = self.ask()
            if answer.ok:
                return
            if rounds.over(self.smi.limits.settle_deadline):
                raise Inconclusive(f"the account is refused although it has a Role: {answer.message}")


def reader(smi: Scenario) -> Reader:
    """Create an account without any role."""
    found = Reader(smi, smi.namespace("t1"), f"reader-{smi.tag}")
    smi.put(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": found.name, "namespace": found.namespace}}
    )
    return found
