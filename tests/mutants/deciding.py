"""The modules of the reference mesh that decide, each with the APIs whose requirements look at it first."""

from __future__ import annotations

MESH = "pytest_smi/reference/mesh"
DECIDING = {
    f"{MESH}/access_config.py": "access",
    f"{MESH}/bindings.py": "access",
    f"{MESH}/grants.py": "access",
    f"{MESH}/label_selectors.py": "metrics",
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

VERSIONED = {
    f"{MESH}/{name}.py"
    for name in ("access_config", "bindings", "grants", "label_selectors", "policy", "smi_parse", "weights")
}
"""Those that read older versions or the draft, too."""
OLDER = (
    "access=v1alpha4",
    "access=v1alpha2,specs=v1alpha3,split=v1alpha3",
    "access=v1alpha1,specs=v1alpha1,split=v1alpha1",
)
"""The versions that a mutant of those is asked about last, as `--smi-version` takes them."""
