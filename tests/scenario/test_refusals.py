"""Who refused an object is read from the API server's answer."""

import pytest

from pytest_smi.scenario.refusals import Refusal, refusal_of
from pytest_smi.scenario.verdict import Inconclusive

WEBHOOK = 'admission webhook "policy.example" denied the request: no such kind'


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (201, "", None),
        (200, "", None),
        (422, "spec.rules: Required value", Refusal.DEFINITION),
        (400, "strict decoding error: unknown field", Refusal.DEFINITION),
        (400, WEBHOOK, Refusal.WEBHOOK),
        (403, WEBHOOK, Refusal.WEBHOOK),
        (500, WEBHOOK, Refusal.WEBHOOK),
        (422, "ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no", Refusal.WEBHOOK),
    ],
)
def test_refusals_of_the_object(status: int, words: str, expected: Refusal | None) -> None:
    """By its definition, by a webhook with whatever status it likes, or not at all."""
    assert refusal_of(status, words) is expected


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, 'traffictargets is forbidden: User "x" cannot create resource'),
        (401, "Unauthorized"),
        (404, "the server could not find the requested resource"),
        (500, 'Internal error occurred: failed calling webhook "policy.example"'),
        (400, 'admission webhook "policy.example" does not support dry run'),
        (503, "etcdserver: request timed out"),
        (429, "too many requests"),
    ],
)
def test_other_refusals_say_nothing(status: int, words: str) -> None:
    """Missing permission, an absent kind and a webhook that is away are no verdict on the object."""
    with pytest.raises(Inconclusive) as told:
        refusal_of(status, words)
    assert words in str(told.value)
