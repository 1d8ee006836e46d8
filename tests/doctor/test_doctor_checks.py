"""Judgements of a cluster and a mesh by recorded answers: a healthy one, and one for each thing that can be wrong."""

from typing import Any

import pytest

from pytest_smi.cluster.connection import Answer
from pytest_smi.doctor.cluster_checks import number
from pytest_smi.doctor.examine import findings
from pytest_smi.doctor.findings import Finding, Level
from pytest_smi.doctor.mesh_checks import mesh_images
from pytest_smi.doctor.questions import GROUPS_SERVED, METRICS, NAMESPACES, PODS, VERSION
from pytest_smi.doctor.survey import Survey
from pytest_smi.profiles.load import (
    ContainerArgument,
    KubernetesFacts,
    Manual,
    MeshFacts,
    ObjectField,
    ObjectReference,
    Precondition,
    PreferredVersion,
)
from pytest_smi.smi.negotiation import negotiate
from tests.support.surveys import ABSENT, FORBIDDEN, VERSIONS, a_profile, a_survey, groups, workload

CONTROL = "some-system/deployment/control"
RIVAL = a_profile(name="rival", title="Rival", mesh=MeshFacts(namespace="rival", detect=("daemonset/agent",)))
RIVAL_KEY = "rival/daemonset/agent"


def judged(survey: Survey, check: str) -> list[Finding]:
    """What the doctor says under one check."""
    chosen = negotiate(survey.profile.apis, survey.served, stored=survey.profile.stored)
    found = findings(survey, chosen.versions, chosen.absent, chosen.stored)
    return [finding for finding in found if finding.check == check]


def test_healthy_cluster_has_nothing_but_ok() -> None:
    """Every check that applies has a line, and all are ok."""
    survey = a_survey(a_profile(kubernetes=KubernetesFacts(max="1.32")), other_meshes={"rival": RIVAL})
    found = findings(survey, VERSIONS, {})

    assert {finding.level for finding in found} == {Level.OK}
    assert [finding.check for finding in found] == [
        "cluster",
        "kubernetes",
        "permissions",
        "mesh",
        "mesh version",
        "access",
        "specs",
        "split",
        "metrics",
        "metrics service",
        "other meshes",
        "leftovers",
    ]


ARGUMENT = ContainerArgument(
    name="acl",
    kind="container-argument",
    remedy="--set acl=true",
    workload="deployment/control",
    argument="--acl",
    equals=True,
)
FIELD = ObjectField(
    name="permissive",
    kind="field",
    remedy="kubectl patch it",
    apis=("access",),
    resource=ObjectReference(api_version="c.io/v1", plural="meshconfigs", namespace="some-system", name="config"),
    path="spec.traffic.permissive",
    equals=False,
    default=False,
)
FIELD_KEY = "c.io/v1/meshconfigs/some-system/config"
PREFERRED = PreferredVersion(
    name="exact", kind="preferred-version", remedy="serve v1alpha4 only", group="split.smi-spec.io", equals="v1alpha4"
)


CLASH = {"status": {"conditions": [{"type": "Established", "status": "False", "message": "names clash"}]}}
UNAVAILABLE = {"status": {"conditions": [{"type": "Available", "status": "False", "message": "no endpoints"}]}}
LEFT = {"items": [{"metadata": {"name": "smi-t1-x"}}]}
OLD_SPLIT = groups({"access": ("v1alpha3",), "split": ("v1alpha1",)})
SPLITS = "trafficsplits.split.smi-spec.io"


