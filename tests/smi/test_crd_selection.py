"""Cutting the shipped definitions to what a mesh serves."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pytest_smi.errors import UsageProblem
from pytest_smi.smi.crds import definitions, select, shipped


def versions(definition: dict[str, object]) -> list[tuple[str, bool, bool]]:
    """Name, served and storage of each version."""
    return [(v["name"], v["served"], v["storage"]) for v in definition["spec"]["versions"]]  # type: ignore[index]


def test_every_definition_stores_one_version() -> None:
    """Kubernetes demands exactly one, and a name that is plural and group."""
    for definition in shipped():
        spec = definition["spec"]
        assert definition["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"
        assert [stored for _, _, stored in versions(definition)].count(True) == 1


def test_kind_without_a_chosen_version_is_left_out() -> None:
    """There is no UDPRoute before v1alpha4, and no IdentityBinding but in the draft."""
    cut = definitions({"access": ["v1alpha2"], "specs": ["v1alpha3"]})

    assert [item["spec"]["names"]["kind"] for item in cut] == ["HTTPRouteGroup", "TCPRoute", "TrafficTarget"]


def test_storage_may_be_another_than_the_newest() -> None:
    """As the extension of one mesh has it: two served, the older stored."""
    (cut,) = definitions({"split": ["v1alpha2", "v1alpha1"]}, storage={"split": "v1alpha1"})

    assert versions(cut) == [("v1alpha1", True, True), ("v1alpha2", True, False)]


def test_others_may_stay_unserved() -> None:
    """Published definitions list versions that they do not serve."""
    split = next(item for item in shipped() if item["spec"]["names"]["kind"] == "TrafficSplit")

    assert [served for _, served, _ in versions(select(split, ["v1alpha2"], keep_unserved=True))] == [
        False,
        True,
        False,
        False,
    ]


def test_selection_leaves_the_original_alone() -> None:
    """What was read once may be cut many times."""
    split = next(item for item in shipped() if item["spec"]["names"]["kind"] == "TrafficSplit")
    before = versions(split)
    select(split, ["v1alpha2"])

    assert versions(split) == before


@pytest.mark.parametrize(
    ("serve", "said"),
    [({"mesh": ["v1alpha1"]}, "unknown API"), ({"split": ["v1alpha9"]}, "unknown version 'v1alpha9' of split")],
)
def test_unknown_choice_is_a_usage_error(serve: dict[str, list[str]], said: str) -> None:
    """The message says what there is."""
    with pytest.raises(UsageProblem, match=said):
        definitions(serve)


def test_command_prints_what_kubectl_takes() -> None:
    """`pytest-smi crds` writes the same definitions as YAML."""
    command = [
        str(Path(sys.executable).with_name("pytest-smi")),
        "crds",
        "--serve",
        "split=v1alpha1,v1alpha2",
        "--store",
        "split=v1alpha1",
    ]

    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert list(yaml.safe_load_all(out)) == definitions(
        {"split": ["v1alpha1", "v1alpha2"]}, storage={"split": "v1alpha1"}
    )
