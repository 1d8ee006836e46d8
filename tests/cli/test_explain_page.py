"""docs/explain.md shows what the command prints."""

import re
from pathlib import Path

import pytest

from pytest_smi.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "explain.md").read_text()
QUESTION = ("--from", "shop/web", "--to", "shop/api", "--request")


def example(name: str) -> str:
    """The code block under `<!-- example: NAME -->`."""
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, f"the page has no example {name}"
    return found[1]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("overview", ()), ("denied", (*QUESTION, "POST /items")), ("open", (*QUESTION, "GET /items/7"))],
)
def test_output_is_real(
    name: str,
    arguments: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each block of output is what the command above it prints of the page's own manifests, 100 columns wide."""
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "shop.yaml").write_text(example("shop.yaml"))
    with pytest.raises(SystemExit) as caught:
        main(["explain", "-f", str(tmp_path / "shop.yaml"), *arguments])

    assert caught.value.code == 0
    assert capsys.readouterr().out == example(name)


@pytest.mark.parametrize("path", ["/items", "/items/7"])
def test_advice_closes_the_question(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The pattern that the page recommends is read alike by everybody."""
    (tmp_path / "shop.yaml").write_text(
        example("shop.yaml").replace("pathRegex: /items,", 'pathRegex: "/items(/.*)?$",')
    )
    with pytest.raises(SystemExit):
        main(["explain", "-f", str(tmp_path / "shop.yaml"), *QUESTION, f"GET {path}"])

    assert capsys.readouterr().out.startswith("allowed")
