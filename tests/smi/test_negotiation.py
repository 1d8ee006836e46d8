"""Negotiation of API versions: which are tested, which runs `--smi-version all` makes, and how choices are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.core.terms import VERSIONS
from pytest_smi.errors import UsageProblem
from pytest_smi.smi.negotiation import Variant, Wanted, negotiate, plan, read_choice, together
from pytest_smi.smi.versions import partners

OLD_AND_NEW = {"access": ["v1alpha3", "v1alpha2"], "specs": ["v1alpha4", "v1alpha3"], "split": ["v1alpha4", "v1alpha2"]}


def labels(variants: tuple[Variant, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """What tells the runs apart, and what each judges."""
    return [(variant.label, variant.apis) for variant in variants]


def test_newest_version_that_all_sides_know_is_chosen() -> None:
    """Claimed by the profile, served by the cluster, known to the suite."""
    found = negotiate({"access": ["v1alpha3", "v1alpha2"]}, {"access": ["v1alpha2", "v1alpha3"]})

    assert found.versions == {"access": "v1alpha3"}
    assert set(found.absent) == {"specs", "split", "metrics"}


def test_reason_tells_why_an_api_is_not_tested() -> None:
    """Not claimed, not served, and nothing in common are different reasons."""
    absent = negotiate(
        {"access": ["v1alpha3"], "split": ["v1alpha4"]}, {"split": ["v1alpha1"], "specs": ["v1alpha4"]}
    ).absent

    assert absent["specs"] == "the mesh's profile does not claim it"
    assert absent["access"] == "the cluster does not serve access.smi-spec.io"
    assert "none in common" in absent["split"]


def test_profile_decides_not_what_the_cluster_prefers() -> None:
    """A cluster may list first, and store, a version that the mesh does not watch."""
    assert negotiate({"split": ["v1alpha1", "v1alpha2"]}, {"split": ["v1alpha2", "v1alpha1"]}).versions == {
        "split": "v1alpha1"
    }


def test_specs_belong_to_access() -> None:
    """A mesh of access v1alpha2 reads specs v1alpha3, also where newer specs are served."""
    found = negotiate(
        {"access": ["v1alpha2"], "specs": ["v1alpha4", "v1alpha3"]},
        {"access": ["v1alpha2"], "specs": ["v1alpha4", "v1alpha3"]},
    )

    assert found.versions == {"access": "v1alpha2", "specs": "v1alpha3"}
    assert found.notes == ()


def test_pair_that_does_not_belong_together_is_noted() -> None:
    """It is tested all the same, since the profile claims it; a reader is told."""
    found = negotiate({"access": ["v1alpha2"], "specs": ["v1alpha4"]}, {"access": ["v1alpha2"], "specs": ["v1alpha4"]})

    assert found.versions == {"access": "v1alpha2", "specs": "v1alpha4"}
    assert found.notes == ("access v1alpha2 belongs with specs v1alpha3; it is tested with specs v1alpha4",)


@pytest.mark.parametrize("wanted", [{"access": "v1alpha2"}, {"specs": "v1alpha3"}])
def test_wanted_version_takes_its_partner_along(wanted: dict[str, str]) -> None:
    """Whoever asks for one of the pair gets the other that belongs to it."""
    found = negotiate(OLD_AND_NEW, OLD_AND_NEW, wanted)

    assert found.versions == {"access": "v1alpha2", "specs": "v1alpha3", "split": "v1alpha4"}


def test_wanted_version_need_not_be_claimed() -> None:
    """The user may hold a mesh to what it does not claim; the matrix says so."""
    found = negotiate({"split": ["v1alpha2"]}, {"split": ["v1alpha1", "v1alpha2"]}, {"split": "v1alpha1"})

    assert found.versions == {"split": "v1alpha1"}
    assert found.notes == ("split v1alpha1 was asked for with --smi-version; the mesh's profile does not claim it",)


@pytest.mark.parametrize(
    ("served", "said"), [(["v1alpha4"], "it serves v1alpha4"), ([], "does not serve split.smi-spec.io at all")]
)
def test_wanted_version_must_be_served(served: list[str], said: str) -> None:
    """Nothing else can be done about it, so it is an error that says what is there."""
    with pytest.raises(UsageProblem, match=said):
        negotiate({"split": ["v1alpha4"]}, {"split": served}, {"split": "v1alpha2"})


def test_all_runs_the_newest_and_then_each_other_version_by_itself() -> None:
    """One API at a time, access and specs together; a run of another version judges the APIs concerned alone."""
    variants = plan(OLD_AND_NEW, OLD_AND_NEW, Wanted(every=True))

    assert labels(variants) == [
        ("", ("access", "specs", "split", "metrics")),
        ("access=v1alpha2,specs=v1alpha3", ("access", "specs")),
        ("split=v1alpha2", ("split",)),
    ]
    assert variants[0].negotiated.versions == {"access": "v1alpha3", "specs": "v1alpha4", "split": "v1alpha4"}
    assert variants[2].negotiated.versions == {"access": "v1alpha3", "specs": "v1alpha4", "split": "v1alpha2"}


def test_all_runs_every_version_of_specs_though_access_has_fewer() -> None:
    """access v1alpha1 goes with specs v1alpha2 and with v1alpha1."""
    claimed = {api: list(VERSIONS[api])[1:] if api == "access" else list(VERSIONS[api]) for api in ("access", "specs")}

    assert [label for label, _ in labels(plan(claimed, claimed, Wanted(every=True)))] == [
        "",
        "access=v1alpha2,specs=v1alpha3",
        "access=v1alpha1,specs=v1alpha2",
        "access=v1alpha1,specs=v1alpha1",
    ]


def test_all_leaves_alone_what_is_pinned_or_not_asked_for() -> None:
    """A version named beside `all` stays, and an API that was left out with --smi-api gets no run of its own."""
    assert len(plan(OLD_AND_NEW, OLD_AND_NEW, Wanted(every=True, versions={"split": "v1alpha2"}))) == 2
    assert labels(plan(OLD_AND_NEW, OLD_AND_NEW, Wanted(every=True), ["split"])) == [
        ("", ("split",)),
        ("split=v1alpha2", ("split",)),
    ]


@given(
    claimed=st.fixed_dictionaries(
        {api: st.lists(st.sampled_from(known), unique=True) for api, known in VERSIONS.items()}
    ),
    served=st.fixed_dictionaries(
        {api: st.lists(st.sampled_from(known), unique=True) for api, known in VERSIONS.items()}
    ),
)
def test_all_covers_every_version_in_common_once(claimed: dict[str, list[str]], served: dict[str, list[str]]) -> None:
    """No version that is claimed and served is left out, no run is done twice, and none uses what is not in common."""
    variants = plan(claimed, served, Wanted(every=True))
    seen = [tuple(sorted(variant.negotiated.versions.items())) for variant in variants]
    found = {(api, version) for versions in seen for api, version in versions}

    assert found == {(api, version) for api in VERSIONS for version in claimed[api] if version in served[api]}
    assert len(set(seen)) == len(seen)
    assert len({variant.label for variant in variants}) == len(variants)


STORED = {"specs": ["v1alpha4", "v1alpha3"]}


def test_stored_version_is_chosen_and_not_tested() -> None:
    """It is written, so that targets can name routes; nobody claims that the mesh acts on it."""
    found = negotiate({"access": ["v1alpha3"]}, {"access": ["v1alpha3"], "specs": ["v1alpha4"]}, stored=STORED)

    assert (found.versions, found.stored) == ({"access": "v1alpha3"}, {"specs": "v1alpha4"})
    assert found.written == {"access": "v1alpha3", "specs": "v1alpha4"}
    assert found.absent["specs"] == "stored so that access can refer to it, but the mesh does not claim it"
    assert found.notes == ("specs v1alpha4 is stored so that access can refer to it, but the mesh does not claim it",)


def test_stored_specs_belong_to_access() -> None:
    """The version that belongs to that of access is stored, as it would be tested if it were claimed."""
    served = {"access": ["v1alpha2"], "specs": ["v1alpha4", "v1alpha3"]}

    assert negotiate({"access": ["v1alpha2"]}, served, stored=STORED).stored == {"specs": "v1alpha3"}


def test_stored_version_that_does_not_belong_is_noted() -> None:
    """A reader is told, as of a claimed one."""
    found = negotiate({"access": ["v1alpha2"]}, {"access": ["v1alpha2"], "specs": ["v1alpha4"]}, stored=STORED)

    assert found.notes[1:] == ("access v1alpha2 belongs with specs v1alpha3; it is tested with specs v1alpha4",)


@pytest.mark.parametrize(
    ("served", "said"),
    [
        ([], "the cluster does not serve specs.smi-spec.io"),
        (["v1alpha1"], "stored v1alpha4, v1alpha3, served v1alpha1"),
    ],
)
def test_what_is_not_served_cannot_be_stored(served: list[str], said: str) -> None:
    """The reason says both that it is not claimed and why it cannot be referred to either."""
    found = negotiate({"access": ["v1alpha3"]}, {"access": ["v1alpha3"], "specs": served}, stored=STORED)

    assert (found.versions, found.stored, found.notes) == ({"access": "v1alpha3"}, {}, ())
    assert found.absent["specs"].startswith(
        f"the mesh does not claim it, and it cannot be stored for others to refer to: {said}"
    )


def test_stored_version_that_is_wanted_is_tested() -> None:
    """The user may hold a mesh to what it only stores, as to anything else that it does not claim."""
    served = {"access": ["v1alpha3"], "specs": ["v1alpha4"]}
    found = negotiate({"access": ["v1alpha3"]}, served, {"specs": "v1alpha4"}, stored=STORED)

    assert (found.versions, found.stored) == ({"access": "v1alpha3", "specs": "v1alpha4"}, {})
    assert found.notes == ("specs v1alpha4 was asked for with --smi-version; the mesh's profile does not claim it",)


def test_stored_versions_make_no_runs() -> None:
    """`all` runs every claimed version of access, each with the specs that belong to it, and specs never."""
    served = {"access": ["v1alpha3", "v1alpha2"], "specs": ["v1alpha4", "v1alpha3"]}
    variants = plan({"access": ["v1alpha3", "v1alpha2"]}, served, Wanted(every=True), stored=STORED)

    assert labels(variants) == [("", tuple(VERSIONS)), ("access=v1alpha2", ("access",))]
    assert [variant.negotiated.stored["specs"] for variant in variants] == ["v1alpha4", "v1alpha3"]


VERSION_LISTS = st.fixed_dictionaries(
    {}, optional={api: st.lists(st.sampled_from(versions), unique=True) for api, versions in VERSIONS.items()}
)


@given(VERSION_LISTS, VERSION_LISTS, st.lists(st.sampled_from(VERSIONS["specs"]), unique=True, min_size=1))
def test_storing_is_choosing_without_claiming(
    claimed: dict[str, list[str]], served: dict[str, list[str]], specs: list[str]
) -> None:
    """What is written is what would be tested if it were claimed; only what is claimed is tested,
    and each API has one standing."""
    claimed = {api: versions for api, versions in claimed.items() if api != "specs"}

    found = negotiate(claimed, served, stored={"specs": specs})

    assert found.written == negotiate({**claimed, "specs": specs}, served).versions
    assert found.versions.keys() <= claimed.keys()
    assert found.versions.keys() | found.absent.keys() == VERSIONS.keys()
    assert found.stored.keys() <= found.absent.keys() - found.versions.keys()


def test_pairs_are_the_same_seen_from_either_side() -> None:
    """What belongs to a version of access has that version among its own partners."""
    for access in VERSIONS["access"]:
        assert all(access in partners("specs", specs) for specs in partners("access", access))


def test_choices_are_read_and_put_together() -> None:
    """The option may be repeated and may hold several with commas."""
    found = together([read_choice("access=v1alpha2,split=v1alpha1"), read_choice("all")])

    assert found == Wanted(versions={"access": "v1alpha2", "split": "v1alpha1"}, every=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acces=v1alpha2", "unknown API 'acces' .did you mean 'access'.*; known are access, specs, split, metrics"),
        ("split=v1alpha9", "unknown version 'v1alpha9' of split .did you mean 'v1alpha4'.*; known are v1alpha4"),
        ("v1alpha2", "written API=VERSION"),
        ("", "found nothing"),
        ("split=v1alpha1,split=v1alpha2", "'all' runs several"),
    ],
)
def test_bad_choice_is_refused(text: str, said: str) -> None:
    """The message lists the known ones."""
    with pytest.raises(ValueError, match=said):
        read_choice(text)


def test_choices_that_contradict_each_other_are_refused() -> None:
    """Two versions of one API are two runs, which `all` makes."""
    with pytest.raises(UsageProblem, match="v1alpha1 and v1alpha2"):
        together([read_choice("split=v1alpha1"), read_choice("split=v1alpha2")])
