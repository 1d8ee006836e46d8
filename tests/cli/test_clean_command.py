"""Tests of `pytest-smi clean` on an embedded cluster: it shows, asks, and deletes only what it showed."""

import sys
from collections.abc import Iterator

import pytest

from pytest_smi.cli import main
from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import EmbeddedCluster
from pytest_smi.cluster.objects import Objects
from pytest_smi.testbed.cleanup import clean, find
from pytest_smi.testbed.manifests import namespace


@pytest.fixture(scope="module")
def cluster() -> Iterator[EmbeddedCluster]:
    """An embedded cluster without a mesh."""
    running = EmbeddedCluster(["--no-mesh"])
    yield running
    running.stop()


@pytest.fixture
def objects(cluster: EmbeddedCluster) -> Objects:
    """The cluster's objects; two namespaces of earlier runs are among them."""
    made = Objects(Connection(cluster.kubeconfig))
    for name in ("smi-t1-left", "smi-t2-left"):
        made.apply(namespace(name, run="dead", injection_labels=None))
    return made


def names(objects: Objects) -> list[str]:
    """Return the namespaces of runs that are there."""
    return sorted(one["metadata"]["name"] for one in find(objects))


def run(cluster: EmbeddedCluster, *arguments: str) -> int:
    """Return the exit status of the command."""
    with pytest.raises(SystemExit) as caught:
        main(["clean", f"--kubeconfig={cluster.kubeconfig}", *arguments])
    return int(str(caught.value.code))


def test_shows_and_deletes_nothing(
    cluster: EmbeddedCluster, objects: Objects, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --dry-run; and without a terminal it is status 4, with the option to give."""
    assert run(cluster, "--dry-run") == 0
    out = capsys.readouterr().out
    assert "smi-t1-left  of run dead, created 20" in out
    assert "2 would be deleted" in out
    assert run(cluster) == 4
    assert "--yes" in capsys.readouterr().err
    assert names(objects) == ["smi-t1-left", "smi-t2-left"]


@pytest.mark.parametrize(("answer", "left"), [("n\n", ["smi-t1-left", "smi-t2-left"]), ("y\n", [])])
def test_asks(
    cluster: EmbeddedCluster, objects: Objects, answer: str, left: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal: only a yes deletes."""

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt="": answer.strip())
    assert run(cluster) == 0
    assert names(objects) == left


def test_yes_deletes_and_says_so(
    cluster: EmbeddedCluster, objects: Objects, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --yes nothing is asked; afterwards there is nothing to clean."""
    assert run(cluster, "--yes") == 0
    assert "deleted smi-t1-left\ndeleted smi-t2-left\n" in capsys.readouterr().out
    assert names(objects) == []
    assert run(cluster, "--yes") == 0
    assert "nothing to clean" in capsys.readouterr().out


def test_only_what_was_shown(cluster: EmbeddedCluster, objects: Objects) -> None:
    """A namespace that came after the list was shown stays."""
    assert clean(cluster.kubeconfig, None, ["smi-t1-left"]) == ["smi-t1-left"]
    assert names(objects) == ["smi-t2-left"]
    clean(cluster.kubeconfig, None)
