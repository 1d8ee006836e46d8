"""Find the folders that ship with the package, in a wheel and in a checkout.

In a wheel `conformance`, `sample_app` and `manifests` live inside `pytest_smi`; in a checkout they are its siblings.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def bundled(name: str) -> Path:
    """Return the folder `name`; raises FileNotFoundError when the installation is incomplete."""
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"the folder {name!r} that belongs to pytest-smi is missing; reinstall it with: "
        "pip install --force-reinstall pytest-smi"
    )