@pytest.mark.parametrize(
    ("check", "level", "words", "changes", "answers"),
    [
        ("clock", Level.WARNING, "90 s ahead of", {"skew": 90.0}, {}),
        ("clock", Level.WARNING, "61 s behind", {"skew": -61.0}, {}),
        ("leftovers", Level.WARNING, "1 namespace(s)", {}, {NAMESPACES: LEFT}),
        ("leftovers", Level.WARNING, "needs list namespaces", {}, {NAMESPACES: FORBIDDEN}),
        (
            "mesh",
            Level.PROBLEM,
            "Some Mesh is not installed: there is no deployment/control in some-system",
            {},
            {CONTROL: ABSENT},
        ),
        ("mesh", Level.PROBLEM, "none of 2", {}, {CONTROL: workload(available=0, replicas=2)}),
        ("mesh", Level.PROBLEM, "scaled to 0", {}, {CONTROL: workload(available=0, replicas=0)}),
        ("mesh", Level.WARNING, "1 of 2", {}, {CONTROL: workload(available=1, replicas=2)}),
        ("mesh", Level.WARNING, "needs get deployments in some-system", {}, {CONTROL: FORBIDDEN}),
        ("mesh", Level.WARNING, "could not be checked: HTTP 500", {}, {CONTROL: Answer(500, "broken")}),
        (
            "mesh version",
            Level.WARNING,
            "cannot be read from the image-tag",
            {},
            {CONTROL: workload(image="some/control")},
        ),
        ("mesh version", Level.WARNING, "needs get deployments", {}, {CONTROL: FORBIDDEN}),
        ("metrics service", Level.PROBLEM, "nobody answers for it: no endpoints", {}, {METRICS: UNAVAILABLE}),
        ("metrics service", Level.WARNING, "needs get apiservices", {}, {METRICS: FORBIDDEN}),
        ("split", Level.WARNING, "claimed v1alpha4, served v1alpha1", {}, {GROUPS_SERVED: OLD_SPLIT}),
        ("apis", Level.PROBLEM, "does not serve access.smi-spec.io", {}, {GROUPS_SERVED: groups({})}),
        ("definitions", Level.WARNING, "needs get customresourcedefinitions", {}, {SPLITS: FORBIDDEN}),
        ("definitions", Level.PROBLEM, "not established: names clash", {}, {SPLITS: CLASH}),
    ],
)
def test_each_thing_that_can_be_wrong(
    check: str, level: Level, words: str, changes: dict[str, Any], answers: dict[str, Any]
) -> None:
    """One answer is spoiled: the finding has the level, says what was found, and has a remedy."""
    (finding,) = judged(a_survey(answers=answers, **changes), check)

    assert finding.level is level
    assert words in finding.found
    assert finding.remedy


@pytest.mark.parametrize(
    ("precondition", "answers", "level", "words"),
    [
        (ARGUMENT, {CONTROL: workload(arguments=("--acl",))}, Level.OK, "is true"),
        (ARGUMENT, {CONTROL: workload(arguments=("--acl=true", "--x"))}, Level.OK, "is true"),
        (ARGUMENT, {CONTROL: workload(arguments=("--acl", "True"))}, Level.OK, "is true"),
        (ARGUMENT, {CONTROL: workload(arguments=("--acl=false",))}, Level.PROBLEM, "must be true, it is false"),
        (ARGUMENT, {CONTROL: workload(arguments=("--acls",))}, Level.PROBLEM, "it is not set"),
        (ARGUMENT, {CONTROL: FORBIDDEN}, Level.WARNING, "could not be checked"),
        (ARGUMENT, {CONTROL: ABSENT}, Level.PROBLEM, "there is no deployment/control"),
        (FIELD, {FIELD_KEY: {"spec": {"traffic": {"permissive": False}}}}, Level.OK, "is false"),
        (FIELD, {FIELD_KEY: {"spec": {}}}, Level.OK, "not set, which means false"),
        (FIELD, {FIELD_KEY: {"spec": {"traffic": {"permissive": True}}}}, Level.PROBLEM, "must be false, it is true"),
        (FIELD, {FIELD_KEY: ABSENT}, Level.PROBLEM, "there is no meshconfigs some-system/config"),
        (FIELD, {FIELD_KEY: FORBIDDEN}, Level.WARNING, "needs get meshconfigs in some-system"),
        (PREFERRED, {}, Level.OK, "is v1alpha4"),
        (
            PREFERRED,
            {GROUPS_SERVED: groups({"split": ("v1alpha2", "v1alpha4")})},
            Level.PROBLEM,
            "must be v1alpha4, it is v1alpha2",
        ),
        (Manual(name="by hand", kind="manual", remedy="look"), {}, Level.WARNING, "cannot be checked by a program"),
    ],
)
def test_preconditions(precondition: Precondition, answers: dict[str, Any], level: Level, words: str) -> None:
    """Each kind: it holds, it does not, it is not set, and it may not be read."""
    (finding,) = judged(a_survey(a_profile(preconditions=(precondition,)), answers), precondition.name)

    assert finding.level is level
    assert words in finding.found
    assert bool(finding.remedy) is (level is not Level.OK)


