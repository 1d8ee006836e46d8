"""What a forked child does from the fork to the end of its program. It never returns.

Law: nothing of the zygote survives into the program: descriptors, signal handlers, environment,
arguments and streams are its own.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib
import importlib.abc
import importlib.util
import os
import runpy
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

from pytest_smi.reference.node import sandbox
from pytest_smi.reference.node.network_view import PodNetwork

PACKAGES_VARIABLE = "SANDBOX_PACKAGES"
"""Environment variable that carries the packages (JSON, name -> folder) into `python3`."""
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(number: int, parent: int) -> None:
    """Have the kernel send this process a signal when its parent ends; ends at once when the parent is gone already."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def run(request: Mapping[str, Any], descriptors: list[int], parent: int) -> NoReturn:
    """Become the container's program.

    `request` is what the client sent: argv, env, cwd, network, module (null for python3), packages.
    """
    status = 1
    try:
        os.setsid()
        die_with_parent(signal.SIGKILL, parent)
        _reset_signals()
        # What people see in ps and top, which else is the zygote's.
        _libc.prctl(_PR_SET_NAME, os.path.basename(request["argv"][0]).encode(), 0, 0, 0)
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
        for descriptor in descriptors:
            if descriptor > 2:
                os.close(descriptor)
        os.chdir(request["cwd"])
        env = {str(name): str(value) for name, value in request["env"].items()}
        if request["module"] is None:
            _execute_python(request, env)
        os.environ.clear()
        os.environ.update(env)
        tempfile.tempdir = None
        _fresh_streams()
        if request["network"]:
            sandbox.install(PodNetwork.from_json(request["network"]))
        status = _run_module(request["module"], request["argv"])
    except BaseException:
        traceback.print_exc(limit=-8)
    finally:
        os._exit(status & 0xFF)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _fresh_streams() -> None:
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", buffering=1, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # type: ignore[misc]  # noqa: SIM115


def _execute_python(request: Mapping[str, Any], env: dict[str, str]) -> NoReturn:
    if request["network"]:
        env[sandbox.NETWORK_VARIABLE] = request["network"]
    env[PACKAGES_VARIABLE] = request["packages"]
    env["PYTHONPATH"] = os.pathsep.join([request["boot"], *filter(None, [env.get("PYTHONPATH")])])
    os.execve(sys.executable, [sys.executable, *request["argv"][1:]], env)  # noqa: S606


def _run_module(module: str, argv: list[str]) -> int:
    """Import the program and call its main(arguments), or run it as __main__; the exit status of that."""
    sys.argv = list(argv)
    status = 0
    try:
        if _has_main(module):
            sys.exit(importlib.import_module(module).main(list(argv[1:])))
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = _status(end.code)
    except KeyboardInterrupt:
        status = 130
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        # What the interpreter does at its end, without the parts that belong to the zygote.
        with contextlib.suppress(Exception):
            threading._shutdown()  # type: ignore[attr-defined]
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
    return status


def _has_main(module: str) -> bool:
    """Return whether the module defines main, without running it: a script must not run twice."""
    if module in sys.modules:
        return callable(getattr(sys.modules[module], "main", None))
    spec = importlib.util.find_spec(module)
    code = (
        spec.loader.get_code(module)
        if spec is not None and isinstance(spec.loader, importlib.abc.InspectLoader)
        else None
    )
    return code is not None and "main" in code.co_names


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    sys.stderr.write(f"{code}\n")
    return 1
