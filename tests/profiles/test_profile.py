"""Loading mesh profiles: strict, every bad field at once, and nothing lost on the way to a worker."""

import copy
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.core.terms import APIS, VERSIONS
from pytest_smi.errors import ProfileError
from pytest_smi.profiles.load import (
    FAMILIES,
    Profile,
    WorkloadReference,
    known_profiles,
    load_profile,
    parse_profile,
    profile_document,
    read_profile,
)

SMALLEST: dict[str, Any] = {"name": "x", "provider": "cluster", "apis": {"split": ["v1alpha2"]}}


@pytest.mark.parametrize("name", list(known_profiles()))
def test_shipped_profile_loads(name: str) -> None:
    """Every profile in the package is valid and bears its file's name."""
    assert load_profile(name).name == name


@pytest.mark.parametrize("name", list(known_profiles()))
def test_shipped_profile_tells_its_sources(name: str) -> None:
    """What is said of somebody else's mesh has a source, and what has none is listed as unverified."""
    profile = load_profile(name)
    if name in ("reference", "none"):
        return
    assert profile.sources
    assert profile.status.source
    assert profile.claims_nothing or any(key.startswith("apis") for key in profile.sources)


def test_meshes_of_the_ecosystem_are_there() -> None:
    """Nobody has to guess whether a mesh was forgotten or has nothing to be tested."""
    silent = {"kuma", "app-mesh", "network-service-mesh", "aspen-mesh", "octarine", "citrix", "tanzu", "gloo-mesh"}
    claiming = {"reference", "none", "linkerd", "osm", "fsm", "traefik-mesh", "nginx-service-mesh", "istio", "consul"}

    assert silent | claiming <= set(known_profiles())
    assert {name for name in known_profiles() if load_profile(name).claims_nothing} == silent


@pytest.mark.parametrize("name", list(known_profiles()))
def test_profile_survives_the_way_to_a_worker(name: str) -> None:
    """A profile is sent as a document and read again: nothing may be lost or changed."""
    profile = load_profile(name)

    assert parse_profile(profile_document(profile)) == profile


def test_unknown_mesh_lists_the_known_ones() -> None:
    """A misspelt mesh is told what there is."""
    with pytest.raises(ProfileError, match=r"unknown mesh .*; pytest-smi profiles lists all"):
        load_profile("lnkerd")


BAD: dict[str, Any] = {
    "name": "My Mesh",
    "provider": "cloud",
    "status": {"state": "alive", "since": 2019},
    "join": {"podLabels": {"a": 1}, "podLabel": {}},
    "addressing": {"host": "{service}", "outsideHost": "{"},
    "services": {
        "annotations": {"http": [], "grpc": {}},
        "separate": "yes",
        "appProtocols": {"tcp": 7, "tcp-client-first": "x"},
    },
    "apis": {
        "acess": ["v1"],
        "split": "v1alpha4",
        "specs": ["v1alpha3", "v1alpha4"],
        "access": ["v1alpha5"],
        "metrics": [],
    },
    "stored": {"specs": ["v1alpha9"], "access": ["v1alpha3"]},
    "features": ["http3"],
    "mesh": {"namespace": 7, "workloads": ["controller"], "version": {"from": "tag"}, "detect": ["deployment/x"]},
    "splits": {"idleBefore": -1, "freshClient": 1},
    "kubernetes": {"min": "1.30", "max": "1.20", "verified": "no"},
    "preconditions": [
        {"name": "n", "kind": "magic", "remedy": "r"},
        {"name": "n", "kind": "field", "remedy": "r", "workload": "deployment/x"},
        {"name": "n", "kind": "preferred-version", "remedy": "", "group": "g", "equals": "v", "apis": ["splits"]},
    ],
    "denial": {"http": ["999", "refuse"], "grpc": []},
    "sources": {"colour": "x"},
    "unverified": {"apis": 3},
    "limits": {"settle_deadline": -1, "hold_seconds": True},
    "gaps": [{"requirement": "TA-01"}, "TA-02"],
    "colour": "red",
}
BAD_PATHS = [
    "name",
    "provider",
    "status.state",
    "status.since",
    "join.podLabels.a",
    "join.podLabel",
    "addressing.host",
    "addressing.outsideHost",
    "services.annotations.http",
    "services.annotations.grpc",
    "services.separate",
    "services.appProtocols.tcp",
    "services.appProtocols.tcp-client-first",
    "apis.acess",
    "apis.split",
    "apis.specs",
    "apis.access[0]",
    "apis.metrics",
    "stored.specs",
    "stored.specs[0]",
    "stored.access",
    "features[0]",
    "mesh.namespace",
    "mesh.workloads[0]",
    "mesh.version.from",
    "mesh.detect[0]",
    "splits.idleBefore",
    "splits.freshClient",
    "kubernetes.min",
    "kubernetes.verified",
    "preconditions[0].kind",
    "preconditions[1].workload",
    "preconditions[1].resource",
    "preconditions[1].path",
    "preconditions[1].equals",
    "preconditions[2].remedy",
    "preconditions[2].apis[0]",
    "denial.http[0]",
    "denial.http[1]",
    "denial.grpc",
    "sources.colour",
    "unverified.apis",
    "limits.settle_deadline",
    "limits.hold_seconds",
    "gaps[0].reason",
    "gaps[1]",
    "colour",
]


