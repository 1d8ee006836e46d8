"""The permissions of a run: one table for access reviews and for manifests/rbac.yaml."""

from typing import Any

import pytest
import yaml

from pytest_smi.cluster.connection import Answer
from pytest_smi.core.resources import bundled
from pytest_smi.doctor.cluster_checks import permissions
from pytest_smi.doctor.findings import Level
from pytest_smi.doctor.permissions import PULL_SECRET, Permission, granted, needed, role_rules
from pytest_smi.doctor.questions import permission_key, questions
from pytest_smi.profiles.registry import all_profiles
from tests.support.surveys import FORBIDDEN, a_profile, a_survey

CREATE_DEPLOYMENTS = Permission(verb="create", group="apps", resource="deployments")
EXEC = Permission(verb="get", group="", resource="pods/exec")
METRICS = Permission(verb="get", group="metrics.smi-spec.io", resource="*")


def role_of_the_manifest() -> dict[str, Any]:
    """The ClusterRole in manifests/rbac.yaml."""
    documents = yaml.safe_load_all((bundled("manifests") / "rbac.yaml").read_text(encoding="utf-8"))
    return next(document for document in documents if document["kind"] == "ClusterRole")


def test_manifest_grants_exactly_what_the_table_says() -> None:
    """A permission that is added to or taken from one of them fails here, named; objects of preconditions included."""
    table, manifest = granted(role_rules(all_profiles().values())), granted(role_of_the_manifest()["rules"])

    assert sorted(map(str, table - manifest)) == [], "add them to manifests/rbac.yaml"
    assert sorted(map(str, manifest - table)) == [], "take them out of manifests/rbac.yaml, or add them to the table"


def test_manifest_grants_no_secret_and_no_wildcard_beyond_metrics() -> None:
    """Secrets are never read, and nothing but the kinds of metrics is granted by a star."""
    manifest = granted(role_of_the_manifest()["rules"])

    assert {permission.verb for permission in manifest if permission.resource == "secrets"} == {"create"}
    assert {
        permission.group for permission in manifest if "*" in (permission.verb, permission.group, permission.resource)
    } == {"metrics.smi-spec.io"}


@pytest.mark.parametrize(
    ("claimed", "asked", "there", "not_there"),
    [
        (("access", "metrics"), ("access", "metrics"), METRICS, None),
        (("access", "metrics"), ("access",), EXEC, METRICS),
        (("access",), ("access", "metrics"), CREATE_DEPLOYMENTS, METRICS),
        ((), ("access", "metrics"), METRICS, None),
        (
            ("split",),
            ("split",),
            Permission(verb="create", group="specs.smi-spec.io", resource="httproutegroups"),
            METRICS,
        ),
    ],
)
def test_only_what_this_run_does(
    claimed: tuple[str, ...], asked: tuple[str, ...], there: Permission, not_there: Permission | None
) -> None:
    """APIs that are not claimed or not asked for take no permission; a mesh that claims none may be tested on all."""
    found = needed(a_profile(apis=dict.fromkeys(claimed, ("v1alpha1",))), asked)

    assert there in found
    assert not_there not in found
    assert len(found) == len(set(found))


def test_pull_secret_takes_one_permission_more() -> None:
    """Credentials for the image are a Secret in the run's namespaces."""
    more = set(needed(a_profile(), ("split", PULL_SECRET))) - set(needed(a_profile(), ("split",)))

    assert {str(permission) for permission in more} == {"create secrets"}


def test_review_asks_for_the_sub_resource_in_all_namespaces() -> None:
    """The API splits `pods/exec` into two fields, and no namespace means every one."""
    assert EXEC.review()["spec"] == {
        "resourceAttributes": {"verb": "get", "group": "", "resource": "pods", "subresource": "exec"}
    }


def test_missing_permissions_are_named() -> None:
    """A denied review is a problem that names verb and resource."""
    denied = Answer(201, {"status": {"allowed": False}})

    (finding,) = permissions(
        a_survey(answers={permission_key(CREATE_DEPLOYMENTS): denied, permission_key(EXEC): denied})
    )

    assert finding.level is Level.PROBLEM
    assert "2 of " in finding.found
    assert "create deployments.apps" in finding.found
    assert "get pods/exec" in finding.found
    assert "pytest-smi rbac" in finding.remedy


def test_reviews_that_are_refused_are_a_warning() -> None:
    """Who may not ask is not told to lack permissions."""
    (finding,) = permissions(a_survey(answers={permission_key(EXEC): FORBIDDEN}))

    assert finding.level is Level.WARNING
    assert "could not be checked: needs create selfsubjectaccessreviews" in finding.found


def test_questions_are_few_enough_to_ask_before_every_run() -> None:
    """All are asked at once; some hundred small requests are what a run can afford."""
    known = all_profiles()

    assert (
        max(
            len(questions(profile, known.values(), ("access", "specs", "split", "metrics")))
            for profile in known.values()
        )
        < 130
    )
