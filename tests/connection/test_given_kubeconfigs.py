"""What a kubeconfig and the environment bring along: proxies, credential plugins, unverified certificates."""

import warnings
from pathlib import Path

import pytest

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import EmbeddedCluster
from pytest_smi.cluster.unreachable import is_loopback, without_credentials
from pytest_smi.errors import ClusterError, UsageProblem


def a_kubeconfig(folder: Path, server: str, user: str = "{token: t}") -> Path:
    """A kubeconfig with one cluster."""
    path = folder / "kubeconfig"
    path.write_text(
        f"{{apiVersion: v1, kind: Config, current-context: c, clusters: [{{name: c, cluster: {{server: '{server}'}}}}],"
        f" users: [{{name: u, user: {user}}}], contexts: [{{name: c, context: {{cluster: c, user: u}}}}]}}"
    )
    return path


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose proxy answers nobody."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://me:secret@127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://127.0.0.1:6443", True),
        ("https://127.1.2.3", True),
        ("https://[::1]:6443", True),
        ("https://localhost:6443", True),
        ("https://kind.localhost", True),
        ("https://10.0.0.1", False),
        ("https://localhost.example", False),
    ],
)
def test_loopback(url: str, own: bool) -> None:
    """Addresses and names that are this machine's, and those that are not."""
    assert is_loopback(url) is own


def test_a_proxy_is_told_without_its_password() -> None:
    """Only where it is."""
    assert without_credentials("http://me:secret@proxy:3128") == "http://proxy:3128"


@pytest.mark.usefixtures("proxied")
def test_the_embedded_cluster_is_reached_whatever_proxy_is_set(cluster: EmbeddedCluster) -> None:
    """A proxy elsewhere cannot reach this machine's loopback."""
    connection = Connection(cluster.kubeconfig)

    assert connection.request("GET", "/version").ok
    with pytest.raises(ClusterError, match="404"):  # a WebSocket gets an answer, too
        connection.websocket("/api/v1/namespaces/default/pods/none/exec", [("command", "true")])
    connection.close()


@pytest.mark.usefixtures("proxied")
def test_a_proxy_that_was_used_is_named(tmp_path: Path) -> None:
    """So that its user looks there first; its password stays out."""
    connection = Connection(a_kubeconfig(tmp_path, "https://cluster.example:6443"))

    with pytest.raises(ClusterError) as caught:
        connection.request("GET", "/version")
    assert "through the proxy http://127.0.0.1:9" in caught.value.message
    assert "secret" not in str(caught.value)
    assert "NO_PROXY" in caught.value.hint


def test_a_credential_plugin_that_fails_is_told_in_its_own_words(tmp_path: Path) -> None:
    """Without them the cluster would refuse an anonymous user, and nobody knew why."""
    plugin = tmp_path / "plugin"
    plugin.write_text("#!/bin/sh\necho 'the SSO login has ended: run acme login' >&2\nexit 3\n")
    plugin.chmod(0o755)
    user = f"{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: '{plugin}', interactiveMode: Never}}}}"

    with pytest.raises(UsageProblem, match="the SSO login has ended: run acme login"):
        Connection(a_kubeconfig(tmp_path, "https://cluster.example:6443", user))


def test_an_unverified_certificate_is_no_flood_of_warnings(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Also where every warning is an error; the connection knows that it is insecure,
    so that the run can say it once."""
    import yaml

    document = yaml.safe_load(cluster.kubeconfig.read_text())
    assert not Connection(cluster.kubeconfig).insecure
    for entry in document["clusters"]:
        entry["cluster"].pop("certificate-authority-data", None)
        entry["cluster"].pop("certificate-authority", None)
        entry["cluster"]["insecure-skip-tls-verify"] = True
    path = tmp_path / "insecure"
    path.write_text(yaml.safe_dump(document))
    connection = Connection(path)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answers = [connection.request("GET", "/version") for _ in range(2)]
    assert all(answer.ok for answer in answers)
    assert connection.insecure
    connection.close()


def test_the_embedded_cluster_starts_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a module of the user's that shadows one of Python's, and with temporary files
    in a folder too deep for a Unix socket."""
    for name in ("queue", "select", "typing", "yaml"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the module of the user was taken')")
    deep = tmp_path / ("d" * 115)
    deep.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(deep))

    running = EmbeddedCluster([])
    connection = Connection(running.kubeconfig)
    try:
        assert connection.request("GET", "/version").ok
        assert not running.kubeconfig.is_relative_to(deep)
    finally:
        connection.close()
        running.stop()
