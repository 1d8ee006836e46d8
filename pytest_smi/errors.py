"""The errors of pytest-smi: one small hierarchy, one class per stage, each with a remedy.

| class               | when it occurs                                                                        |
|---------------------|---------------------------------------------------------------------------------------|
| `UsageProblem`      | an option, argument or environment variable cannot mean anything we know              |
| `ProfileError`      | a mesh profile is missing, malformed or contradicts itself                            |
| `ClusterError`      | the Kubernetes API cannot be reached, refuses us, or does not do what was asked       |
| `HarnessError`      | our own means of observing broke: an exec stream, a prober, the sample application    |
| `ReportError`       | a matrix, statement or report folder cannot be built, written or read                 |
| `KeyProblem`        | a signing or verification key cannot be found, read, trusted or made                  |
| `VerificationError` | a report is not what its signature, or its own digests, say it is                     |

None of them is ever a verdict about a mesh: what a mesh does wrong is a result with status `failed`, not an exception.
This module imports nothing, so that an idle plugin may load it.
"""

__all__ = [
    "ClusterError",
    "HarnessError",
    "KeyProblem",
    "ProfileError",
    "ReportError",
    "SmiError",
    "UsageProblem",
    "VerificationError",
]


class SmiError(Exception):
    """Anything pytest-smi can tell a user: what rule was broken and what was found, then what to do about it.

    `message` states the rule and the finding; `hint` states the remedy and may be empty. `str()` gives both.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.hint}" if self.hint else self.message


class UsageProblem(SmiError):
    """An option, argument or environment variable is unknown, malformed or contradicts another (exit status 4)."""


class ProfileError(SmiError):
    """A mesh profile cannot be found or loaded; the message lists the dotted path of every bad field."""


class ClusterError(SmiError):
    """The cluster cannot be reached or entered, lacks a permission, or an operation on it failed or took too long."""


class HarnessError(SmiError):
    """Our own instruments failed: the exec stream was cut, a prober or server
    of the sample application died or fell silent.

    A check that meets this one is `errored`: its result is inconclusive.
    """


class ReportError(SmiError):
    """Results do not make a matrix, or the report folder cannot be written or read."""


class KeyProblem(SmiError):
    """A signing key or public key cannot be found, read, decrypted, trusted (file mode) or made.

    Never carries key material.
    """


class VerificationError(SmiError):
    """A report failed verification: nothing in it may be believed.

    `step`: number of the step of verification that failed, see `reports.verify`; the message begins with it.
        None before it is known.
    """

    def __init__(self, message: str, hint: str = "", *, step: int | None = None) -> None:
        super().__init__(message, hint)
        self.step = step
