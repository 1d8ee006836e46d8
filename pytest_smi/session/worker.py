"""The session plugin of a process that runs assertions: parametrize, stage scenes, turn outcomes into results."""

from __future__ import annotations

import json
import secrets
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.cluster.connection import Connection
from pytest_smi.core.catalogue import Assertion, assertion_of
from pytest_smi.core.interrupts import deferred
from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.errors import SmiError
from pytest_smi.scenario.scenario import Context, Scenario
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from pytest_smi.session.host_project import (
    by_node_id,
    leave_alone,
    of_the_suite,
    with_fixtures_of,
)
from pytest_smi.session.options import from_config
from pytest_smi.session.outcomes import Unsupported, against_gap, classify
from pytest_smi.session.partial import parameter_of
from pytest_smi.session.report_properties import IMAGES, PROPERTY
from pytest_smi.session.selection import selected, why_unsupported
from pytest_smi.smi.versions import NotExpressible
from pytest_smi.testbed.target import MeshTarget
from pytest_smi.testbed.testbed import Testbed

SCENE = pytest.StashKey[Scenario]()


class WorkerSession:
    """Runs the assertions of this process against every target."""

    def __init__(self, config: pytest.Config, targets: Callable[[], Mapping[str, MeshTarget]]) -> None:
        self.config, self.options = config, from_config(config)
        self._targets = targets
        self._testbeds: dict[str, Testbed] = {}
        self._interrupted = False

    @classmethod
    def from_wire(cls, config: pytest.Config, wire: Mapping[str, Mapping[str, Any]]) -> WorkerSession:
        """Build the session of a pytest-xdist worker from what the controller sent."""
        targets = {name: MeshTarget.from_wire(data) for name, data in wire.items()}
        return cls(config, lambda: targets)

    # --- collection ---------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrize every assertion by mesh; its requirement stands before the mesh in its node id."""
        record = assertion_of(metafunc.function)
        if record is not None:
            if of_the_suite(metafunc.definition):
                with_fixtures_of(self, metafunc)
            # None is reached under --collect-only. A run of another version is of the APIs concerned alone.
            names = [
                name for name, target in self._targets().items() if not target.variant or record.api in target.apis
            ]
            names = names or [str(choice) for choice in self.options.meshes]
            ids = [parameter_of(record.requirement, name) for name in names]
            metafunc.parametrize("smi_mesh", names, scope="session", ids=ids)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Let `-k TA-06` choose a requirement."""
        if (record := _assertion(item)) is not None:
            item.extra_keyword_matches.add(record.requirement)
            if isinstance(item, pytest.Function) and of_the_suite(item):
                leave_alone(item)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what node ids, `--smi-api` and `--smi-level` do not ask for; put last what disturbs a mesh."""
        named = by_node_id(config, items)
        wanted = [item for item in named if (record := _assertion(item)) is None or selected(record, self.options)]
        left_out = [item for item in items if item not in set(wanted)]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = wanted
        items.sort(key=self._comes_last)

    def _comes_last(self, item: pytest.Item) -> bool:
        """Return whether the profile says that this scene disturbs the mesh for everybody: what comes after it may find
        a mesh that has not got over it, even when nothing is beside it."""
        record, callspec = _assertion(item), getattr(item, "callspec", None)
        target = self._targets().get(callspec.params.get("smi_mesh")) if callspec is not None else None
        return record is not None and target is not None and target.profile.is_serial(record.requirement)

    # --- running ------------------------------------------------------------------------------------------------

    @pytest.fixture
    def smi(self, request: pytest.FixtureRequest, smi_mesh: str) -> Generator[Scenario, None, None]:
        """Provide the stage of one assertion: servers, clients, SMI objects and claims about traffic."""
        record = _assertion(request.node)
        if record is None:
            pytest.fail("the fixture 'smi' is for functions marked with @assertion")
        target = self._targets()[smi_mesh]
        refusal = why_unsupported(record, target)
        if refusal:
            raise Unsupported(refusal)
        fresh_clients = "split" in record.needs and target.profile.splits.fresh_client
        scene = Scenario(Context(self.testbed(smi_mesh), secrets.token_hex(3), fresh_clients=fresh_clients))
        request.node.stash[SCENE] = scene
        yield scene
        if not (self.options.keep or self._interrupted):
            scene.close()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """While an assertion is set up, runs and is torn down, an interrupt waits for a place
        where it can do no harm."""
        if _assertion(item) is None:
            return (yield)
        with deferred():
            return (yield)

    def testbed(self, mesh: str) -> Testbed:
        """Return this worker's testbed on a target, connected on first use."""
        if mesh not in self._testbeds:
            target = self._targets()[mesh]
            connection = Connection(Path(target.kubeconfig) if target.kubeconfig else None, target.context)
            self._testbeds[mesh] = Testbed(connection, target)
        return self._testbeds[mesh]

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """After the assertion's function: every denial must have had its control; a failure is looked into."""
        try:
            outcome = yield
            if (scene := pyfuncitem.stash.get(SCENE, None)) is not None:
                scene.conclude()
        except Exception as error:
            if (scene := pyfuncitem.stash.get(SCENE, None)) is not None:
                scene.look_around(error)
            raise
        return outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the result to the report of the phase that decided it."""
        report = yield
        record = _assertion(item)
        if record is not None and (call.when == "call" or (call.when == "setup" and call.excinfo is not None)):
            result = self._result(item, record, call)
            report.user_properties.append((PROPERTY, json.dumps(result.to_json())))
            testbed = self._testbeds.get(result.mesh)
            if testbed is not None:
                report.user_properties.append((IMAGES, json.dumps([result.mesh, testbed.images])))
            if result.status in (Status.UNSUPPORTED, Status.SKIPPED):
                report.outcome = "skipped"
                report.longrepr = (str(item.path), item.location[1] or 0, result.reason)
            elif result.status in (Status.FAILED, Status.ERRORED):
                report.longrepr = f"{result.requirement} {result.status}: {result.reason}" + _unexpected(call)
        return report

    def pytest_keyboard_interrupt(self) -> None:
        """Touch no connection any more: a second Ctrl-C can leave locks held.

        The controller deletes what there is, by one of its own.
        """
        self._interrupted = True

    def pytest_sessionfinish(self) -> None:
        """Close everything that was opened; what was created is deleted."""
        if self._interrupted:
            return
        for testbed in self._testbeds.values():
            try:
                testbed.close()
            except SmiError as error:
                self.config.issue_config_time_warning(
                    pytest.PytestWarning(f"clean-up is incomplete: {error}; run: pytest-smi clean"), 2
                )
            testbed.connection.close()

    def _result(self, item: pytest.Item, record: Assertion, call: pytest.CallInfo[None]) -> Result:
        scene = item.stash.get(SCENE, None)
        mesh: str = item.callspec.params["smi_mesh"]  # type: ignore[attr-defined]
        error = call.excinfo.value if call.excinfo else None
        status, reason = classify(error, scene.reading if scene else None, record.level)
        target = self._targets()[mesh]
        status, reason = against_gap(status, reason, target.profile.gap(record.requirement))
        version = target.versions.get(record.api, "")
        identifier = f"{record.name}[{version}]" if version else record.name
        verdict = {
            "requirement": record.requirement,
            "statement": record.statement,
            "status": str(status),
            "reason": reason,
            "id": identifier,
        }
        evidence = None
        if scene is not None:
            evidence = scene.evidence.document(
                **verdict, mesh=mesh, versions=dict(scene.versions), limits=scene.limits.to_json()
            )
        return Result(
            id=identifier,
            requirement=record.requirement,
            api=Api(record.api),
            version=version,
            level=Level(record.level),
            status=status,
            reason=reason,
            source=record.source,
            duration=scene.evidence.elapsed if scene else 0.0,
            mesh=mesh,
            reading=scene.reading if scene and status is Status.OBSERVED else None,
            evidence=evidence,
        )


def _assertion(item: object) -> Assertion | None:
    return assertion_of(getattr(item, "function", None))


def _unexpected(call: pytest.CallInfo[None]) -> str:
    """Return the traceback of an error that is a bug of the suite, for its maintainers."""
    error = call.excinfo.value if call.excinfo else None
    if error is None or isinstance(error, SmiError | RequirementFailed | Inconclusive | Unsupported | NotExpressible):
        return ""
    lines: Sequence[str] = traceback.format_exception(error)
    return "\n" + "".join(lines)
