"""The modules of the reference mesh that decide, each with the APIs whose requirements look at it first."""

from __future__ import annotations

MESH = "pytest_smi/reference/mesh"
DECIDING = {
    f"{MESH}/access_config.py": "access",
    f"{MESH}/bindings.py": "access",
    f"{MESH}/grants.py": "access",
    f"{MESH}/label_selectors.py": "access,metrics",
    f"{MESH}/policy.py": "access",
    f"{MESH}/routes.py": "specs",
    f"{MESH}/smi_parse.py": "access,split",
    f"{MESH}/split_config.py": "split",
    f"{MESH}/splits.py": "split",
    f"{MESH}/weights.py": "split",
    f"{MESH}/proxy/admission.py": "access",
    f"{MESH}/proxy/denials.py": "access",
    f"{MESH}/proxy/routing.py": "split",
    f"{MESH}/metrics/answers.py": "metrics",
    f"{MESH}/metrics/measure.py": "metrics",
    f"{MESH}/metrics/permissions.py": "metrics",
    f"{MESH}/metrics/render.py": "metrics",
    f"{MESH}/metrics/resources.py": "metrics",
    f"{MESH}/metrics/routes.py": "metrics",
    f"{MESH}/metrics/selectors.py": "metrics",
    f"{MESH}/metrics/splits.py": "metrics",
    f"{MESH}/metrics/statuses.py": "metrics",
    f"{MESH}/metrics/values.py": "metrics",
    f"{MESH}/metrics/windows.py": "metrics",
}
"""Path from the checkout's top → APIs, as `--smi-api` takes them."""

FIRST = {
    f"{MESH}/bindings.py": "TA-80 TA-81 TA-82 TA-83 TA-85 TA-86 TA-87 TA-88",
    f"{MESH}/label_selectors.py": "TM-11 TM-12 TM-14 TM-45",
    f"{MESH}/proxy/denials.py": "TA-01 TA-05 TS-01 TS-35",
    f"{MESH}/smi_parse.py": "TA-05 TA-11 TA-43 TA-44 TA-58 TA-61 TS-05 TS-24 TS-27 TS-41 TS-46 SP-01 SP-11 SP-37 SP-46",
    f"{MESH}/weights.py": "SP-01 SP-02 SP-04 SP-08 SP-11 SP-56 SP-74",
    f"{MESH}/metrics/permissions.py": "TM-55 TM-58 TM-59",
    f"{MESH}/metrics/resources.py": "TM-03 TM-04 TM-05 TM-06 TM-60",
    f"{MESH}/metrics/routes.py": "TM-02 TM-06 TM-07 TM-08 TM-10 TM-14 TM-56 TM-57 TM-60 TM-66",
    f"{MESH}/metrics/selectors.py": "TM-11 TM-12 TM-45",
    f"{MESH}/metrics/splits.py": "TM-49 TM-51 TM-52 TM-53",
    f"{MESH}/metrics/statuses.py": "TM-55 TM-58 TM-60 TM-68",
    f"{MESH}/metrics/windows.py": "TM-25 TM-30",
}
"""What is asked first where few faults or none override a module: requirements that it decides."""
DRAFT = {f"{MESH}/bindings.py": "access=v1alpha4"}
"""What is read in the draft alone: the version at which the first requirements are asked."""

VERSIONED = {
    f"{MESH}/{name}.py"
    for name in ("access_config", "bindings", "grants", "label_selectors", "policy", "smi_parse", "weights")
}
"""Those that read older versions or the draft, too."""
OLDER = {
    "access": (
        ("access=v1alpha4", "access"),
        ("access=v1alpha2,specs=v1alpha3", "access,specs"),
        ("access=v1alpha1,specs=v1alpha1", "access,specs"),
    ),
    "split": (("split=v1alpha3", "split"), ("split=v1alpha1", "split")),
    "metrics": (),
}
"""Per API that a mutant of those is about: the versions that it is asked about last, as `--smi-version` takes them,
and the APIs whose requirements are asked there."""
