"""What each judgement about shares and routes demands, in words, with the limits of a run. Data.

The methods are those of `scenario.shares` and `scenario.routing`; a test keeps both sides equal.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytest_smi.core.limits import Limits

_LIMITS = Limits()
_COUNT, _MOST = _LIMITS.count_trials, f"{_LIMITS.reach_share:.0%}"

JUDGEMENTS: Mapping[str, str] = {
    "share": "fresh requests are shared as {given} and reach nothing else",
    "share_each": "each client by itself sees its requests shared as {given}, while all of them send",
    "only": f"each of {_COUNT} requests reaches {{given}} and nothing else, and each of them gets some",
    "at_least_once": f"{{given}} gets at least one of up to {_LIMITS.rare_trials} requests",
    "each": f"{{given}}: each gets some of {_COUNT} requests, and none is lost",
    "mostly": f"at least {_MOST} of the requests comes to reach {{given}}",
    "rarely": f"at once, without settling, at most {_LIMITS.transition_share:.0%} of {_LIMITS.transition_trials} "
    "requests reaches {given}",
    "on_ports": "each workload is reached on the port that {given} says",
    "once": f"each of {_COUNT} requests that arrives does so once",
    "ends": f"of {_LIMITS.sample_trials} requests none arrives twice, and most are answered or refused in their time",
    "settle_shares": "control: requests come to be shared as {given}",
    "control_shares": "control: requests come to be shared as {given}",
    "control_arrives": "control: one of the requests comes to reach {given}",
    "control_reaches": f"control: at least {_MOST} of the requests, or the share given, comes to reach {{given}}",
    "control_port": "control: every request arrives on listening port {given}",
    "load": "requests at a constant pace go on while the change is made; what is lost is recorded, not judged",
    "no_warning": "no Warning event on the object mentions {given} by the time that an object made later has one, "
    f"or after {_LIMITS.event_deadline:g} s",
    "await_warning": f"within {_LIMITS.event_deadline:g} s a Warning event on the object mentions {{given}}",
}
"""Name of the method → what it demands; `given`: its arguments after the call."""