def test_every_bad_field_is_named_with_its_path() -> None:
    """One message holds all mistakes, each with the dotted path."""
    with pytest.raises(ProfileError) as caught:
        parse_profile(BAD)

    missing = [path for path in BAD_PATHS if f" {path}: " not in caught.value.message]
    assert missing == []


@pytest.mark.parametrize(
    ("change", "guess"),
    [
        ({"keepout": {}}, "keepOut"),
        ({"apis": {"acess": ["v1alpha1"]}}, "access"),
        ({"apis": {"split": ["v1alpa2"]}}, "v1alpha2"),
        ({"features": ["http-2"]}, "http2"),
        ({"status": {"state": "maintaned"}}, "maintained"),
    ],
)
def test_near_miss_is_guessed(change: dict[str, Any], guess: str) -> None:
    """A slip of the pen is answered with what was probably meant."""
    with pytest.raises(ProfileError, match=f"did you mean '{guess}'"):
        parse_profile({**SMALLEST, **change})


def test_unknown_limit_is_refused() -> None:
    """A limit that does not exist would silently not limit."""
    told = r"limits\.patience: is not a field \(did you mean 'control_patience'\?\); known are .*hold_probes"
    with pytest.raises(ProfileError, match=told):
        parse_profile({**SMALLEST, "limits": {"patience": 3}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"claimsNothing": "it reads none"}, "apis: must be empty when claimsNothing is given"),
        ({"apis": {}}, "apis: names no API"),
        ({"apis": {"split": ["v1alpha1", "v1alpha2"]}}, "apis.split: must be listed once each, newest first"),
        ({"apis": {"split": ["v1alpha2", "v1alpha2"]}}, "apis.split: must be listed once each, newest first"),
        (
            {"apis": {"access": ["v1alpha1"], "specs": ["v1alpha1"]}, "stored": {"specs": ["v1alpha1"]}},
            "stored.specs: is claimed under apis as well",
        ),
        (
            {"apis": {"metrics": ["v1alpha1"]}, "stored": {"specs": ["v1alpha1"]}},
            "stored.specs: is of no use: only access and split refer to it",
        ),
        ({"stored": {"specs": []}}, "stored.specs: lists no version"),
        (
            {"services": {"annotations": {"http": {"k": "a"}, "tcp": {"k": "b"}}}},
            "services.annotations: http and tcp want different values of k on one Service: set separate",
        ),
    ],
)
def test_contradictions_are_told(change: dict[str, Any], message: str) -> None:
    """Fields that are right by themselves may still not go together."""
    with pytest.raises(ProfileError) as caught:
        parse_profile({**SMALLEST, **change})

    assert message in caught.value.message


def test_mesh_that_claims_nothing_may_be_held_to_everything() -> None:
    """What the cluster serves is tested, whatever the mesh says of itself;
    a mesh that claims something is held to that alone."""
    silent = parse_profile({"name": "x", "provider": "cluster", "claimsNothing": "it reads none"})

    assert [silent.claims(api) for api in APIS] == [()] * 4
    assert [silent.candidates(api) for api in APIS] == [VERSIONS[api] for api in APIS]
    assert parse_profile(SMALLEST).candidates("access") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deployment/a", WorkloadReference(kind="deployment", namespace="here", name="a")),
        ("there/daemonset/a", WorkloadReference(kind="daemonset", namespace="there", name="a")),
    ],
)
def test_workloads_are_in_the_meshes_namespace_unless_they_say_so(text: str, expected: WorkloadReference) -> None:
    """An extension may run in a namespace of its own."""
    assert WorkloadReference.parse(text, "here") == expected


