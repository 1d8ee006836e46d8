"""What the node's parts decide before anything is started: pins, command lines, certificates, addresses, waiting."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from tests.cluster import (
    binaries,
    certificates,
    component_config,
    components,
    go_build,
    host_settings,
    kubeconfigs,
    layout,
    node_images,
)
from tests.cluster.layout import GO, Layout
from tests.cluster.problem import ClusterProblem
from tests.cluster.waiting import until

PROGRAMS = binaries.Binaries(kubernetes=Path("/k/kubernetes"), coredns=Path("/c/coredns"), pause=Path("/p/pause"))
HERE = Layout(folder=Path("/x/.cluster"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every key and certificate of a node."""
    folder = tmp_path_factory.mktemp("node") / "keys"
    certificates.write_all(folder)
    return folder


def certificate(keys: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((keys / f"{name}.crt").read_bytes())


@pytest.mark.parametrize("change", ["content", "name", "flags"])
def test_key_of_a_build_changes_with_everything_that_goes_into_it(tmp_path: Path, change: str) -> None:
    """A program is built again when a file, its name or the linker's flags change, and only then."""
    (tmp_path / "go.mod").write_text("module a")
    before = go_build.key(tmp_path, "-s")
    assert go_build.key(tmp_path, "-s") == before
    if change == "content":
        (tmp_path / "go.mod").write_text("module b")
    elif change == "name":
        (tmp_path / "go.mod").rename(tmp_path / "go.sum")
    assert go_build.key(tmp_path, "-w" if change == "flags" else "-s") != before


def test_pin_is_read_from_both_forms_of_require(tmp_path: Path) -> None:
    """A version is found in a block and on a line of its own, never in a replacement, and a missing one is said."""
    block = "require (\n\texample.org/b v0.4.0 // indirect\n)"
    lines = ("module m", "require example.org/a v1.2.3", block, "replace example.org/c => example.org/c v9.0.0", "")
    (tmp_path / "go.mod").write_text("\n".join(lines))
    assert [go_build.pinned(tmp_path, f"example.org/{each}") for each in "ab"] == ["v1.2.3", "v0.4.0"]
    with pytest.raises(ClusterProblem, match=r"does not require example\.org/c"):
        go_build.pinned(tmp_path, "example.org/c")


def test_kubernetes_and_its_staging_modules_are_one_release() -> None:
    """Every staging module is replaced by the release that goes with the pinned Kubernetes,
    as its own go.mod leaves them open."""
    minor_and_patch = binaries.kubernetes_version().removeprefix("v1.")
    replaced = [line.split() for line in (GO / "kubernetes" / "go.mod").read_text().splitlines() if "=>" in line]
    assert len(replaced) > 25
    assert {(words[0] == words[2], words[3]) for words in replaced} == {(True, f"v0.{minor_and_patch}")}


def test_programs_are_stamped_with_the_pinned_version() -> None:
    """Server and clients tell the pinned version; unstamped ones would tell v0.0.0."""
    flags = binaries.version_flags("v1.34.4")
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        assert {f"-X {package}.gitVersion=v1.34.4", f"-X {package}.gitMajor=1", f"-X {package}.gitMinor=34"} <= set(
            flags
        )


def test_every_component_is_found_by_the_name_it_is_started_by() -> None:
    """A running component is known by the last part of its path, so that must be its name, and no two may share it."""
    paths = [Path(components.component(name, HERE, PROGRAMS).command[0]) for name in components.NAMES]
    assert [path.name for path in paths] == list(components.NAMES)
    assert all(path.is_absolute() for path in paths)
    assert len(set(paths)) == len(paths)


def test_components_read_only_files_that_are_written(keys: Path) -> None:
    """Every key, certificate, kubeconfig and configuration file named on a command line or
    in a configuration file exists."""
    here = Layout(folder=Path("/x/.cluster"))
    config = component_config.config_files(here)
    words = [word for name in components.NAMES for word in components.component(name, here, PROGRAMS).command]
    text = "\n".join([*words, *config.values()])
    written = {*config, *(f"{name}.kubeconfig" for name in components.WITH_KUBECONFIG), "cni"}
    for folder, known in ((here.keys, {each.name for each in keys.iterdir()}), (here.config, written)):
        named = {rest.split("\n")[0].strip(" \"'") for rest in text.split(f"{folder}/")[1:]}
        assert named
        assert named <= known


def test_nothing_listens_on_every_address_but_the_api_server() -> None:
    """Servers of the node name the address they listen on; the API server is within the node's network namespace
    and on its address."""
    etcd = components.component("etcd", HERE, PROGRAMS).command
    assert all("127.0.0.1" in word for word in etcd if word.startswith("--listen"))
    for name in ("kube-controller-manager", "kube-scheduler"):
        assert "--bind-address=127.0.0.1" in components.component(name, HERE, PROGRAMS).command
    kubelet = yaml.safe_load(component_config.config_files(HERE)["kubelet.yaml"])
    assert kubelet["address"] == str(layout.NODE.ip)
    assert kubelet["authentication"]["anonymous"] == {"enabled": False}


def test_address_ranges_are_apart_and_within_the_routed_one() -> None:
    """The host routes one range to the node: pods, Services and both ends of the cable are in it,
    and none overlaps another."""
    ranges = [layout.NODE.network, layout.SERVICES, layout.PODS]
    assert all(each.subnet_of(layout.RANGE) for each in ranges)
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one != other)
    assert layout.HOST.network == layout.NODE.network
    assert layout.CLUSTER_DNS in layout.SERVICES


