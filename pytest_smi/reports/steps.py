"""The steps of verification, and the number of the step in what fails in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_smi.errors import KeyProblem, VerificationError

STEPS = (
    "keys that you trust",
    "envelopes whole and in canonical form",
    "payload type of in-toto",
    "signatures over the exact bytes",
    "in-toto statements",
    "the statements that belong together, over the same subjects",
    "matrix.json as it was signed",
    "a matrix, no run twice",
    "evidence complete and unchanged",
    "subjects exactly those of the report",
    "derived statement follows from the matrix",
    "no other files",
    "catalogue.json, where there is one, as the matrix has it",
    "every requirement accounted for",
    "mesh, age and level as asked for",
)
"""What each step has shown, once it has passed; the first is step 1."""


_AGAIN = "Get the report again from where it was made; do not edit it."


@contextmanager
def step(number: int) -> Iterator[None]:
    """Name the step in the errors that are raised in it."""
    try:
        yield
    except KeyProblem as error:
        raise KeyProblem(f"step {number}: {error.message}", error.hint) from None
    except VerificationError as error:
        raise VerificationError(f"step {number}: {error.message}", error.hint or _AGAIN, step=number) from None
