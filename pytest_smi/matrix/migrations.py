"""Schema versions of matrix.json: the present one, and how a document of an older one becomes one of the next. Pure.

| version | what changed |
|---|---|
| 1 | the first |
| 2 | the suite has `wheel` and `record`; each run has `provenance` |
| 3 | `conformant` counts MUST and MUST (derived) alone; `recommendations`, `emulated`; capability `not claimed` |
| 3 | words: the levels `MUST (derived)` and `unspecified`, once `MUST-d` and `AMB`; `restricted`, once `weakened` |
| 3 | the catalogue of a run has `informative` |

The last two lines came after the first reports of version 3, which no release wrote: those still load.
A new version gets a line here, a step in `_STEPS`, and a sample of the version before in `tests/data`.
"""

from collections.abc import Callable
from typing import Any, Literal

__all__ = ["SCHEMA_VERSION", "upgraded"]

SCHEMA_VERSION: Literal[3] = 3
"""Version of the form of matrix.json that is written; a reader refuses newer ones."""


def upgraded(document: Any) -> Any:
    """Return the document in the form of `SCHEMA_VERSION`.

    What is not a matrix of a known older version is returned as it is.
    """
    for version, step in _STEPS.items():
        # `True == 1` in Python, but not in JSON.
        if (
            isinstance(document, dict)
            and document.get("schemaVersion") == version
            and document["schemaVersion"] is not True
        ):
            document = {**step(document), "schemaVersion": version + 1}
    return _in_words_of_today(document) if isinstance(document, dict) else document


def _in_words_of_today(document: dict[str, Any]) -> dict[str, Any]:
    runs = document.get("runs")
    if not isinstance(runs, list) or document.get("schemaVersion") != SCHEMA_VERSION:
        return document
    return {**document, "runs": [_run_of_today(run) if isinstance(run, dict) else run for run in runs]}


def _run_of_today(run: dict[str, Any]) -> dict[str, Any]:
    run = dict(run)
    if "weakened" in run and "restricted" not in run:
        run["restricted"] = run.pop("weakened")
    if isinstance(results := run.get("results"), list):
        run["results"] = [
            {**one, "level": _level(one["level"])} if isinstance(one, dict) and "level" in one else one
            for one in results
        ]
    provenance = run.get("provenance")
    catalogue = provenance.get("catalogue") if isinstance(provenance, dict) else None
    levels = catalogue.get("requirements") if isinstance(catalogue, dict) else None
    if isinstance(provenance, dict) and isinstance(catalogue, dict) and isinstance(levels, dict):
        levels = {requirement: _level(level) for requirement, level in levels.items()}
        run["provenance"] = {**provenance, "catalogue": {"informative": {}, **catalogue, "requirements": levels}}
    return run


def _level(level: object) -> object:
    return _LEVELS_ONCE.get(level, level) if isinstance(level, str) else level


_LEVELS_ONCE = {"MUST-d": "MUST (derived)", "AMB": "unspecified"}


def _from_1(document: dict[str, Any]) -> dict[str, Any]:
    # Only what is surely missing is added; everything else is left for the strict reader to judge.
    suite, runs = document.get("suite"), document.get("runs")
    if isinstance(suite, dict):
        suite = {"wheel": None, "record": None, **suite}
    provenance: dict[str, Any] = {
        "suite": suite,
        "catalogue": None,
        "crds": {},
        "images": {"controlPlane": [], "proxy": [], "sampleApp": []},
        "ciRun": None,
    }
    if isinstance(runs, list):
        runs = [{"provenance": provenance, **run} if isinstance(run, dict) else run for run in runs]
    return {**document, "suite": suite, "runs": runs}


def _from_2(document: dict[str, Any]) -> dict[str, Any]:
    # `conformant` stays as it was signed: what was conformant still is, and what was not is not judged anew.
    runs = document.get("runs")
    if isinstance(runs, list):
        runs = [_run_from_2(run) if isinstance(run, dict) else run for run in runs]
    return {**document, "runs": runs}


def _run_from_2(run: dict[str, Any]) -> dict[str, Any]:
    listed = run.get("results")
    results = [result for result in listed if isinstance(result, dict)] if isinstance(listed, list) else []
    tested = [result.get("api") for result in results if result.get("status") in ("failed", "errored")]
    should = [result.get("status") for result in results if result.get("level") == "SHOULD"]
    apis = run.get("apis")
    if isinstance(apis, dict):
        apis = {
            api: {**claim, "capability": "not claimed"}
            if isinstance(claim, dict)
            and claim.get("version") is None
            and claim.get("capability") == "None"
            and api not in tested
            else claim
            for api, claim in apis.items()
        }
    recommendations = {"met": should.count("passed"), "unmet": should.count("failed")}
    return {"recommendations": recommendations, "emulated": None, **run, "apis": apis}


_STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1, 2: _from_2}
