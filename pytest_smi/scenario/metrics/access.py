"""Who may read metrics: an account without permission, and what it may once it has a Role. Thin I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_smi.scenario.scenario import Answer, Inconclusive, Scenario
from pytest_smi.scenario.verdict import require
from pytest_smi.smi.render import GROUPS


@dataclass(frozen=True, slots=True)
class Reader:
    """A ServiceAccount that asks for metrics."""

    smi: Scenario
    namespace: str
    name: str

    def ask(self, rest: str = "/deployments") -> Answer:
        """GET what is below its namespace as this account."""
        return self.ask_anywhere(f"/namespaces/{self.namespace}{rest}")

    def ask_anywhere(self, rest: str) -> Answer:
        """GET what is below the API's version as this account."""
        return self.smi.api(self.smi.metrics_path(rest), account=(self.namespace, self.name))

    def permit(self, *resources: str, listed: Sequence[str] = (), shown_by: str = "/deployments") -> None:
        """Give the account a Role to read these resources' metrics in the namespace (`*`: all), and to list those that
        are `listed`; inconclusive when that has no effect on `shown_by` in time."""
        meta = {"name": self.name, "namespace": self.namespace}
        verbs = {("get", "list"): resources, ("list",): listed}
        rules = [
            {"apiGroups": [GROUPS["metrics"]], "resources": list(of), "verbs": list(which)}
            for which, of in verbs.items()
            if of
        ]
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
        answer = self.until_permitted(shown_by)
        if not answer.ok:
            raise Inconclusive(f"the account is refused although it has a Role: {answer.message}")

    def until_permitted(self, rest: str) -> Answer:
        """Return the first answer that is no refusal, or the one when a permission had its time to take effect."""
        rounds = self.smi.context.rounds("the account may read metrics")
        for _ in rounds:
            answer = self.ask(rest)
            if answer.status != 403 or rounds.over(self.smi.limits.settle_deadline):
                break
        return answer


def refused_so_far(who: Reader, *rests: str) -> None:
    """Control: the account may read nothing of this yet, so that the Role is seen to have an effect."""
    for rest in rests:
        answer = who.ask(rest)
        if answer.status != 403:
            raise Inconclusive(f"an account without any role was answered {answer.status} for {rest}")


def reads(who: Reader, rest: str) -> None:
    """The account is answered as the run's own account is, which may read everything."""
    found = who.until_permitted(rest)
    expected = who.smi.api(who.smi.metrics_path(f"/namespaces/{who.namespace}{rest}")).status
    require(found.status != 403, f"{rest}: refused although a Role permits it: {found.message}")
    if not found.ok and found.status != expected:
        raise Inconclusive(f"{rest}: the account was answered {found.status}, the run's own account {expected}")


def reader(smi: Scenario) -> Reader:
    """Create an account without any role."""
    found = Reader(smi, smi.namespace("t1"), f"reader-{smi.tag}")
    smi.put(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": found.name, "namespace": found.namespace}}
    )
    return found
