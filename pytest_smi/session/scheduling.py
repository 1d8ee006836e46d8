"""Distribution over pytest-xdist workers: one assertion at a time, those of one shared scene together,
and some serially.

An assertion is *serial* when its record or the profile says that its scene may disturb the mesh for everybody. Those
are one unit of work, which one worker gets when all others have finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from pytest_smi.core.catalogue import Assertion
from pytest_smi.profiles.load import Profile
from pytest_smi.session.partial import assertion_at

SHARED_SCENES = ("test_traffic_metrics",)
"""How the names of modules begin whose assertions judge one shared scenario, which is set up once per worker."""
SERIAL = "serial"
EXPLORATION = "smi-exploration["
"""In the node ids of searches for counterexamples, which run by themselves after all others."""


class SceneScheduling(LoadScopeScheduling):  # type: ignore[misc]  # the library is untyped
    """As `--dist loadscope`, with a scope of its own for every assertion that has its own scene;
    `serial` takes a node id."""

    def __init__(self, config: pytest.Config, log: Any, serial: Callable[[str], bool]) -> None:
        super().__init__(config, log)
        self._serial = serial
        self._last: Any = None
        """The worker that is kept for what is serial."""

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Note that a test is over; it may have been the last one that the serial ones waited for."""
        super().mark_test_complete(node, item_index, duration)
        self._release()

    def remove_node(self, node: Any) -> str | None:
        """Forget a worker that has finished or was lost; return the test that it was running.

        That test counts as tried: whatever ended this worker may end the next one too.
        The rest of its work goes to others.
        """
        work = self.assigned_work.pop(node)
        lost: str | None = next((nodeid for unit in work.values() for nodeid, done in unit.items() if not done), None)
        for scope, unit in work.items():
            if lost in unit:
                unit[lost] = True
            if not all(unit.values()):
                self.workqueue[scope] = unit
        for other in self.nodes:
            self._reschedule(other)
        return lost

    def _split_scope(self, nodeid: str) -> str:
        if self._serial(nodeid):
            return SERIAL
        module = nodeid.split("::", 1)[0]
        return next((name for name in SHARED_SCENES if name in module), nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        if SERIAL in self.workqueue:
            self.workqueue.move_to_end(SERIAL)
        if list(self.workqueue) != [SERIAL]:
            super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        if node not in self.registered_collections:  # it takes the place of a lost one, and has not collected yet
            return
        if list(self.workqueue) != [SERIAL]:
            super()._reschedule(node)
            return
        if self._last not in self.assigned_work and not node.shutting_down:
            self._last = node
        if node is not self._last and not node.shutting_down:
            node.shutdown()
        self._release()

    def _release(self) -> None:
        busy = [node for node, work in self.assigned_work.items() if node is not self._last and self._pending_of(work)]
        if list(self.workqueue) == [SERIAL] and self._last in self.assigned_work and not busy:
            super()._assign_work_unit(self._last)
            self._last.shutdown()


def serial_tests(records: Iterable[Assertion], profiles: Mapping[str, Profile]) -> Callable[[str], bool]:
    """Tell by its node id whether a test is serial; `profiles` is by name of the target,
    which is the test's parameter."""
    known = {(record.requirement, record.function): record for record in records}

    def is_serial(nodeid: str) -> bool:
        if EXPLORATION in nodeid:
            return True
        requirement, function, target = assertion_at(nodeid)
        record, profile = known.get((requirement, function)), profiles.get(target)
        return record is not None and (record.serial or (profile is not None and profile.is_serial(requirement)))

    return is_serial


def make_scheduler(config: pytest.Config, log: Any, serial: Callable[[str], bool]) -> Any:
    """Build the scheduler for `pytest_xdist_make_scheduler`."""
    return SceneScheduling(config, log, serial)
