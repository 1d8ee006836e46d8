"""Every fault breaks exactly the requirements it says, judged by a small check
of each requirement over the real server."""

import asyncio
import importlib
import pkgutil
from pathlib import Path
from typing import Any

import httpx
import pytest

import pytest_smi.reference.mesh.faults.metrics as overrides
import pytest_smi.reference.mesh.metrics as healthy_modules
from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.faults.fault import Deviation, Fault
from pytest_smi.reference.mesh.faults.metrics import METRICS_DEVIATIONS, METRICS_FAULTS
from pytest_smi.reference.mesh.metrics.api import start_metrics_api
from pytest_smi.reference.mesh.metrics.permissions import AccessRequest
from tests.reference.mesh.metrics import count_checks, list_checks, requirement_checks, role_checks
from tests.reference.mesh.metrics.requirement_suite import CHECKS, Suite

EVERY: tuple[Fault | Deviation, ...] = (*METRICS_FAULTS, *METRICS_DEVIATIONS)
REGISTERED = (requirement_checks, list_checks, count_checks, role_checks)
"""Modules that fill `CHECKS` when they are imported."""


async def _failing(faults: frozenset[str]) -> set[str]:
    async def allow(request: AccessRequest) -> bool:
        return True

    async def scrape() -> list[Any]:
        return suite.world.rows()

    class View:
        def objects(self, resource: str) -> Any:
            return suite.world.objects(resource)

    server = await start_metrics_api(
        host="127.0.0.1",
        port=0,
        ssl_context=None,
        scrape=scrape,
        cluster_view=View(),
        authorize=allow,
        clock=lambda: suite.world.now,
        window_seconds=4.0,
        faults=faults,
    )
    failing = set()
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}", headers={"X-Remote-User": "u"}, trust_env=False, timeout=5
        ) as client:
            suite = Suite(client, faults)
            for requirement, check in CHECKS.items():
                suite.reset()
                if not await check(suite):
                    failing.add(requirement)
    finally:
        await server.close()
    return failing


def test_a_healthy_server_passes_every_check() -> None:
    """No check fails without a fault."""
    assert asyncio.run(asyncio.wait_for(_failing(frozenset()), 20)) == set()


@pytest.mark.parametrize("fault", METRICS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_breaks_exactly_what_it_says(fault: Any) -> None:
    """Not less, or it would go unnoticed; not more, or the blame would be wrong."""
    assert asyncio.run(asyncio.wait_for(_failing(frozenset({fault.name})), 20)) == set(fault.breaks)


def test_every_check_has_a_fault() -> None:
    """Each requirement that can be broken is, by one fault at least."""
    assert {requirement for fault in METRICS_FAULTS for requirement in fault.breaks} == set(CHECKS)


def test_every_override_belongs_to_one_fault() -> None:
    """None is shared, and none stands beside the table, where nothing would ever turn it on."""
    in_table = [override for entry in EVERY for override in entry.overrides]
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.iter_modules(overrides.__path__, f"{overrides.__name__}.")
    ]
    written = [
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and thing.__module__ == module.__name__
    ]

    assert sorted(map(str, in_table)) == sorted(map(str, written))


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.name)
def test_an_override_changes_what_a_healthy_class_decides(entry: Fault | Deviation) -> None:
    """It is a subclass of one class of mesh/metrics, and overrides at least one of its methods."""
    assert entry.overrides
    for override in entry.overrides:
        (healthy,) = override.__bases__
        assert healthy.__module__.startswith(healthy_modules.__name__ + ".")
        assert {name for name, thing in vars(override).items() if callable(thing) and name in vars(healthy)}
        assert issubclass(specialize(healthy, frozenset({entry.name})), override)
        assert specialize(healthy, frozenset()) is healthy


def test_the_healthy_modules_know_no_faults() -> None:
    """Only the server's own module, which puts the parts together, turns names into classes;
    no module names a fault."""
    sources = {path.name: path.read_text() for path in Path(healthy_modules.__file__).parent.glob("*.py")}

    assert [name for name, text in sources.items() if "mesh.faults" in text] == ["api.py"]
    assert {entry.name for entry in EVERY for text in sources.values() if entry.name in text} == set()
