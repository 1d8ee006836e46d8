"""Tests of what a matrix says about where it comes from."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.core.canonical import canonical_bytes, sha256_hex
from pytest_smi.core.catalogue import load
from pytest_smi.core.informative import INFORMATIVE, with_informative
from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.doctor.preflight import served_definitions
from pytest_smi.matrix.build import RunContext, build_matrix
from pytest_smi.matrix.matrix import ImageRole, Mesh, Provenance
from pytest_smi.matrix.provenance import ci_run, image_roles
from pytest_smi.matrix.suite import catalogue_of, record_digest, this_suite, wheel_digest
from tests.support.reports import SUITE, a_catalogue

GITHUB = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, None),
        (GITHUB, "https://github.com/o/r/actions/runs/7"),
        ({**GITHUB, "GITHUB_RUN_ATTEMPT": "2"}, "https://github.com/o/r/actions/runs/7/attempts/2"),
        ({"GITHUB_SERVER_URL": "https://github.com"}, None),
        ({"CI_JOB_URL": "https://gitlab.example/o/r/-/jobs/9"}, "https://gitlab.example/o/r/-/jobs/9"),
        ({"BUILD_URL": "https://jenkins.example/job/1/"}, "https://jenkins.example/job/1/"),
        ({"BUILD_URL": "https://user:secret@jenkins.example/job/1/"}, None),
        ({"BUILD_URL": "javascript:alert(1)"}, None),
        ({"BUILD_URL": "https://["}, None),
    ],
)
def test_ci_run(environ: dict[str, str], url: str | None) -> None:
    """The address of the CI run, if there is one that can be shown to anybody."""
    assert ci_run(environ) == url


def test_roles_of_images() -> None:
    """An image may have several roles; a registry before the sample application's name changes nothing."""
    roles = image_roles(["mesh/all:1", "mesh/cp:1"], ["mesh/all:1", "docker.io/app:1", "app:1"], "app:1")
    assert roles[ImageRole.CONTROL_PLANE] == ("mesh/all:1", "mesh/cp:1")
    assert roles[ImageRole.PROXY] == ("mesh/all:1",)
    assert roles[ImageRole.SAMPLE_APP] == ("app:1", "docker.io/app:1")


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ('{"url": "file:///x.whl", "archive_info": {"hashes": {"sha256": "%s"}}}' % ("a" * 64), "a" * 64),
        ('{"url": "file:///x.whl", "archive_info": {"hash": "sha256=%s"}}' % ("b" * 64), "b" * 64),
        ('{"url": "file:///x", "dir_info": {"editable": true}}', None),
        ('{"archive_info": {"hash": "md5=1"}}', None),
        ("[", None),
        ("[]", None),
        (None, None),
    ],
)
def test_digest_of_the_wheel(text: str | None, digest: str | None) -> None:
    """As the installer wrote it down, or not at all."""
    assert wheel_digest(text) == digest


def test_digest_of_the_record() -> None:
    """Only lines that came with the wheel count, in any order; a checkout has none."""
    own = ["pytest_smi/a.py,sha256=x,1", "pytest_smi/b.py,sha256=y,2"]
    added = [
        "pytest_smi-0.dist-info/INSTALLER,,",
        "pytest_smi-0.dist-info/RECORD,,",
        "../../bin/pytest-smi,,",
        "pytest_smi/a.pyc,,",
    ]
    assert (
        record_digest("\n".join(own))
        == record_digest("\n".join([*added, *own[::-1]]))
        == sha256_hex("\n".join(own).encode())
    )
    assert record_digest("\n".join(own), '{"dir_info": {"editable": true}}') is None
    assert record_digest(None) is None


def test_catalogue_is_that_of_the_suite() -> None:
    """Every requirement with its level, and the digest of the whole list in canonical JSON."""
    catalogue = catalogue_of(load())
    assert catalogue.digest == sha256_hex(canonical_bytes([record.to_json() for record in with_informative(load())]))
    assert set(catalogue.informative) == {record.requirement for record in INFORMATIVE}
    assert catalogue.requirements["TA-06"] in (Level.MUST, Level.DERIVED)
    assert len(catalogue.requirements) == len(load())
    assert this_suite() == this_suite()


def test_definitions_as_served() -> None:
    """Only those of the SMI groups, by name; the digest is of the spec alone,
    so that status and managed fields do not matter."""
    items = [
        {"metadata": {"name": "trafficsplits.split.smi-spec.io"}, "spec": {"group": "split.smi-spec.io"}, "status": {}},
        {"metadata": {"name": "others.example.com"}, "spec": {"group": "example.com"}},
    ]
    assert served_definitions(items) == {
        "trafficsplits.split.smi-spec.io": sha256_hex(canonical_bytes(items[0]["spec"]))
    }


def a_run_at(minute: int, nonce: str) -> bytes:
    """The bytes of a matrix whose run had these times and random names."""
    ticks = itertools.count(minute)
    results = [
        Result(
            id=f"a::{name}",
            requirement=name,
            api=Api.ACCESS,
            version="v1alpha3",
            level=Level.MUST,
            status=Status.PASSED,
            reason="",
            source="access v1alpha3",
            duration=next(ticks) / 7,
            mesh="reference",
            evidence={"namespace": f"smi-t1-{nonce}", "at": next(ticks)},
        )
        for name in ("TA-02", "TA-01")
    ]
    context: dict[str, Any] = {
        "mesh": Mesh(name="reference", version="1", images={"b:1": "sha256:" + "b" * 64, "a:1": None}),
        "kubernetes": "v1",
        "apis": {Api.ACCESS: "v1alpha3"},
        "required": {},
        "started_at": f"2026-01-01T00:{minute:02}:00Z",
        "finished_at": f"2026-01-01T00:{minute + 1:02}:00Z",
        "nonce": nonce,
        "provenance": Provenance(
            catalogue=a_catalogue(), crds={"x": "c" * 64}, images=image_roles(["b:1"], ["a:1"], "a:1")
        ),
    }
    return build_matrix(
        SUITE, f"2026-01-01T00:{minute + 2:02}:00Z", [(RunContext(**context), results)]
    ).matrix.to_bytes()


def test_two_runs_differ_only_in_times_durations_and_names() -> None:
    """Line by line, whatever differs is a time, a duration, the nonce,
    or the digest of evidence that has such in it."""
    first, second = a_run_at(1, "aaaa").splitlines(), a_run_at(20, "bbbb").splitlines()
    assert len(first) == len(second)
    differing = {
        re.sub(rb'^ *"(\w+)".*', rb"\1", one).decode() for one, other in zip(first, second, strict=True) if one != other
    }
    assert differing == {"duration", "finishedAt", "generatedAt", "nonce", "sha256", "startedAt"}
    assert a_run_at(1, "aaaa") == a_run_at(1, "aaaa")


def test_wheel_and_checkout_are_told_apart(tmp_path: Path) -> None:
    """In this checkout there is no wheel to speak of."""
    assert this_suite().wheel is None
