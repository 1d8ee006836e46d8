"""The one error of the test cluster: something a person can put right, said in one line."""

from __future__ import annotations


class ClusterProblem(Exception):
    """What was found and what to do about it, in one line; `python -m tests.cluster` prints it and ends
    with status 1."""
