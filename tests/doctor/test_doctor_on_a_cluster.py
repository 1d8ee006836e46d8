"""The doctor on the embedded cluster: everything well, then one thing wrong at a time; and runs that are not begun."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import pytest_smi
from pytest_smi.cli import main
from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE, EmbeddedCluster
from pytest_smi.cluster.objects import Objects, collection
from pytest_smi.cluster.wait import wait_until
from pytest_smi.core.resources import bundled
from pytest_smi.doctor.findings import Finding, Level
from pytest_smi.doctor.preflight import diagnose, inspect
from pytest_smi.doctor.probe import Probe
from pytest_smi.errors import ClusterError
from pytest_smi.profiles.load import Addressing, ContainerArgument, Injection, Profile
from pytest_smi.profiles.registry import all_profiles, find_profile
from pytest_smi.testbed.cleanup import clean, find
from pytest_smi.testbed.manifests import namespace
from pytest_smi.testbed.placement import Placement
from tests.support.runs import run_suite

pytestmark = pytest.mark.slow

REFERENCE = find_profile("reference", ())


@pytest.fixture(scope="module")
def cluster() -> Iterator[EmbeddedCluster]:
    """An embedded cluster with the reference mesh, standing in for a user's own."""
    running = EmbeddedCluster([])
    yield running
    running.stop()


@pytest.fixture(scope="module")
def bare() -> Iterator[EmbeddedCluster]:
    """The same without a mesh."""
    running = EmbeddedCluster(["--no-mesh"])
    yield running
    running.stop()


@pytest.fixture(scope="module")
def admin(cluster: EmbeddedCluster) -> Iterator[Connection]:
    """A connection that may do everything."""
    connection = Connection(cluster.kubeconfig)
    yield connection
    connection.close()


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status and the output of `pytest-smi doctor`."""
    with pytest.raises(SystemExit) as caught:
        main(["doctor", *arguments])
    return int(str(caught.value.code)), capsys.readouterr().out


def tried(connection: Connection, profile: Profile = REFERENCE, image: str = SAMPLE_APP_IMAGE) -> dict[str, Finding]:
    """What the doctor finds with its probe, the worst per check."""
    probe = Probe(connection, profile, image=image, limits=profile.limits, placement=Placement())
    order = [Level.OK, Level.WARNING, Level.PROBLEM]
    found = diagnose(connection, profile, probe=probe)
    return {finding.check: finding for finding in sorted(found, key=lambda finding: order.index(finding.level))}


def account(
    admin: Connection, tmp_path: Path, cluster: EmbeddedCluster, name: str, without: tuple[str, str] | None = None
) -> Path:
    """A kubeconfig of a service account with the permissions of manifests/rbac.yaml, but for a verb on a resource."""
    for document in yaml.safe_load_all((bundled("manifests") / "rbac.yaml").read_text(encoding="utf-8")):
        if document["kind"] == "ClusterRole" and without:
            verb, resource = without
            for rule in document["rules"]:
                if resource in rule["resources"]:
                    rule["verbs"] = [kept for kept in rule["verbs"] if kept != verb]
            document["rules"] = [rule for rule in document["rules"] if rule["verbs"]]
        text = json.dumps(document).replace('"pytest-smi"', f'"{name}"')
        document = json.loads(text)
        path = collection(document["apiVersion"], document["kind"].lower() + "s", document["metadata"].get("namespace"))
        assert admin.request("POST", path, body=document).ok, document
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = admin.request("POST", f"/api/v1/namespaces/{name}/serviceaccounts/runner/token", body=body).body["status"][
        "token"
    ]
    return altered(cluster, tmp_path, token=token)


def altered(cluster: EmbeddedCluster, tmp_path: Path, *, server: str = "", token: str = "") -> Path:
    """The cluster's kubeconfig with another server or token."""
    document = yaml.safe_load(cluster.kubeconfig.read_text())
    if server:
        document["clusters"][0]["cluster"]["server"] = server
    if token:
        document["users"][0]["user"] = {"token": token}
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path