def test_certificates_name_their_users_and_verify(keys: Path) -> None:
    """Each client certificate carries the user and group that the API server grants rights to,
    signed by the cluster's authority."""
    authority = certificate(keys, "ca")
    for name, (user, group) in certificates.CLIENTS.items():
        found = certificate(keys, name)
        found.verify_directly_issued_by(authority)
        subject = {attribute.rfc4514_attribute_name: attribute.value for attribute in found.subject}
        assert subject == ({"CN": user, "O": group} if group else {"CN": user})
    certificate(keys, certificates.FRONT_PROXY).verify_directly_issued_by(certificate(keys, "front-proxy-ca"))
    with pytest.raises(ValueError, match="Issuer"):
        certificate(keys, certificates.FRONT_PROXY).verify_directly_issued_by(authority)


def test_api_server_is_served_by_every_name_that_clients_use(keys: Path) -> None:
    """Pods reach the API server by its Service's name and address, the host by the node's address."""
    names = certificate(keys, "kube-apiserver").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)
    assert {layout.NODE.ip, layout.API_SERVICE} <= set(names.get_values_for_type(x509.IPAddress))


def test_keys_and_kubeconfigs_are_for_their_owner_alone(keys: Path, tmp_path: Path) -> None:
    """No key is readable by others, nor is a kubeconfig, which has one inside."""
    kubeconfigs.write(tmp_path / "kubeconfig", keys, "admin")
    secret = [*keys.glob("*.key"), tmp_path / "kubeconfig"]
    assert len(secret) > 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700


def test_tag_of_corednss_image_is_a_version() -> None:
    """Meshes compare the tag of CoreDNS's image as a version before they add their domain."""
    tag = node_images.coredns_image().rpartition(":")[2]
    assert [part.isdecimal() for part in tag.split(".")] == [True, True, True]


def test_folder_too_long_for_sockets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Unix socket's path is bounded, and the error says so before anything is started."""
    monkeypatch.setenv(layout.FOLDER_VARIABLE, "/" + "x" * 80)
    with pytest.raises(ClusterProblem, match=layout.FOLDER_VARIABLE):
        Layout.find()


def test_waiting_ends_with_what_was_waited_for() -> None:
    """A wait that is not met ends in time and names what it was for; one that is met returns at once."""
    until(lambda: True, seconds=0, what="nothing")
    with pytest.raises(ClusterProblem, match=r"waited 0 s for the moon$"):
        until(lambda: False, seconds=0, what="the moon", pause=0)


def test_settings_of_the_machine_are_put_back(tmp_path: Path) -> None:
    """What was noted before a change is there again after it, also when nothing was noted or a setting does not exist
    here."""
    setting, noted = tmp_path / "panic", tmp_path / "noted.json"
    setting.write_text("0\n")
    host_settings.put_back(noted)
    host_settings.note(noted, [setting, tmp_path / "unknown here"])
    setting.write_text("10\n")
    host_settings.put_back(noted)
    assert setting.read_text() == "0"
