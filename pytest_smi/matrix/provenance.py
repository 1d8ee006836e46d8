"""What a run was made with: roles of container images, and the CI run that it was part of. Pure."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from pytest_smi.matrix.matrix import ImageRole

__all__ = ["ci_run", "image_roles"]

_WHOLE = ("CI_JOB_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL", "TRAVIS_BUILD_WEB_URL", "BUILD_URL")
"""Variables that hold the whole address: GitLab, CircleCI, Buildkite, Travis, and Jenkins or whoever sets the last."""
_LONGEST = 2000


def ci_run(environ: Mapping[str, str]) -> str | None:
    """Return the address of the CI run that this process is part of, without any credentials, or None."""
    found = [environ.get(name, "") for name in _WHOLE]
    server, repository, run = (environ.get(f"GITHUB_{part}", "") for part in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        attempt = environ.get("GITHUB_RUN_ATTEMPT", "")
        found.insert(0, f"{server}/{repository}/actions/runs/{run}" + (f"/attempts/{attempt}" if attempt else ""))
    return next((url for url in found if _harmless(url)), None)


def image_roles(
    control_plane: Iterable[str], in_pods: Iterable[str], sample_app: str
) -> dict[ImageRole, tuple[str, ...]]:
    """Return what each image was.

    `control_plane`: seen in the mesh's namespace; `in_pods`: seen in pods of the sample application.
    """
    # A container runtime may put a registry before the name that was asked for.
    own = {image for image in in_pods if image == sample_app or image.endswith(f"/{sample_app}")}
    return {
        ImageRole.CONTROL_PLANE: tuple(sorted(set(control_plane))),
        ImageRole.PROXY: tuple(sorted(set(in_pods) - own)),
        ImageRole.SAMPLE_APP: tuple(sorted(own)),
    }


def _harmless(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and "@" not in parts.netloc and len(url) <= _LONGEST
