"""The results of a session: every one of them, and what makes runs, matrix and exit status out of them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pytest_smi.core.catalogue import Assertion, load
from pytest_smi.core.result import Result
from pytest_smi.core.terms import LEVELS_OF, Api, Level, Status
from pytest_smi.matrix.build import Built, RunContext, build_matrix
from pytest_smi.matrix.exploration import Exploration
from pytest_smi.matrix.matrix import Mesh, Provenance
from pytest_smi.matrix.provenance import ci_run, image_roles
from pytest_smi.matrix.suite import catalogue_of, this_suite
from pytest_smi.reports.diff import Baseline
from pytest_smi.session.meshes import Targets
from pytest_smi.session.outcomes import CLOSED_GAP
from pytest_smi.session.partial import Coverage, assertion_at, without_claims
from pytest_smi.session.selection import selected

EXIT_PASSED, EXIT_FAILED, EXIT_ERRORED = 0, 1, 3
_WORST_FIRST = (Status.FAILED, Status.ERRORED, Status.SKIPPED, Status.UNSUPPORTED, Status.OBSERVED, Status.PASSED)


class ResultCollector:
    """Collects results and judges the whole; `problems` are failures that belong to no assertion."""

    def __init__(self, targets: Targets, baseline: Baseline) -> None:
        self.targets, self.options, self._baseline = targets, targets.options, baseline
        self.results: defaultdict[str, list[Result]] = defaultdict(list)
        self.images: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.repeated: defaultdict[str, set[str]] = defaultdict(set)
        """Requirements with more than one result, by mesh."""
        self.problems: list[str] = []
        self.interrupted = False
        self.catalogue: list[Assertion] = []
        self.coverage: Coverage | None = None
        """Known once the assertions are collected."""
        self.explorations: Mapping[str, Exploration] = {}
        self.exploration_status: int | None = None
        """What a search says by itself, where no assertion ran."""
        self._started = now()

    def add(self, result: Result) -> None:
        """Take a result. Of an assertion that ran more than once the worst counts, and the run is restricted."""
        own = self.results[result.mesh]
        earlier = next((number for number, known in enumerate(own) if known.id == result.id), None)
        if earlier is None:
            own.append(result)
            return
        self.repeated[result.mesh].add(result.requirement)
        own[earlier] = min(own[earlier], result, key=lambda one: _WORST_FIRST.index(one.status))

    def lost(self, nodeid: str, reason: str) -> Result | None:
        """Return the result of an assertion whose worker process was lost; None for another test."""
        requirement, function, mesh = assertion_at(nodeid)
        record = next((one for one in load() if (one.requirement, one.function) == (requirement, function)), None)
        target = self.targets.reached.get(mesh)
        if record is None or target is None:
            return None
        version = target.versions.get(record.api, "")
        result = _not_run(record, mesh, Status.ERRORED, f"the process that ran it was lost: {reason}")
        return replace(result, id=f"{record.name}[{version}]" if version else record.name, version=version)

    def build(self) -> Built | None:
        """Build the matrix, or return None when there is no result at all. Raises ReportError."""
        self.catalogue = load()
        runs = [
            (self._context(name), [*results, *self._elsewhere(name)])
            for name, results in self.results.items()
            if results
        ]
        if not runs:
            return None
        built = build_matrix(this_suite(), now(), runs)
        return without_claims(built, self.coverage) if self.coverage and self.coverage.partial else built

    @property
    def _partial(self) -> bool:
        return self.coverage is not None and self.coverage.partial

    def known_failures(self) -> list[Result]:
        """Failures that the baseline has too."""
        return [
            result
            for result in self._all()
            if result.status is Status.FAILED and self._baseline.knows(result.mesh, result.requirement)
        ]

    def closed_gaps(self) -> list[str]:
        """Return a line for every requirement that the profile of a mesh declares as not met, and that it meets."""
        met = {(result.requirement, result.mesh) for result in self._all() if result.reason.startswith(CLOSED_GAP)}
        return [
            f"{CLOSED_GAP}: {requirement} ({mesh}) is met; remove it from the gaps of the profile"
            for requirement, mesh in sorted(met)
        ]

    def unmet_recommendations(self) -> list[str]:
        """Return a line for every failed requirement that does not fail the run."""
        binding = LEVELS_OF[self.options.fail_on]
        failed = [result for result in self._all() if result.status is Status.FAILED and result.level not in binding]
        return [
            f"recommendation not met: {result.requirement} {result.level} ({result.mesh}): {result.reason}"
            for result in failed
        ]

    def silent(self) -> list[str]:
        """Return a line for every mesh on which no assertion ran, with the reason: such a run says nothing,
        and never that a mesh conforms."""
        lines = []
        for name, results in self.results.items():
            if results and all(result.status in (Status.UNSUPPORTED, Status.SKIPPED) for result in results):
                why = self.targets.reached[name].profile.claims_nothing
                reason = (
                    f"the mesh claims no SMI ({why}), and the cluster serves none of it"
                    if why
                    else "no API is claimed and served"
                )
                lines.append(f"nothing was tested on {name}: {reason}")
        return lines

    def exit_status(self) -> int:
        """0 when all that is claimed holds, 1 when something failed that the baseline does not know,
        3 when errored or nothing ran.

        What failed and is no MUST counts only as `--smi-fail-on` says.
        """
        statuses = [result.status for result in self._all()]
        if not statuses and not self.problems and self.exploration_status is not None:
            return self.exploration_status
        known = self.known_failures()
        if any(
            result.status is Status.FAILED and result.level in LEVELS_OF[self.options.fail_on]
            for result in self._all()
            if result not in known
        ):
            return EXIT_FAILED
        ran = any(status in (Status.PASSED, Status.OBSERVED, Status.FAILED) for status in statuses)
        return EXIT_ERRORED if Status.ERRORED in statuses or not ran or self.problems else EXIT_PASSED

    def _all(self) -> Iterable[Result]:
        return (result for results in self.results.values() for result in results)

    def _elsewhere(self, mesh: str) -> list[Result]:
        """Return results for the other APIs, where a run is of another version of some: the mesh's first run judges
        them."""
        target = self.targets.reached[mesh]
        others = [
            record for record in self.catalogue if selected(record, self.options) and record.api not in target.apis
        ]
        reason = f"this run is of {target.variant} alone; the run of {target.name} judges the rest"
        return [_not_run(record, mesh, Status.UNSUPPORTED, reason) for record in others if target.variant]

    def _context(self, name: str) -> RunContext:
        found, target = self.targets.findings[name], self.targets.reached[name]
        ran = {result.requirement for result in self.results[name]}
        restricted = target.limits.weaker_than(target.profile.limits)
        if self.repeated[name]:
            restricted.append(
                f"ran more than once, and the worst result counts: {', '.join(sorted(self.repeated[name]))}"
            )
        if target.faulty:
            restricted.append(f"the reference mesh was made wrong with --smi-fault {self.options.fault}")
        return RunContext(
            mesh=Mesh(name=target.name, version=found.mesh_version, images={**found.images, **self.images[name]}),
            kubernetes=found.kubernetes,
            apis={
                api: found.versions.get(str(api)) if api in target.apis or not target.variant else None for api in Api
            },
            required={
                record.requirement: (Api(record.api), Level(record.level))
                for record in self.catalogue
                if not self._partial or record.requirement in ran
            },
            started_at=self._started,
            finished_at=now(),
            nonce=self.targets.nonce(name),
            limits=target.limits.to_json(),
            options={
                "apis": list(self.options.apis),
                "level": self.options.level,
                "timeout": self.options.timeout,
                "fault": self.options.fault if target.faulty else None,
                **({"versions": dict(self.targets.wanted.versions)} if self.targets.wanted.versions else {}),
                **({"variant": target.variant} if target.variant else {}),
                **({"notes": list(target.notes)} if target.notes else {}),
                **target.placement.to_matrix(),
                **({"image": target.image} if self.options.image else {}),
            },
            restricted=tuple(restricted),
            interrupted=self.interrupted,
            emulated=found.emulated,
            exploration=self.explorations.get(name),
            provenance=Provenance(
                catalogue=catalogue_of(self.catalogue),
                crds=dict(found.crds),
                images=image_roles(found.images, self.images[name], target.image),
                ci_run=ci_run(os.environ),
            ),
        )


def _not_run(record: Assertion, mesh: str, status: Status, reason: str) -> Result:
    return Result(
        id=record.name,
        requirement=record.requirement,
        api=Api(record.api),
        version="",
        level=Level(record.level),
        status=status,
        reason=reason,
        source=record.source,
        duration=0.0,
        mesh=mesh,
    )


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
