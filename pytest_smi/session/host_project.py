"""Keep the project in which a run is started from bending the bundled suite.

However the project names its tests, whichever fixtures, warnings and paths it configures: the suite is collected and
runs as it is. Where that cannot be, a line says what prevented it.
"""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smi.core.nearest import did_you_mean
from pytest_smi.core.resources import bundled

if TYPE_CHECKING:
    import pytest

BUNDLED = {
    "python_files": ["test_*.py", "*_test.py"],
    "python_functions": ["test"],
    "python_classes": ["Test"],
    "usefixtures": [],
    "filterwarnings": [],
}
"""How the bundled suite is collected and run, whatever the configuration of the project says in which it is started."""


def choose_paths(config: pytest.Config) -> None:
    """Run the bundled suite unless the user gave paths; of these, find the ones that are node ids of the suite.

    Node ids of a suite outside of the root folder are printed without its folder, and are given back as printed. pytest
    would leave the file out too, if it were the argument: so the folder is, and `chosen` keeps what was given.
    Raises pytest.UsageError for a node id that the suite does not have.
    """
    suite, paths, node_ids = bundled("conformance"), dict[str, None](), []
    for given in _given_paths(config):
        found = _in_suite(given, config)
        if found is None:
            paths[given] = None
        elif found[0] == suite or suite.is_relative_to(config.rootpath):
            paths["".join(map(str, found))] = None
        else:
            paths[str(suite)] = None
            node_ids.append(_checked(f"{found[0].name}{found[1]}"))
    config.args = list(paths) or [str(suite)]
    config.option.smi_chosen = node_ids


def chosen(config: pytest.Config) -> list[str]:
    """Return the node ids of the suite that were given, where pytest itself cannot choose by them."""
    return list(getattr(config.option, "smi_chosen", ()))


def by_node_id(config: pytest.Config, items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests that the given node ids ask for, and the user's own."""
    wanted = set(chosen(config))
    return [item for item in items if not wanted or not of_the_suite(item) or wanted & _names(item)]


def overrides(config: pytest.Config) -> list[str]:
    """Return `-o NAME=VALUE` for what the project configures otherwise; nothing where the user's own tests are run."""
    if not all(_in_suite(path, config) for path in _given_paths(config)):
        return []
    different = [name for name, value in BUNDLED.items() if list(config.getini(name)) != value]
    return [word for name in different for word in ("-o", f"{name}={' '.join(BUNDLED[name])}")]


def of_the_suite(item: pytest.Item) -> bool:
    """Return whether a test is one of the bundled assertions."""
    return item.path.is_relative_to(bundled("conformance"))


def with_fixtures_of(plugin: object, metafunc: pytest.Metafunc) -> None:
    """Before a bundled assertion is parametrized: let it have the fixtures of `plugin` where the project has some of
    the same names, and none of the project's, whose parameters would multiply it."""
    own = _own(metafunc.function)
    # pytest has no public way to say which fixture of a name is meant: it takes that of the nearest conftest.
    known = metafunc.definition._fixtureinfo.name2fixturedefs
    for name in own & known.keys():
        ours = tuple(found for found in known[name] if getattr(found.func, "__self__", None) is plugin)
        if ours:
            known[name] = ours
    metafunc.fixturenames[:] = sorted(own)


def leave_alone(item: pytest.Function) -> None:
    """Take the fixtures of the project that are for every test off a bundled assertion, and let a warning that a
    library gives in it be a warning."""
    import pytest

    own = _own(item.function)
    item.fixturenames[:] = [name for name in item.fixturenames if name in own]
    if any(word.startswith("error") for word in item.config.getoption("pythonwarnings", None) or ()):
        item.add_marker(pytest.mark.filterwarnings("default"))


def what_selected_nothing(config: pytest.Config) -> str:
    """Return the line for a run in which nothing of the suite was selected: the project's options, as far as known."""
    addopts = shlex.join(config.getini("addopts"))
    asked = f"; its addopts are: {addopts}" if addopts else ""
    return f"nothing of the suite was selected: see -k, -m, --deselect and the project's addopts and conftest{asked}"


def _own(function: Callable[..., object]) -> set[str]:
    return {"request", "smi_mesh", *inspect.signature(function).parameters}


def _given_paths(config: pytest.Config) -> list[str]:
    """Return the paths that the user typed; those in the project's addopts are not meant for this run."""
    found = config.getoption("file_or_dir", None) or []
    return [path for path in found if path in config.invocation_params.args]


def _in_suite(argument: str, config: pytest.Config) -> tuple[Path, str] | None:
    """Return the path in the folder of the suite and the test after it (`::test_x`), or None when it is not of the
    suite."""
    path, colons, test = argument.partition("::")
    suite, place = bundled("conformance"), Path(path)
    here = (config.invocation_params.dir / place).resolve()
    if here.exists():
        return (here, colons + test) if here.is_relative_to(suite) else None
    folders = set(place.parts[:-1]) - {".."}
    if (folders and place.parent.name != suite.name) or not (suite / place.name).is_file():
        return None
    return suite / place.name, colons + test


def _names(item: pytest.Item) -> set[str]:
    """Return what a node id may be that asks for this test."""
    file, test = item.path.name, item.name.partition("[")[0]
    return {file, f"{file}::{test}", f"{file}::{item.name}"}


def _checked(node_id: str) -> str:
    """Return the node id. Raises pytest.UsageError when there is no such test, whatever the mesh."""
    import pytest

    from pytest_smi.core.catalogue import load

    file, _, test = node_id.partition("[")[0].partition("::")
    known = [f"test_{record.name.replace('::', '.py::test_')}" for record in load()]
    if test and f"{file}::{test}" not in known:
        meant = did_you_mean(f"{file}::{test}", known)
        raise pytest.UsageError(
            f"no test of the suite has the node id {node_id}{meant}; pytest --mesh=NAME --collect-only lists all"
        )
    return node_id
