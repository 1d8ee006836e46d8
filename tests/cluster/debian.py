"""Root folders of images, unpacked from Debian packages that apt downloads into the cache;
nothing in them is installed or configured."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.cluster.problem import ClusterProblem

NOT_NEEDED = (
    "dpkg",
    "install-info",
    "mailcap",
    "media-types",
    "mime-support",
    "perl",
    "readline-common",
    "tar",
    "libperl",
    "gcc-",
)
"""Beginnings of names of packages that only installing or other programs need."""
NOT_SHIPPED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/perl5",
)
TIMEOUT = 300.0
"""Seconds that one command (download, build, compile) may take."""


def check(what: str) -> None:
    """Raise ClusterProblem unless `what` ("the sample app's image") can be made here, as root on Debian."""
    if os.geteuid() != 0:
        raise ClusterProblem(f"{what} is made inside its own root folder, which needs root; start this as root")
    for tool in ("apt-get", "apt-cache", "dpkg-deb", "tar", "chroot"):
        if shutil.which(tool) is None:
            raise ClusterProblem(f"{what} is made of Debian packages, and there is no {tool}: run this on Debian")


def needed(listing: Iterable[str]) -> list[str]:
    """Choose the packages to unpack from the lines of `apt-cache depends --recurse`: real ones, sorted,
    without the `NOT_NEEDED`."""
    names = {line.strip() for line in listing if line and not line.startswith((" ", "<"))}
    return sorted(name for name in names if not name.startswith(NOT_NEEDED))


def packages(seeds: Sequence[str], cache: Path) -> list[Path]:
    """Download `seeds` and what they depend on into the cache (once per set) and return the files.

    Raises ClusterProblem.
    """
    cache.mkdir(parents=True, exist_ok=True)
    try:
        return _download(seeds, cache)
    except ClusterProblem:
        # No package lists yet, or ones that name versions which the mirror has replaced.
        run("apt-get", "update", "-qq")
        return _download(seeds, cache)


def unpack(files: Sequence[Path], root: Path) -> None:
    """Unpack packages into the folder `root`, which is made with the folders and links of a Debian system."""
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "etc", "tmp", "proc", "sys", "dev"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    left_out = [f"--exclude=./{name}" for name in NOT_SHIPPED]
    for package in files:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as reader:
            run("tar", "-x", "--keep-directory-symlink", *left_out, "-C", str(root), stdin=reader.stdout)
        if reader.returncode != 0:
            raise ClusterProblem(
                f"{package.name} must be a whole Debian package; dpkg-deb could not read it: "
                f"delete {package.parent} and try again"
            )


def run(*command: str, folder: Path | None = None, stdin: object = None) -> str:
    """Run one command to its end and return its output; raises ClusterProblem with its last words."""
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=stdin, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )  # type: ignore[call-overload]
    except subprocess.TimeoutExpired:
        raise ClusterProblem(f"{command[0]} must end within {TIMEOUT:.0f} s; it did not: try again") from None
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise ClusterProblem(
            f"{' '.join(command[:3])} must succeed; it ended with status {done.returncode}: {words[0]}"
        )
    output: str = done.stdout
    return output


def _download(seeds: Sequence[str], cache: Path) -> list[Path]:
    left_out = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    listing = run("apt-cache", "depends", "--recurse", *(f"--no-{kind}" for kind in left_out), *seeds).splitlines()
    names = needed(listing)
    folder = cache / f"debian-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:16]}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=cache, prefix=".debian-") as scratch:
            partial = Path(scratch, "packages")
            partial.mkdir()
            # As root without apt's sandbox user: it could not enter a private cache folder.
            run("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", *names, folder=partial)
            partial.rename(folder)
    return sorted(folder.glob("*.deb"))