def test_precondition_of_an_api_that_is_not_tested_is_left_out() -> None:
    """Permissive mode is nothing to a test of splits."""
    survey = a_survey(a_profile(preconditions=(FIELD,)), {FIELD_KEY: ABSENT}, apis=("split",))

    assert judged(survey, "permissive") == []


def test_second_mesh_is_a_warning_and_is_named() -> None:
    """Another profile's workload is there."""
    (finding,) = judged(a_survey(other_meshes={"rival": RIVAL}, answers={RIVAL_KEY: workload()}), "other meshes")

    assert finding.level is Level.WARNING
    assert "Rival is installed as well (daemonset/agent in rival)" in finding.found


def test_mesh_known_by_the_same_workload_is_no_second_one() -> None:
    """Two profiles may describe one mesh, by its releases."""
    twin = a_profile(name="twin")

    assert [
        finding.level
        for finding in judged(a_survey(other_meshes={"twin": twin}, answers={CONTROL: workload()}), "other meshes")
    ] == [Level.OK]


def test_absent_mesh_names_the_one_that_is_there() -> None:
    """The commonest mistake: the wrong cluster, or the wrong name."""
    (finding,) = judged(
        a_survey(other_meshes={"rival": RIVAL}, answers={CONTROL: ABSENT, RIVAL_KEY: workload()}), "mesh"
    )

    assert finding.level is Level.PROBLEM
    assert "found instead: rival" in finding.found


@pytest.mark.parametrize(
    ("version", "facts", "level"),
    [
        ("v1.32.4", KubernetesFacts(max="1.23"), Level.WARNING),
        ("v1.22.17-eks", KubernetesFacts(max="1.23"), Level.OK),
        ("v1.9.0", KubernetesFacts(max="1.23"), Level.OK),
        ("v1.20.0", KubernetesFacts(min="1.22"), Level.WARNING),
        ("v1.22.0", KubernetesFacts(min="1.22", max="1.23"), Level.OK),
        ("nonsense", KubernetesFacts(max="1.23"), None),
        ("v1.32.4", KubernetesFacts(), None),
    ],
)
def test_release_of_kubernetes(version: str, facts: KubernetesFacts, level: Level | None) -> None:
    """Compared as numbers, not as text; nothing is said where nothing is known."""
    found = judged(a_survey(a_profile(kubernetes=facts), {VERSION: {"gitVersion": version}}), "kubernetes")

    assert [finding.level for finding in found] == ([level] if level else [])


@pytest.mark.parametrize(("text", "expected"), [("v1.32.0+x", (1, 32)), ("1.9", (1, 9)), ("x", None), ("", None)])
def test_number_of_a_release(text: str, expected: tuple[int, int] | None) -> None:
    """Major and minor."""
    assert number(text) == expected


@pytest.mark.parametrize(
    ("kind", "status", "level"),
    [
        ("daemonset", {"numberAvailable": 2, "desiredNumberScheduled": 2}, Level.OK),
        ("daemonset", {"desiredNumberScheduled": 0}, Level.PROBLEM),
        ("daemonset", {"numberAvailable": 1, "desiredNumberScheduled": 2}, Level.WARNING),
        ("statefulset", {"readyReplicas": 1, "observedGeneration": 2}, Level.OK),
        ("deployment", {"availableReplicas": 1, "observedGeneration": 1}, Level.PROBLEM),
    ],
)
def test_readiness_by_kind(kind: str, status: dict[str, int], level: Level) -> None:
    """Each kind of workload tells it in fields of its own; the status of an older generation does not count."""
    profile = a_profile(mesh=MeshFacts(namespace="n", workloads=(f"{kind}/w",)))

    (finding,) = judged(a_survey(profile, {f"n/{kind}/w": {**workload(), "status": status}}), "mesh")

    assert finding.level is level


