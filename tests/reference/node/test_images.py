"""Images: arguments, records, digests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_smi.reference.node.images import BadImage, Images, image_from_spec, parse_image_argument


class TestImage:
    """One image."""

    def test_digest_follows_the_files(self, tiny_spec: dict[str, Any], tiny_package: Path) -> None:
        """The digest is the files': equal for equal files, another when one changes, and caches do not count."""
        first = image_from_spec("repo.example/tiny:1", tiny_spec)
        (tiny_package / "__pycache__").mkdir()
        (tiny_package / "__pycache__" / "x.pyc").write_bytes(b"x")
        assert image_from_spec("tiny:1", tiny_spec).digest == first.digest
        (tiny_package / "program.py").write_text("print()")
        assert image_from_spec("tiny:1", tiny_spec).digest != first.digest
        assert first.image_id == f"repo.example/tiny@{first.digest}"

    @pytest.mark.parametrize("reference", ["tiny", "tiny:latest", "docker.io/library/tiny"])
    def test_found_by_equal_references(self, tiny_spec: dict[str, Any], reference: str) -> None:
        """A missing tag means latest, and the default registry may be named."""
        images = Images()
        images.add(image_from_spec("tiny", tiny_spec))
        assert images.find(reference) is not None
        assert images.find("tiny:2") is None

    @pytest.mark.parametrize(
        "spec",
        [
            {"executables": []},
            {"preload": "x"},
            {"color": "red"},
            {"executables": {"x": {"package": "p"}}},
            {"executables": {"x": {"package": "p", "path": "/nowhere", "module": "p"}}},
        ],
    )
    def test_bad_records_name_the_field(self, spec: dict[str, Any]) -> None:
        """A bad record is refused with the image and the field."""
        with pytest.raises(BadImage, match="image x:"):
            image_from_spec("x", spec)

    @pytest.mark.parametrize("text", ["x", "=x", "x={", "x=[]"])
    def test_bad_arguments(self, text: str) -> None:
        """REF=SPEC with JSON is what is taken."""
        with pytest.raises(BadImage):
            parse_image_argument(text)
