"""Reading files that are not ours: regular files only, and never more than a bound. Thin I/O."""

import errno
import os
import stat
from pathlib import Path

__all__ = ["read_regular"]


def read_regular(path: Path, largest: int, *, follow: bool = True) -> bytes:
    """Return the bytes of a regular file of at most `largest` bytes; `follow`: it may be a link to one.

    Raises `OSError` whose `strerror` says what is wrong: a pipe would hold us for ever, and a device may have no end.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP and not follow:
            raise OSError(errno.ELOOP, "it is a symbolic link", str(path)) from None
        raise
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        # Asked for no more than there is: a reader makes room for all that it is asked for.
        data = file.read(min(found.st_size, largest) + 1)
        if len(data) > largest:
            raise OSError(errno.EFBIG, f"it has more than {largest} bytes", str(path))
        return data