def test_metrics_service_that_is_not_even_listed() -> None:
    """Some releases leave a group that nobody answers for out of the list:
    the service behind it is looked at all the same."""
    survey = a_survey(answers={GROUPS_SERVED: groups({"split": ("v1alpha4",)}), METRICS: UNAVAILABLE})

    assert [finding.level for finding in judged(survey, "metrics service")] == [Level.PROBLEM]
    assert judged(a_survey(answers={METRICS: ABSENT}), "metrics service") == []


def test_mesh_that_claims_nothing() -> None:
    """What the cluster serves is told; that there is none is no fault of the mesh."""
    profile = a_profile(apis={}, claims_nothing="it reads no SMI")
    survey = a_survey(profile, {GROUPS_SERVED: groups({})})

    (finding,) = [finding for finding in findings(survey, {}, {}) if finding.check == "apis"]

    assert finding.level is Level.OK
    assert "none is served" in finding.found


STORING = a_profile(apis={"access": ("v1alpha3",)}, stored={"specs": ("v1alpha4",)})
ROUTES = "httproutegroups.specs.smi-spec.io"


@pytest.mark.parametrize(
    ("answers", "apis", "told"),
    [
        (
            {},
            ("access",),
            [(Level.OK, "v1alpha4 is stored so that access can refer to it; it is not claimed, and not tested")],
        ),
        (
            {GROUPS_SERVED: groups({"access": ("v1alpha3",)})},
            ("access",),
            [(Level.WARNING, "little of access will be tested: ")],
        ),
        ({}, ("split",), []),
    ],
)
def test_what_is_stored_has_a_line_of_its_own(
    answers: dict[str, Any], apis: tuple[str, ...], told: list[tuple[Level, str]]
) -> None:
    """It is there, or it is missing, or nothing under test refers to it."""
    found = judged(a_survey(STORING, answers, apis=apis), "specs")

    assert [finding.level for finding in found] == [level for level, _ in told]
    for finding, (level, words) in zip(found, told, strict=True):
        assert words in finding.found
        assert ("access v1alpha3, specs v1alpha4" in finding.remedy) is (level is Level.WARNING)


def test_definitions_of_what_is_stored_must_be_established() -> None:
    """Nothing can be written under a definition that the API server refuses."""
    (finding,) = judged(a_survey(STORING, {ROUTES: CLASH}), "definitions")

    assert finding.level is Level.PROBLEM
    assert f"{ROUTES} is not established" in finding.found


def test_pods_that_may_not_be_read_do_not_matter_to_the_rest() -> None:
    """Image digests are left out, nothing else."""
    assert {finding.level for finding in findings(a_survey(answers={PODS: FORBIDDEN}), VERSIONS, {})} == {Level.OK}


def test_images_of_an_extension_in_a_namespace_of_its_own_are_seen() -> None:
    """The adaptor that implements SMI is what was tested, too; its neighbours are not,
    and in the mesh's namespace all are."""

    def pod(image: str, app: str) -> dict[str, Any]:
        status = {"containerStatuses": [{"image": image, "imageID": f"x@sha256:{app}"}]}
        return {"metadata": {"name": app, "labels": {"app": app}}, "status": status}

    profile = a_profile(mesh=MeshFacts(namespace="mesh", workloads=("deployment/control", "ext/deployment/adaptor")))
    adaptor = {**workload(), "spec": {**workload().get("spec", {}), "selector": {"matchLabels": {"app": "adaptor"}}}}
    survey = a_survey(
        profile,
        {
            "ext/deployment/adaptor": adaptor,
            PODS: {"items": [pod("control:1", "control"), pod("injector:1", "injector")]},
            f"{PODS} in ext": {"items": [pod("adaptor:7", "adaptor"), pod("stranger:1", "stranger")]},
        },
    )

    assert mesh_images(survey) == {
        "control:1": "sha256:control",
        "injector:1": "sha256:injector",
        "adaptor:7": "sha256:adaptor",
    }
