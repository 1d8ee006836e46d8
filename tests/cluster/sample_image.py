"""The sample application's image: a few Debian packages, the project's own wheel, and a start-up that needs no site packages.

No registry of images is asked: the packages come through apt, the application from the wheel that this tree builds.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE
from tests.cluster.images import write_archive
from tests.cluster.problem import ClusterProblem

SEEDS = ("python3", "python3-h2")
NOT_NEEDED = ("dpkg", "install-info", "mailcap", "media-types", "mime-support", "perl", "readline-common", "tar", "libperl", "gcc-")
"""Beginnings of names of packages that only installing or other programs need."""
NOT_SHIPPED = ("usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/lintian", "usr/share/locale", "usr/share/perl5")
USER = "10001:10001"
APPLICATION = "opt/sample-app"
LAUNCHER = """#!/usr/bin/python3 -IS
import sys
sys.path[1:1] = ["/opt/sample-app", "/usr/lib/python3/dist-packages"]
from sample_app.__main__ import main
sys.exit(main())
"""
"""Isolated and without `site`: exec of a session is a third quicker than through `python3 -m`."""
PASSWD = "root:x:0:0:root:/:/sbin/nologin\nsample-app:x:10001:10001::/nonexistent:/sbin/nologin\n"
TIMEOUT = 300.0
"""Seconds that one command (download, build, compile) may take."""


def build(cache: Path) -> Path:
    """Return the image's archive in `cache`, building it when its inputs changed. Raises ClusterProblem."""
    archive = cache / f"sample-app-{image_key()}.tar"
    if archive.exists():
        return archive
    if os.geteuid() != 0:
        raise ClusterProblem("the sample app's image is compiled inside its own root folder, which needs root; start this as root")
    for tool in ("apt-get", "apt-cache", "dpkg-deb", "tar", "chroot"):
        if shutil.which(tool) is None:
            raise ClusterProblem(f"the sample app's image is made of Debian packages, and there is no {tool}: run this on Debian")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".sample-app-") as folder:
        root = Path(folder, "root")
        _unpack_debian(_packages(cache), root)
        _add_application(root, Path(folder))
        _compile(root)
        write_archive(
            archive,
            reference=SAMPLE_APP_IMAGE,
            root=root,
            entrypoint=["sample-app"],
            environment=["PATH=/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED=1"],
            user=USER,
        )
    return archive


def image_key() -> str:
    """What the image is made of, as 16 hexadecimal digits: the application's sources, the recipe and the packages asked for."""
    project = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256(repr((SAMPLE_APP_IMAGE, SEEDS, NOT_NEEDED, NOT_SHIPPED, LAUNCHER, USER)).encode())
    for source in sorted((project / "sample_app").rglob("*.py")):
        digest.update(source.relative_to(project).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def needed(listing: Iterable[str]) -> list[str]:
    """Choose the packages to unpack from the lines of `apt-cache depends --recurse`: real ones, sorted, without the `NOT_NEEDED`."""
    names = {line.strip() for line in listing if line and not line.startswith((" ", "<"))}
    return sorted(name for name in names if not name.startswith(NOT_NEEDED))


def _packages(cache: Path) -> list[Path]:
    """Download the packages into the cache (once per set) and return their files."""
    try:
        return _download(cache)
    except ClusterProblem:
        # No package lists yet, or ones that name versions which the mirror has replaced.
        _run("apt-get", "update", "-qq")
        return _download(cache)


def _download(cache: Path) -> list[Path]:
    left_out = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    listing = _run("apt-cache", "depends", "--recurse", *(f"--no-{kind}" for kind in left_out), *SEEDS).splitlines()
    names = needed(listing)
    folder = cache / f"debian-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:16]}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=cache, prefix=".debian-") as scratch:
            partial = Path(scratch, "packages")
            partial.mkdir()
            # As root without apt's sandbox user: it could not enter a private cache folder.
            _run("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", *names, folder=partial)
            partial.rename(folder)
    return sorted(folder.glob("*.deb"))


def _unpack_debian(packages: Sequence[Path], root: Path) -> None:
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "etc", "tmp", "proc", "sys", "dev"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    left_out = [f"--exclude=./{name}" for name in NOT_SHIPPED]
    for package in packages:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as reader:
            _run("tar", "-x", "--keep-directory-symlink", *left_out, "-C", str(root), stdin=reader.stdout)
        if reader.returncode != 0:
            raise ClusterProblem(
                f"{package.name} must be a whole Debian package; dpkg-deb could not read it: delete {package.parent} and try again"
            )


def _add_application(root: Path, scratch: Path) -> None:
    """Build the wheel and put its sample_app into the root, with the launcher and an account."""
    project = Path(__file__).resolve().parents[2]
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(scratch), folder=project)
    target = root / APPLICATION / "sample_app"
    with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
        prefix = "pytest_smi/sample_app/"
        for name in wheel.namelist():
            if name.startswith(prefix) and not name.endswith("/"):
                file = target / name.removeprefix(prefix)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(wheel.read(name))
    launcher = root / "usr/local/bin/sample-app"
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    (root / "etc/passwd").write_text(PASSWD)
    (root / "etc/nsswitch.conf").write_text("passwd: files\nhosts: files dns\n")


def _compile(root: Path) -> None:
    """Compile everything once, unchecked: the root file system is read-only and its times are not the sources'."""
    folders = [name for name in ("/usr/lib/python3", f"/{APPLICATION}", *_libraries(root)) if (root / name[1:]).exists()]
    _run("chroot", str(root), "/usr/bin/python3", "-IS", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *folders)


def _libraries(root: Path) -> list[str]:
    return sorted(f"/{path.relative_to(root)}" for path in (root / "usr/lib").glob("python3.*"))


def _run(*command: str, folder: Path | None = None, stdin: object = None) -> str:
    """Run one command to its end and return its output; raises ClusterProblem with its last words."""
    try:
        done = subprocess.run(command, cwd=folder, stdin=stdin, capture_output=True, text=True, timeout=TIMEOUT, check=False)  # type: ignore[call-overload]
    except subprocess.TimeoutExpired:
        raise ClusterProblem(f"{command[0]} must end within {TIMEOUT:.0f} s; it did not: try again") from None
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise ClusterProblem(f"{' '.join(command[:3])} must succeed; it ended with status {done.returncode}: {words[0]}")
    output: str = done.stdout
    return output
