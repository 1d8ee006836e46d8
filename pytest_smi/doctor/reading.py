"""Asks the API server all questions at once. Thin I/O: what the answers mean is judged elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from pytest_smi.cluster.connection import Answer, Connection
from pytest_smi.doctor.questions import Question

AT_ONCE = 8
PATIENCE = 15.0
"""Seconds for one answer."""


def ask(connection: Connection, question: Question) -> Answer:
    """Send one request. Raises ClusterError when there is no answer or the credentials are refused."""
    return connection.request(question.method, question.path, body=question.body, timeout=PATIENCE)


def ask_all(connection: Connection, asked: Mapping[str, Question]) -> dict[str, Answer]:
    """Send every request, several at once; returns the answers under the same keys. Raises ClusterError."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="smi-doctor") as pool:
        return dict(zip(asked, pool.map(lambda question: ask(connection, question), asked.values()), strict=True))