def test_everything_well(cluster: EmbeddedCluster, admin: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    """All lines are ok, the status is 0, and the probe is gone."""
    status, out = doctor(capsys, "--mesh", "reference", "--kubeconfig", str(cluster.kubeconfig), "--json")

    found = json.loads(out)
    assert status == 0, out
    assert {record["level"] for record in found} == {"ok"}, out
    assert {
        "cluster",
        "permissions",
        "mesh",
        "mesh version",
        "images",
        "pods",
        "injection",
        "keeping out",
        "addressing",
    } <= {r["check"] for r in found}
    assert all(set(record) == {"check", "level", "found", "remedy"} for record in found)
    assert find(Objects(admin)) == []


def test_embedded_mesh_needs_no_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    """`--mesh reference` by itself starts one, and says what it found in words."""
    status, out = doctor(capsys, "--mesh", "reference", "--no-deploy")

    assert status == 0
    assert "ok       mesh " in out
    assert out.endswith("no problems found: ready for a run\n")
    assert "injection" not in out


def test_exactly_the_permissions_of_the_manifest_are_enough(
    cluster: EmbeddedCluster, admin: Connection, tmp_path: Path
) -> None:
    """A run's account passes every check and may deploy the probe; nothing is left unread."""
    connection = Connection(account(admin, tmp_path, cluster, "exact"))

    found = tried(connection)

    assert {check for check, finding in found.items() if finding.level is not Level.OK} == set()
    assert inspect(connection, REFERENCE).warnings == ()
    assert len(inspect(connection, REFERENCE).crds) == 5


@pytest.mark.parametrize(
    ("name", "verb", "resource", "check", "level", "words"),
    [
        ("no-deploy", "create", "deployments", "permissions", Level.PROBLEM, "create deployments.apps"),
        ("no-exec", "get", "pods/exec", "permissions", Level.PROBLEM, "get pods/exec"),
        (
            "no-crds",
            "get",
            "customresourcedefinitions",
            "definitions",
            Level.WARNING,
            "needs get customresourcedefinitions",
        ),
        ("no-apiservices", "get", "apiservices", "metrics service", Level.WARNING, "needs get apiservices"),
        ("no-read", "get", "deployments", "mesh", Level.WARNING, "needs get deployments in smi-reference"),
    ],
)
def test_missing_permission(
    cluster: EmbeddedCluster,
    admin: Connection,
    tmp_path: Path,
    name: str,
    verb: str,
    resource: str,
    check: str,
    level: Level,
    words: str,
) -> None:
    """What a run cannot do without is a problem; what only a check needs is a warning that says what to allow."""
    connection = Connection(account(admin, tmp_path, cluster, name, without=(verb, resource)))

    found = {finding.check: finding for finding in diagnose(connection, REFERENCE)}

    assert found[check].level is level
    assert words in found[check].found


def test_mesh_that_is_not_there(bare: EmbeddedCluster, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a problem, with status 1; that its metrics are not served is a warning."""
    status, out = doctor(capsys, "--mesh", "reference", "--kubeconfig", str(bare.kubeconfig), "--no-deploy", "--json")

    levels = {record["check"]: record["level"] for record in json.loads(out)}
    assert status == 1
    assert levels["mesh"] == "problem"
    assert levels["metrics"] == "warning"
    assert levels["split"] == "ok"


@pytest.mark.parametrize("mesh", ["linkerd", "osm", "traefik-mesh", "kuma"])
def test_other_mesh_than_the_one_that_is_there(
    cluster: EmbeddedCluster, capsys: pytest.CaptureFixture[str], mesh: str
) -> None:
    """The mesh that is there is named."""
    status, out = doctor(capsys, "--mesh", mesh, "--kubeconfig", str(cluster.kubeconfig), "--no-deploy")

    assert status == 1
    assert "is not installed" in out
    assert "found instead: reference" in " ".join(out.split())


@pytest.mark.parametrize(
    ("changes", "image", "check", "words"),
    [
        ({"join": Injection()}, SAMPLE_APP_IMAGE, "injection", "no container smi-proxy"),
        ({}, "registry.invalid/no/such:1", "images", "registry.invalid/no/such:1 cannot be pulled: ErrImagePull"),
        (
            {"addressing": Addressing(host="{service}.{namespace}.no-such-domain")},
            SAMPLE_APP_IMAGE,
            "addressing",
            "is not known to a pod",
        ),
        ({}, "smi-reference/proxy:0.1.0", "pods", "does not start"),
        (
            {"keep_out": Injection(pod_annotations={"no-such": "mark"})},
            SAMPLE_APP_IMAGE,
            "keeping out",
            "joined all the same",
        ),
    ],
)
def test_pod_that_fails(admin: Connection, changes: dict[str, Any], image: str, check: str, words: str) -> None:
    """Injection that is off, an image that is not there or is another's, names that are not known: a problem each,
    and nothing stays."""
    profile = replace(REFERENCE, limits=replace(REFERENCE.limits, settle_deadline=0.5), **changes)

    found = tried(admin, profile, image)

    assert found[check].level is Level.PROBLEM, found
    assert words in found[check].found
    assert find(Objects(admin)) == []


def test_output_in_the_docs_is_real(capsys: pytest.CaptureFixture[str]) -> None:
    """OSM's persona in permissive mode, and a namespace left behind:
    the same lines with the same levels as the README shows."""
    readme = (Path(__file__).resolve().parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- doctor -->\n```text\n")[2].partition("```")[0]
    running = EmbeddedCluster(["--persona", "osm"])
    try:
        admin = Connection(running.kubeconfig)
        path = f"{collection('config.openservicemesh.io/v1alpha2', 'meshconfigs', 'osm-system')}/osm-mesh-config"
        patch = {"spec": {"traffic": {"enablePermissiveTrafficPolicyMode": True}}}
        assert admin.request("PATCH", path, body=patch, content_type="application/merge-patch+json").ok
        Objects(admin).apply(namespace("smi-t1-4f0c11a2b3", run="dead", injection_labels=None))

        status, out = doctor(capsys, "--mesh", "osm", "--kubeconfig", str(running.kubeconfig))
    finally:
        running.stop()

    lead = re.compile(r"^  (ok|warning|problem) +(\S+(?: \S+)*)  ", re.MULTILINE)
    assert status == 1
    assert lead.findall(out) == lead.findall(shown)
    assert out.splitlines()[-1] == shown.splitlines()[-1]


def test_leftovers_are_found_and_cleaned(cluster: EmbeddedCluster, admin: Connection) -> None:
    """A namespace of an earlier run is a warning, until pytest-smi clean has run."""
    Objects(admin).apply(namespace("smi-t1-left", run="dead", injection_labels=None))

    before = {finding.check: finding for finding in diagnose(admin, REFERENCE)}["leftovers"]
    clean(cluster.kubeconfig, None)
    after = {finding.check: finding for finding in diagnose(admin, REFERENCE)}["leftovers"]

    assert before.level is Level.WARNING
    assert "smi-t1-left" in before.found
    assert "pytest-smi clean" in before.remedy
    assert after.level is Level.OK


def test_precondition_that_does_not_hold_stops_a_run(admin: Connection) -> None:
    """It is read off the real workload, and the error has the remedy."""
    unmet = ContainerArgument(
        name="acl",
        kind="container-argument",
        remedy="set it",
        workload="deployment/control-plane",
        argument="--acl",
        equals=True,
    )

    with pytest.raises(ClusterError) as caught:
        inspect(admin, replace(REFERENCE, preconditions=(unmet,)))

    assert (
        "reference cannot be tested, so nothing was deployed; acl: --acl of deployment/control-plane must be true"
        in caught.value.message
    )
    assert caught.value.hint == "set it"


def test_lenient_inspection_warns(bare: EmbeddedCluster) -> None:
    """A mesh that is broken on purpose is run all the same."""
    found = inspect(Connection(bare.kubeconfig), REFERENCE, lenient=True)

    assert [(finding.check, finding.level) for finding in found.warnings] == [
        ("mesh", Level.WARNING),
        ("metrics", Level.WARNING),
    ]
    assert found.versions["split"] == "v1alpha4"


def test_mesh_whose_control_plane_is_gone() -> None:
    """Scaled to 0: the mesh, its metrics API, and pods that its webhook keeps from being made are a problem each,
    and nothing stays."""
    running = EmbeddedCluster([])
    try:
        admin = Connection(running.kubeconfig)
        path = f"{collection('apps/v1', 'deployments', 'smi-reference')}/control-plane"
        assert admin.request(
            "PATCH", path, body={"spec": {"replicas": 0}}, content_type="application/merge-patch+json"
        ).ok
        wait_until(
            lambda: Objects(admin).list("v1", "pods", "smi-reference") == [],
            what="the pods are gone",
            deadline=30.0,
            longest_pause=0.2,
        )

        found = tried(admin)

        assert {check for check, finding in found.items() if finding.level is Level.PROBLEM} == {
            "mesh",
            "metrics service",
            "pods",
        }
        assert "scaled to 0" in found["mesh"].found
        assert "failed calling webhook" in found["pods"].found
        assert "injector" in found["pods"].remedy
        assert find(Objects(admin)) == []
    finally:
        running.stop()


def test_interrupted_doctor_leaves_no_namespace(cluster: EmbeddedCluster, admin: Connection, tmp_path: Path) -> None:
    """Ctrl-C while the probe is waited for removes it."""
    text = (Path(pytest_smi.__file__).parent / "profiles" / "reference.yaml").read_text(encoding="utf-8")
    profile = tmp_path / "slow.yaml"
    profile.write_text(
        text.replace("settle_deadline: 5", "settle_deadline: 300").replace(
            "{namespace}.svc.cluster.local", "{namespace}.no-such-domain"
        )
    )
    command = [
        sys.executable,
        "-c",
        "from pytest_smi.cli import main; main()",
        "doctor",
        "--mesh=reference",
        f"--mesh-profile={profile}",
    ]
    process = subprocess.Popen([*command, f"--kubeconfig={cluster.kubeconfig}"], start_new_session=True)
    wait_until(lambda: bool(find(Objects(admin))), what="the probe is there", deadline=30.0, longest_pause=0.05)

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=60) == 130
    assert find(Objects(admin)) == []


def test_auto_finds_the_mesh(cluster: EmbeddedCluster, capsys: pytest.CaptureFixture[str]) -> None:
    """The mesh need not be named."""
    status, out = doctor(capsys, "--mesh", "auto", "--kubeconfig", str(cluster.kubeconfig), "--no-deploy")

    assert status == 0, out
    assert out.startswith(REFERENCE.title)


def test_second_mesh_is_noticed(admin: Connection) -> None:
    """Another profile's workload, in a cluster with the reference mesh."""
    known = all_profiles()
    Objects(admin).apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "osm-system"}})
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "x", "image": "none:1"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "x"}}, "template": template}
    meta = {"name": "osm-controller", "namespace": "osm-system"}
    Objects(admin).apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})

    found = {finding.check: finding for finding in diagnose(admin, REFERENCE, other_meshes=known)}["other meshes"]
    Objects(admin).delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "osm-system"}})

    assert found.level is Level.WARNING
    assert "deployment/osm-controller in osm-system" in found.found


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"server": "https://127.0.0.1:1"}, "the connection was refused"),
        ({"token": "expired"}, "refused the credentials"),
    ],
)
def test_cluster_that_cannot_be_reached(
    cluster: EmbeddedCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], words: str
) -> None:
    """One finding, a problem; nothing else is guessed."""
    status, out = doctor(
        capsys, "--mesh", "reference", "--kubeconfig", str(altered(cluster, tmp_path, **changes)), "--json"
    )

    (record,) = json.loads(out)
    assert status == 1
    assert record["check"] == "cluster"
    assert words in record["found"]
    assert record["remedy"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--mesh", "no-such-mesh"], 3),
        (["--mesh", "reference", "--kubeconfig", "/no/such/file"], 4),
        (["--mesh", "reference", "--smi-api", "nonsense"], 4),
        (["--mesh", "reference", "--smi-toleration", "nonsense"], 4),
        ([], 4),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str], status: int) -> None:
    """Unknown meshes, files and values are told before anything is started."""
    assert doctor(capsys, *arguments)[0] == status


def test_run_stops_before_it_deploys(bare: EmbeddedCluster, tmp_path: Path) -> None:
    """Status 3, the problem and its remedy, no matrix, and not one namespace."""
    admin = Connection(bare.kubeconfig)
    before = len(Objects(admin).list("v1", "namespaces"))

    run = run_suite(tmp_path, f"--kubeconfig={bare.kubeconfig}", "-k", "unlisted_source")

    assert run.status == 3, run.output
    assert "reference cannot be tested, so nothing was deployed" in run.output
    assert "there is no deployment/control-plane" in run.output
    assert run.matrix is None
    assert len(Objects(admin).list("v1", "namespaces")) == before


def test_warnings_stand_in_the_header_of_a_run(cluster: EmbeddedCluster, admin: Connection, tmp_path: Path) -> None:
    """The run goes on, and its header says what was found."""
    Objects(admin).apply(namespace("smi-t1-old", run="dead", injection_labels=None))

    run = run_suite(tmp_path, f"--kubeconfig={cluster.kubeconfig}", "-k", "unlisted_source", "-v")
    clean(cluster.kubeconfig, None)

    assert run.status == 0, run.output
    assert "warning: leftovers: 1 namespace(s)" in run.output
