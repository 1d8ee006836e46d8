"""Process 1 of the node's namespaces: puts folders into place, then stays; when it dies,
the kernel ends every process of the node.

`unshare` starts this file by its path, so it imports nothing of the project.
Arguments: the node's folder (by which it is found again), then pairs of folders: ours,
and the one that the node sees it as.
"""

import signal
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Make a file `ready` in the node's folder once the folders are in place, then stay for good."""
    node, *pairs = sys.argv[1:]
    # Volumes that the kubelet mounts must show to the container runtime: shared, but only within this mount namespace.
    subprocess.run(["mount", "--make-rshared", "/"], check=True)
    for ours, seen_as in zip(pairs[::2], pairs[1::2], strict=True):
        for folder in (ours, seen_as):
            Path(folder).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", ours, seen_as], check=True)
    Path(node, "ready").touch()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then buries the orphans that process 1 inherits
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
