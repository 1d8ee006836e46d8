"""Image, pull secret, node selector and tolerations: read strictly, and no credential goes further than it must."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.errors import UsageProblem
from pytest_smi.testbed import manifests
from pytest_smi.testbed.placement import (
    Placement,
    Toleration,
    pull_secret_data,
    read_placement,
    registry_of,
    selector_of,
    toleration_of,
)

SECRET = "c2VjcmV0OnBhc3N3b3Jk"


def config(**auths: object) -> str:
    """A Docker config file."""
    return json.dumps({"auths": {host.replace("_", "."): entry for host, entry in auths.items()}})


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("sample-app", "docker.io"),
        ("pytest-smi/sample-app:1", "docker.io"),
        ("ghcr.io/x/y:1", "ghcr.io"),
        ("localhost:5000/x", "localhost:5000"),
        ("localhost/x", "localhost"),
    ],
)
def test_registry_of_an_image(image: str, registry: str) -> None:
    """As container engines read references."""
    assert registry_of(image) == registry


def test_only_the_images_registry_enters_the_cluster() -> None:
    """A config file often holds credentials of other registries: they stay where they are."""
    text = config(ghcr_io={"auth": SECRET}, other_io={"auth": "b3RoZXI="})

    data = json.loads(base64.b64decode(pull_secret_data(text, "ghcr.io/x/y:1", "file")))

    assert data == {"auths": {"ghcr.io": {"auth": SECRET}}}


def test_docker_hub_has_two_names() -> None:
    """Its entry is written with a path and another host."""
    text = json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": SECRET}}})

    assert SECRET in base64.b64decode(pull_secret_data(text, "someone/sample-app", "file")).decode()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"auths": 7}', config(ghcr_io={}), config(other_io={"auth": SECRET})]
)
def test_useless_file_is_told_and_never_quoted(text: str) -> None:
    """The message says what is missing; what is in the file stays out of it."""
    with pytest.raises(UsageProblem) as caught:
        pull_secret_data(text, "ghcr.io/x/y:1", "the file")

    assert "the file" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["a", "=b", "a=b c", "a b=c", "a==b"])
def test_selector_of_another_form_is_refused(text: str) -> None:
    """As KEY=VALUE, with what Kubernetes allows in labels."""
    with pytest.raises(ValueError, match="KEY=VALUE"):
        selector_of([text])


def test_selector_given_twice_is_a_usage_error() -> None:
    """Nodes cannot have two values of one label."""
    with pytest.raises(UsageProblem, match="given twice"):
        read_placement(["a=b", "a=c"], (), None, image="x")


@pytest.mark.parametrize(
    ("text", "toleration"),
    [
        ("dedicated=smi:NoSchedule", Toleration(key="dedicated", value="smi", effect="NoSchedule")),
        ("example.com/gpu:NoExecute", Toleration(key="example.com/gpu", effect="NoExecute")),
        ("a=:NoSchedule", Toleration(key="a", value="", effect="NoSchedule")),
    ],
)
def test_toleration_forms(text: str, toleration: Toleration) -> None:
    """With a value it must be equal, without one every value is tolerated."""
    assert toleration_of(text) == toleration
    assert toleration.manifest()["operator"] == ("Exists" if toleration.value is None else "Equal")


@pytest.mark.parametrize("text", ["a", "a=b", "a=b:Never", ":NoSchedule", "a b:NoSchedule"])
def test_toleration_of_another_form_is_refused(text: str) -> None:
    """The message lists the effects."""
    with pytest.raises(ValueError, match="NoSchedule, PreferNoSchedule, NoExecute"):
        toleration_of(text)


KEYS = st.from_regex(r"[a-z]([a-z./-]{0,5}[a-z])?", fullmatch=True)
PLACEMENTS = st.builds(
    Placement,
    node_selector=st.dictionaries(KEYS, KEYS, max_size=3),
    tolerations=st.lists(
        st.builds(Toleration, key=KEYS, effect=st.just("NoSchedule"), value=st.none() | KEYS | st.just("")), max_size=3
    ).map(tuple),
    pull_secret=st.none() | st.just(Path("/somewhere/config.json")),
)


@given(PLACEMENTS)
def test_placement_survives_the_way_to_a_worker(placement: Placement) -> None:
    """Sent as JSON and read again it is the same."""
    assert Placement.from_wire(json.loads(json.dumps(placement.to_wire()))) == placement


@given(PLACEMENTS)
def test_matrix_tells_nothing_of_credentials(placement: Placement) -> None:
    """Not even where they are kept."""
    told = json.dumps(placement.to_matrix())

    assert "somewhere" not in told
    assert "imagePullSecrets" not in told


def test_pods_without_wishes_are_what_they_always_were() -> None:
    """No option, no field."""
    plain = manifests.deployment("a", "n", account="a", image="i")

    assert manifests.deployment("a", "n", account="a", image="i", placement=Placement()) == plain


def test_pods_meet_the_restricted_standard() -> None:
    """What Kubernetes' Pod Security Standard `restricted` asks of a pod, so that a namespace may enforce it."""
    pod = manifests.deployment("a", "n", account="a", image="i")["spec"]["template"]["spec"]

    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert all(set(volume) <= {"name", "emptyDir"} for volume in pod["volumes"])
    for container in pod["containers"]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert all("hostPort" not in port for port in container["ports"])
