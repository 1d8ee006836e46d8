"""Tests of how credentials of a kubeconfig are sent, and that no message holds them."""

import os
from pathlib import Path

import pytest
import yaml

from pytest_smi.cluster.connection import Connection
from pytest_smi.errors import ClusterError, UsageProblem
from tests.support.web import serving

SECRET = "hunter2-hunter2-hunter2"


def kubeconfig(tmp_path: Path, server: str, token: str) -> Path:
    """Write a kubeconfig whose token lies in a file of its own."""
    (tmp_path / "token").write_text(token)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"tokenFile": str(tmp_path / "token")}}],
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(document))
    return path


def test_white_space_around_a_token_is_trimmed(tmp_path: Path) -> None:
    """A file that ends in a newline, as editors and `echo` write it, is a good token."""
    with serving(tmp_path) as site:
        Connection(kubeconfig(tmp_path, site.url, f" {SECRET} \n")).request("GET", "/version")
    assert [headers["authorization"] for _, headers in site.asked] == [f"Bearer {SECRET}"]


def test_no_message_holds_a_token(tmp_path: Path) -> None:
    """A token that no header can hold is an error without it, by request and by stream."""
    with serving(tmp_path) as site:
        connection = Connection(kubeconfig(tmp_path, site.url, f"{SECRET}\n{SECRET}\n"))
        with pytest.raises(ClusterError) as by_request:
            connection.request("GET", "/version")
        with pytest.raises(ClusterError) as by_stream:
            connection.websocket("/api/v1/namespaces/x/pods/y/exec", [("command", "true")])
    for caught in (by_request, by_stream):
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("named", [True, False])
def test_a_kubeconfig_without_an_end_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    """A pipe that nobody writes to would hold the run for ever; named, or in the environment."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{pipe}")

    with pytest.raises(UsageProblem, match="pipe cannot be used: it is not a regular file"):
        Connection(pipe if named else None)
