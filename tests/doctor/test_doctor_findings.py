"""Findings as lines, as JSON and as a conclusion."""

from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.doctor.findings import Finding, Level, conclusion, lines, ok, problem, warning

WORDS = st.text("abc é-./", max_size=200)
ANY = st.lists(
    st.builds(
        Finding, check=st.sampled_from(["mesh", "permissions"]), level=st.sampled_from(Level), found=WORDS, remedy=WORDS
    )
)


def test_lines_align_and_remedies_stand_below() -> None:
    """Level, check and sentence are columns; what to do stands under the sentence."""
    shown = [line for _, line in lines([ok("a", "fine"), problem("longer", "broken", "mend it")])]

    assert shown == ["  ok       a       fine", "  problem  longer  broken", "                   fix: mend it"]


@given(ANY)
def test_every_word_is_shown(findings: list[Finding]) -> None:
    """Whatever was found and whatever is to be done is printed, and nothing twice."""
    printed = " ".join(line for _, line in lines(findings)).split()
    expected = [
        word
        for finding in findings
        for word in [
            str(finding.level),
            *finding.check.split(),
            *finding.found.split(),
            *(["fix:", *finding.remedy.split()] if finding.remedy else []),
        ]
    ]

    assert printed == expected


def test_conclusion_counts() -> None:
    """Problems keep a run from being begun; warnings do not."""
    assert conclusion([ok("a", "b")]) == "no problems found: ready for a run"
    assert conclusion([warning("a", "b", "c")]) == "1 warning: ready for a run"
    assert conclusion([warning("a", "b", "c"), problem("a", "b", "c"), problem("a", "b", "c")]) == (
        "2 problems, 1 warning: a run would not be begun"
    )


def test_json_has_four_strings() -> None:
    """The record for programs."""
    assert problem("mesh", "gone", "install it").to_json() == {
        "check": "mesh",
        "level": "problem",
        "found": "gone",
        "remedy": "install it",
    }