def test_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "broken.yaml"
    path.write_text("a: [")

    with pytest.raises(ProfileError, match=r"broken\.yaml"):
        read_profile(path)


def test_yaml_tags_are_not_executed(tmp_path: Path) -> None:
    """Profiles of third parties are data."""
    path = tmp_path / "evil.yaml"
    path.write_text("name: !!python/object/apply:os.getcwd []\n")

    with pytest.raises(ProfileError):
        read_profile(path)


TEXTS = st.text(alphabet="abc{}\n :'", max_size=8)
LABELS = st.dictionaries(st.sampled_from(["a", "b.io/c"]), TEXTS, max_size=2)
DOCUMENTS = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"[a-z]([a-z-]{0,6}[a-z])?", fullmatch=True),
        "provider": st.sampled_from(["cluster", "embedded"]),
        "apis": st.dictionaries(
            st.sampled_from(["access", "specs", "split"]),
            st.sets(st.sampled_from(VERSIONS["split"]), min_size=1).map(
                lambda versions: sorted(versions, reverse=True)
            ),
            min_size=1,
        ),
    },
    optional={
        "title": TEXTS,
        "join": st.fixed_dictionaries({}, optional={"podLabels": LABELS, "namespaceAnnotations": LABELS}),
        "services": st.fixed_dictionaries(
            {"separate": st.just(True)},
            optional={"annotations": st.dictionaries(st.sampled_from(FAMILIES), LABELS, max_size=3)},
        ),
        "splits": st.fixed_dictionaries(
            {"idleBefore": st.floats(0, 100), "freshClient": st.booleans(), "rootSelectsBackends": st.booleans()}
        ),
        "preconditions": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.just("p"),
                    "kind": st.just("container-argument"),
                    "remedy": st.just("r"),
                    "workload": st.just("ns/deployment/d"),
                    "argument": st.just("--a"),
                    "equals": st.one_of(st.booleans(), st.integers(), st.text(max_size=3)),
                },
                optional={"default": st.booleans(), "apis": st.just(["split"])},
            ),
            max_size=2,
        ),
        "limits": st.dictionaries(st.sampled_from(["hold_probes", "settle_deadline"]), st.integers(1, 500), max_size=2),
        "unverified": st.dictionaries(st.sampled_from(["apis.split", "limits"]), TEXTS, max_size=2),
    },
)


@given(DOCUMENTS)
def test_reading_and_writing_are_inverse(document: dict[str, Any]) -> None:
    """Whatever can be read is written as a document of the same meaning,
    and reading changes nothing in its argument."""
    before = copy.deepcopy(document)

    profile = parse_profile(document)

    assert document == before
    assert parse_profile(profile_document(profile)) == profile


@given(
    DOCUMENTS,
    st.sampled_from(["nmae", "api", "x-y", "limit"]),
    st.recursive(st.none() | st.booleans() | TEXTS, st.lists, max_leaves=3),
)
def test_one_unknown_field_is_one_fault(document: dict[str, Any], key: str, value: Any) -> None:
    """Nothing that is not understood is passed over, and the rest is not blamed for it."""
    with pytest.raises(ProfileError) as caught:
        parse_profile({**document, key: value})

    assert caught.value.message.startswith(f"profile has 1 bad field(s):\n  {key}: is not a field")


def test_stored_versions_are_read_and_written() -> None:
    """They are no claim, and a worker gets them."""
    profile = parse_profile({**SMALLEST, "stored": {"specs": ["v1alpha3", "v1alpha2"]}})

    assert profile.stored == {"specs": ("v1alpha3", "v1alpha2")}
    assert profile.claims("specs") == profile.candidates("specs") == ()
    assert profile_document(profile)["stored"] == {"specs": ["v1alpha3", "v1alpha2"]}


