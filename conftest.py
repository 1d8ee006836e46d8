"""Settings for every pytest run that starts in this checkout; `tests/conftest.py` has those of the project's own tests.

It declares no plugins: pytest refuses that in a conftest that is not at its root, and with `--mesh` the bundled suite
of this checkout may be run from any folder.
"""

collect_ignore = ["manifests", "docs"]
