"""Reading a mesh's version off its workload."""

from typing import Any

import pytest

from pytest_smi.doctor.mesh_version import read_version

DIGEST = "0123456789abcdef" * 4


def a_workload(image: str = "") -> dict[str, Any]:
    """A Deployment with labels and annotations on itself and on its template."""
    return {
        "metadata": {"labels": {"own": "1"}, "annotations": {"said": "2"}},
        "spec": {
            "selector": {"matchLabels": {"app": "c"}},
            "template": {
                "metadata": {"labels": {"own": "no", "inner": "3"}},
                "spec": {"containers": [{"name": "c", "image": image}, {"name": "x", "image": "x:9"}]},
            },
        },
    }


def a_pod(app: str, container: str, digest: str) -> dict[str, Any]:
    """A pod whose container runs an image of this digest."""
    return {
        "metadata": {"labels": {"app": app}},
        "status": {"containerStatuses": [{"name": container, "imageID": f"repo@sha256:{digest}"}]},
    }


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("repo/control:v1.4.8", "v1.4.8"),
        ("registry:5000/repo/control:1.2", "1.2"),
        ("registry:5000/repo/control", ""),
        (f"repo/control:1.2@sha256:{DIGEST}", "1.2"),
        (f"registry:5000/control@sha256:{DIGEST}", "sha256:0123456789ab"),
        ("", ""),
    ],
)
def test_tag_of_an_image(image: str, version: str) -> None:
    """A port is no tag, and an image that is named by digest alone has that for a version."""
    assert read_version("image-tag", a_workload(image)) == version


def test_digest_of_the_running_image() -> None:
    """Of the first container, in a pod that the workload's selector matches; or of the reference itself."""
    pods = [a_pod("other", "c", "f" * 64), a_pod("c", "x", "e" * 64), a_pod("c", "c", DIGEST)]

    assert read_version("image-digest", a_workload("repo:latest"), pods) == "sha256:0123456789ab"
    assert read_version("image-digest", a_workload("repo:latest"), pods[:2]) == ""
    assert read_version("image-digest", a_workload(f"repo@sha256:{DIGEST}")) == "sha256:0123456789ab"


@pytest.mark.parametrize(
    ("source", "version"), [("label:own", "1"), ("label:inner", "3"), ("annotation:said", "2"), ("label:none", "")]
)
def test_labels_and_annotations(source: str, version: str) -> None:
    """The workload's own come before its template's."""
    assert read_version(source, a_workload()) == version


@pytest.mark.parametrize("source", ["image-tag", "image-digest", "label:x"])
def test_workload_without_anything(source: str) -> None:
    """An object that is not what it should be has no version."""
    assert read_version(source, {}) == ""
