"""Which assertions run, on which mesh: what the user asked for, and what applies to a mesh. Pure."""

from __future__ import annotations

from pytest_smi.core.catalogue import Assertion
from pytest_smi.session.options import Options
from pytest_smi.smi.versions import before
from pytest_smi.testbed.target import MeshTarget


def selected(record: Assertion, options: Options) -> bool:
    """Return whether the user asked for this assertion."""
    return record.api in options.apis and options.accepts_level(record.level)


def why_unsupported(record: Assertion, target: MeshTarget) -> str:
    """Return why the assertion does not apply to the target, or an empty string.

    A declared gap is no reason: it is run, to see whether it is still there.
    """
    profile = target.profile
    for api in record.needs:
        only_referred_to = api != record.api and api in target.stored
        if api in target.absent and not only_referred_to and not (record.even_unserved and api in profile.apis):
            if profile.claims_nothing:
                return f"{api}: the mesh claims no SMI ({profile.claims_nothing}), and {target.absent[api]}"
            return f"{api}: {target.absent[api]}"
    for api, first in record.since:
        if (version := target.written.get(api)) and before(version, first):
            return f"not stated in {api} {version}: the requirement is of {first} and newer"
    lacking = [feature for feature in record.features if feature not in profile.features]
    return f"the mesh's profile does not have the feature {', '.join(lacking)}" if lacking else ""
