"""Where `pytest-smi explain` reads objects: files, folders, standard input, a cluster;
what is no manifest is refused in one sentence."""

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_smi.cli import explain_input, main
from pytest_smi.cli.explain_input import from_cluster, from_files
from pytest_smi.cluster.connection import Answer
from pytest_smi.errors import ClusterError, UsageProblem

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello\n", "must hold Kubernetes objects, found str"),
        (b"- a\n", "must hold Kubernetes objects, found list"),
        (b"a: [\n", "is no YAML"),
        (b"a: b\n\tc: d\n", "is no YAML (line 2)"),
        (bytes(range(256)), "is no YAML"),
        (b"[" * 100_000, "is no YAML"),
        (b"a: &a [*a]\n", "a value contains itself"),
        (BOMB.encode(), "at most 2000000 values"),
        (b"a: !!python/object/apply:os.system [true]\n", "is no YAML"),
    ],
)
def test_no_manifest(content: bytes, said: str, tmp_path: Path) -> None:
    """Hostile and broken files end in a usage problem that names the file, and quickly."""
    (tmp_path / "bad.yaml").write_bytes(content)

    with pytest.raises(UsageProblem, match=r"bad\.yaml") as caught:
        from_files([tmp_path / "bad.yaml"])

    assert said in caught.value.message


def test_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the bound is refused before it is parsed."""
    monkeypatch.setattr(explain_input, "LARGEST_FILE", 10)
    (tmp_path / "a.yaml").write_text("a: 123456789\n")

    with pytest.raises(UsageProblem, match="must have at most"):
        from_files([tmp_path])


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """One that nobody writes to would hold the command for ever."""
    os.mkfifo(tmp_path / "pipe.yaml")

    with pytest.raises(UsageProblem, match=r"pipe\.yaml cannot be read: it is not a regular file"):
        from_files([tmp_path / "pipe.yaml"])


def test_folders_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are read to their depth, in order, other files left; JSON is YAML; `-` is standard input;
    empty documents are none."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.yml").write_text("kind: B\n---\n---\nkind: C\n")
    (tmp_path / "a.json").write_text('{"kind": "A"}')
    (tmp_path / "notes.txt").write_text("- no manifest")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"kind: D")))

    assert [one["kind"] for one in from_files([tmp_path, Path("-")])] == ["A", "B", "C", "D"]


def test_folder_without_manifests(tmp_path: Path) -> None:
    """A folder of nothing is a wrong folder."""
    with pytest.raises(UsageProblem, match="has no file that ends in"):
        from_files([tmp_path])


def test_nothing_reaches_the_terminal_unescaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters and overrides of the writing direction in names are written as escapes."""
    (tmp_path / "a.yaml").write_text(
        "apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\n"
        'metadata: {name: "a\\e[31mred\\u202e\\nfake", namespace: x}\n'
        'spec: {destination: {kind: ServiceAccount, name: "b\\rc", namespace: x}, sources: [{kind: "G\\e[2J", name: '
        "c, namespace: x}],"
        ' rules: [{kind: TCPRoute, name: "t\\e"}]}\n'
        "---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\n"
        'metadata: {name: "t\\e", namespace: x}\nspec: {matches: {ports: []}}\n'
    )
    with pytest.raises(SystemExit):
        main(["explain", "-f", str(tmp_path)])
    out = capsys.readouterr().out

    assert "\\x1b[31mred\\u202e\\nfake" in out
    assert all(letter == "\n" or letter.isprintable() for letter in out)


class FakeConnection:
    """An API server that serves some of the kinds."""

    host = "https://fake"

    def __init__(
        self,
        groups: dict[str, list[str]],
        resources: dict[str, list[tuple[str, str]]],
        objects: dict[str, list[dict[str, Any]]],
    ):
        self.groups, self.resources, self.objects = groups, resources, objects
        self.asked: list[str] = []

    def request(self, method: str, path: str, query: object = None) -> Answer:
        self.asked.append(path)
        if path == "/apis":
            groups = [
                {"name": name, "versions": [{"version": one} for one in versions]}
                for name, versions in self.groups.items()
            ]
            return Answer(200, {"groups": groups})
        if path in self.resources:
            return Answer(200, {"resources": [{"name": name, "kind": kind} for name, kind in self.resources[path]]})
        return (
            Answer(200, {"items": self.objects[path]})
            if path in self.objects
            else Answer(403, {"message": "forbidden"})
        )

    def close(self) -> None:
        """Nothing to close."""


ACCESS, SPLIT = "/apis/access.smi-spec.io/v1alpha2", "/apis/split.smi-spec.io/v1alpha2"


def test_cluster() -> None:
    """Each kind is listed in the newest version that is known and served, in one namespace;
    items get the kind that lists leave out."""
    resources = {
        ACCESS: [("traffictargets", "TrafficTarget"), ("traffictargets/status", "TrafficTarget")],
        SPLIT: [("trafficsplits", "TrafficSplit")],
        SPLIT.replace("2", "1"): [("trafficsplits", "TrafficSplit")],
    }
    objects: dict[str, list[dict[str, Any]]] = {
        f"{ACCESS}/namespaces/shop/traffictargets": [{"metadata": {"name": "t"}}],
        f"{SPLIT}/namespaces/shop/trafficsplits": [],
        "/api/v1/namespaces/shop/services": [{"metadata": {"name": "app"}}],
    }
    fake = FakeConnection(
        {"apps": ["v1"], "access.smi-spec.io": ["v1alpha2", "v9"], "split.smi-spec.io": ["v1alpha1", "v1alpha2"]},
        resources,
        objects,
    )

    found = from_cluster(fake, "shop")  # type: ignore[arg-type]

    assert [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in found] == [
        ("access.smi-spec.io/v1alpha2", "TrafficTarget", "t"),
        ("v1", "Service", "app"),
    ]
    assert not any(path.endswith("pods") for path in fake.asked)


def test_cluster_with_bindings() -> None:
    """Bindings look at labels of pods, so that pods are read, too."""
    draft = ACCESS.replace("2", "4")
    objects: dict[str, list[dict[str, Any]]] = {
        f"{draft}/identitybindings": [{"metadata": {"name": "b", "namespace": "shop"}}],
        "/api/v1/services": [],
        "/api/v1/pods": [{"metadata": {"name": "p", "namespace": "shop"}}],
    }
    fake = FakeConnection(
        {"access.smi-spec.io": ["v1alpha4"]}, {draft: [("identitybindings", "IdentityBinding")]}, objects
    )

    assert [one["kind"] for one in from_cluster(fake, None)] == ["IdentityBinding", "Pod"]  # type: ignore[arg-type]


def test_cluster_without_smi() -> None:
    """A cluster that serves no SMI kind is not one where nobody may call anybody."""
    with pytest.raises(ClusterError, match="serves no kind"):
        from_cluster(FakeConnection({"apps": ["v1"]}, {}, {}), None)  # type: ignore[arg-type]


def test_refused_list() -> None:
    """What the server refuses is an error, never an empty answer."""
    fake = FakeConnection({"access.smi-spec.io": ["v1alpha2"]}, {ACCESS: [("traffictargets", "TrafficTarget")]}, {})

    with pytest.raises(ClusterError, match="cannot list traffictargets in all namespaces: forbidden"):
        from_cluster(fake, None)  # type: ignore[arg-type]
