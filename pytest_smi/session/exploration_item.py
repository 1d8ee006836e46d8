"""The search for counterexamples, and the replay of one, as items of pytest that run after the assertions."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Generator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.cluster.connection import Connection
from pytest_smi.core.files import read_regular
from pytest_smi.core.interrupts import deferred
from pytest_smi.errors import SmiError, UsageProblem
from pytest_smi.explore.bounds import Bounds
from pytest_smi.explore.case import Case
from pytest_smi.explore.judge import Patience
from pytest_smi.explore.play import Player
from pytest_smi.explore.search import Search
from pytest_smi.explore.stage import Stage
from pytest_smi.explore.told import cells, table_text
from pytest_smi.explore.written import read_case
from pytest_smi.matrix.exploration import Exploration
from pytest_smi.scenario.context import Context
from pytest_smi.session.options import from_config
from pytest_smi.session.progress import in_words
from pytest_smi.smi.model import SmiObject
from pytest_smi.smi.versions import NotExpressible
from pytest_smi.testbed.target import MeshTarget
from pytest_smi.testbed.testbed import Testbed

NAME = "smi-exploration"
"""How the names of these items begin."""
_LARGEST_FILE = 1024 * 1024


class ExplorationItem(pytest.Item):
    """The search on one mesh; it never fails, what it finds stands in the report."""

    def __init__(self, *, play: Callable[[], None], **others: Any) -> None:
        super().__init__(**others)
        self._play = play

    def runtest(self) -> None:
        """Search."""
        self._play()

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the item as it is told."""
        return self.path, None, self.name


class ExplorationWorker:
    """Adds the items to what was collected, and writes what they find into a folder that the controller reads."""

    def __init__(
        self, config: pytest.Config, targets: Callable[[], Mapping[str, MeshTarget]], spool: Path | None
    ) -> None:
        self.options, self._targets, self._spool = from_config(config), targets, spool

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Put the items at the end; a replay takes the place of all others."""
        if self.options.replay is not None:
            config.hook.pytest_deselected(items=list(items))
            items.clear()
        for name, target in self._targets().items():
            if not target.variant or self.options.replay is None:
                play = self._replay if self.options.replay is not None else self._explore
                item = ExplorationItem.from_parent(session, name=f"{NAME}[{name}]", play=partial(play, name))
                items.append(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """An interrupt waits for a place where it can do no harm."""
        if not isinstance(item, ExplorationItem):
            return (yield)
        with deferred():
            return (yield)

    def _explore(self, name: str) -> None:
        target = self._targets()[name]
        assert self.options.explore is not None
        seed = self.options.seed if self.options.seed is not None else secrets.randbelow(10**6)
        with _Staged(target) as staged:
            stage = staged.stage
            search = Search(
                stage,
                staged.player,
                bounds_of(target, stage.context),
                manifests=stage.manifests,
                seed=seed,
                budget=self.options.explore,
                clock=time.monotonic,
                gap=target.profile.gap,
                health=stage.check_health,
                progress=lambda found: self._progress(name, staged, found),
                notes=notes_of(target),
            )
            found = search.run()
        if staged.left_behind:
            self._write(name, {"exploration": found.to_json(), "problem": staged.left_behind})

    def _progress(self, name: str, staged: _Staged, found: Exploration) -> None:
        staged.so_far = so_far(found)
        self._write(name, {"exploration": found.to_json()})

    def _replay(self, name: str) -> None:
        folder = self.options.replay
        assert folder is not None
        case = case_in(folder)
        with _Staged(self._targets()[name]) as staged:
            played = staged.player.play(case)
        table = cells(played.table, played.judged.seen, played.judged.disagreements)
        outcome = str(played.judged.outcome)
        self._write(name, {"replay": {"outcome": outcome, "states": played.states, "table": table_text(table)}})

    def _write(self, name: str, found: Mapping[str, Any]) -> None:
        """Leave what there is so far, whole at any time, where the controller finds it whatever ends this process."""
        if self._spool is None:
            return
        path = self._spool / f"{list(self._targets()).index(name)}.json"
        path.with_suffix(".new").write_text(json.dumps({"mesh": name, **found}), encoding="utf-8")
        os.replace(path.with_suffix(".new"), path)


class _Staged:
    """A stage and its player on a mesh of its own; deleted at the end, by the controller after an interrupt."""

    def __init__(self, target: MeshTarget) -> None:
        self._target = target
        self.left_behind = self.so_far = ""

    def __enter__(self) -> _Staged:
        target = self._target
        self._connection = Connection(Path(target.kubeconfig) if target.kubeconfig else None, target.context)
        self.stage = stage = Stage(
            lambda: Testbed(self._connection, target), lambda testbed: Context(testbed, secrets.token_hex(3))
        )
        limits = target.limits
        patience = Patience(
            settle=limits.settle_deadline,
            hold=limits.hold_seconds,
            fewest=limits.settle_rounds,
            alpha=limits.share_alpha,
            limits=limits,
            pause=stage.context.pause,
        )
        self.player = Player(
            stage, lambda: stage.context.rounds(f"the world is as the oracle says {self.so_far}".rstrip()), patience
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            return
        try:
            self.stage.close()
        except SmiError as error:
            self.left_behind = f"clean-up is incomplete: {error}; run: pytest-smi clean"
        self._connection.close()


def so_far(found: Exploration) -> str:
    """Return how far a search is, as its progress tells it."""
    return (
        f"after {found.worlds} worlds, {found.states} states and {len(found.counterexamples)} counterexamples "
        f"in {in_words(found.seconds)} of {found.asked}"
    )


def bounds_of(target: MeshTarget, context: Context) -> Bounds:
    """Return what worlds may say on this mesh."""

    def says(record: SmiObject) -> bool:
        try:
            context.rendered(record)
        except NotExpressible:
            return False
        return True

    profile = target.profile
    splits = "split" in target.versions and not _keeps_routes(target)
    features = profile.features & {"http2"} if profile.services.separate else profile.features
    versions = (
        target.written
        if "access" in target.versions
        else {api: version for api, version in target.written.items() if api != "access"}
    )
    return Bounds(versions=versions, features=features, says=says, splits=splits)


def notes_of(target: MeshTarget) -> tuple[str, ...]:
    """Return what is left out on this mesh, and why."""
    if "split" in target.versions and _keeps_routes(target):
        return ("splits were left out: a client of this mesh keeps to what it found first",)
    return ()


def _keeps_routes(target: MeshTarget) -> bool:
    """Return whether a client of this mesh keeps to what it found first."""
    facts = target.profile.splits
    return facts.fresh_client or facts.idle_before > 0


def case_in(folder: Path) -> Case:
    """Read the counterexample in a folder. Raises UsageProblem."""
    try:
        files = {name: read_regular(folder / name, _LARGEST_FILE) for name in sorted(os.listdir(folder))}
    except OSError as error:
        raise UsageProblem(
            f"--smi-replay: {folder} cannot be read: {error.strerror}", "Name a folder counterexamples/N of a report."
        ) from None
    return read_case(files, str(folder))