def test_profile_record_alone_is_usable() -> None:
    """A test or a tool may make a profile without a file."""
    assert Profile(name="x", title="X", provider="cluster").claims("split") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nname: y\nprovider: cluster\n", "the name 'name' stands twice"),
        ("join: {podLabels: {a: b, a: c}}", "the name 'a' stands twice"),
        ("a: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        ("a: " + "[" * 30 + "]" * 30, "nested too deeply"),
        (
            "a: &a [x]\n"
            + "\n".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)),
            "values",
        ),
        ("a: &a [*a]", "nested too deeply"),
        ("limits: {hold_seconds: .nan}", "limits.hold_seconds: must be a string, a number, true or false, found nan"),
        ("limits: {hold_seconds: .inf}", "limits.hold_seconds: must be a string, a number, true or false, found inf"),
        ("splits: {idleBefore: " + "9" * 5000 + "}", "cannot be read"),
        ("splits: {idleBefore: " + "9" * 400 + "}", "found a number of hundreds of digits"),
        ("splits: {idleBefore: 0x" + "f" * 5000 + "}", "found a number of hundreds of digits"),
        (r'title: "\ud800"', "title: must be a string, a number, true or false, found half of a surrogate pair"),
        (r'title: {"\ud800": 1}', "title: must have names that are strings, found half"),
        (
            "status: {note: 2024-01-01}",
            "status.note: must be a string, a number, true or false, found 2024-01-01 (put it into quotes)",
        ),
        ("status: {note: !!set {a}}", "status.note: must be"),
        ("7: x", "document: must have names that are strings, found 7"),
        ("[]", "document: must be an object, found a list"),
        ("", "document: must be an object, found null"),
    ],
)
def test_hostile_file_gives_one_clear_error(tmp_path: Path, text: str, said: str) -> None:
    """Whatever is in the file, it is refused with our own error, of bounded size, and at once."""
    path = tmp_path / "hostile.yaml"
    path.write_text(text)

    with pytest.raises(ProfileError) as caught:
        read_profile(path)

    assert said in caught.value.message
    assert len(caught.value.message) < 3000
    caught.value.message.encode()


def test_file_without_an_end_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe that nobody writes to, a device, and a file that is far too large."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * ((1 << 20) + 1))
    for path, said in (
        (tmp_path / "pipe.yaml", "it is not a regular file"),
        (Path("/dev/zero"), "it is not a regular file"),
        (tmp_path / "huge.yaml", "it has more than 1048576 bytes"),
        (tmp_path / "none.yaml", "No such file or directory"),
    ):
        with pytest.raises(ProfileError) as caught:
            read_profile(path)
        assert caught.value.message == f"the profile {path} cannot be read: {said}"


def test_yaml_that_cannot_be_parsed_is_told_in_one_line(tmp_path: Path) -> None:
    """With the line in which it breaks."""
    (tmp_path / "p.yaml").write_text("name: x\njoin: {a: b\n")

    with pytest.raises(ProfileError, match=r"p\.yaml cannot be read: while parsing a flow mapping .*line 3"):
        read_profile(tmp_path / "p.yaml")


def test_mistakes_come_one_per_line() -> None:
    """A long list in one line cannot be worked off."""
    with pytest.raises(ProfileError) as caught:
        parse_profile({**SMALLEST, "colour": "red", "title": 3})

    assert caught.value.message.splitlines() == [
        "profile has 2 bad field(s):",
        "  title: must be a string, found 3 (put it into quotes)",
        caught.value.message.splitlines()[2],
    ]
    assert caught.value.message.splitlines()[2].startswith("  colour: is not a field; known are addressing, apis, ")


@pytest.mark.parametrize("key", ["gaps", "serial"])
@pytest.mark.parametrize(
    ("requirement", "near"), [("SP-99", "'SP-69' or 'SP-59'"), ("sp-31", "SP-31"), ("TA01", "TA-01")]
)
def test_requirement_that_does_not_exist_is_refused(key: str, requirement: str, near: str) -> None:
    """A gap that names nothing would excuse nothing, and nobody would see it."""
    with pytest.raises(ProfileError) as caught:
        parse_profile(
            {**SMALLEST, key: [{"requirement": "TA-05", "reason": "r"}, {"requirement": requirement, "reason": "r"}]}
        )

    (fault,) = caught.value.message.splitlines()[1:]
    assert fault.startswith(f"  {key}[1].requirement: unknown requirement {requirement!r} (did you mean ")
    assert near in fault
    assert fault.endswith("; pytest-smi catalogue lists all")
