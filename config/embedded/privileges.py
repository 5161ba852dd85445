"""The user that PostgreSQL runs as when we are root (a container, CI): Postgres itself refuses to run as root."""

from __future__ import annotations

import ctypes
import os
import pwd
from collections.abc import Callable
from pathlib import Path

_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 4
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


def postgres_user(pgdata: Path) -> pwd.struct_passwd | None:
    """Return whom Postgres runs as: the data's owner, else `postgres`, else `nobody`; None when we are not root."""
    if os.geteuid() != 0:
        return None
    if pgdata.exists() and pgdata.stat().st_uid != 0:
        return pwd.getpwuid(pgdata.stat().st_uid)
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`: add one.")


def become(user: pwd.struct_passwd, *, everywhere: bool) -> Callable[[], None]:
    """Return what a child calls between fork and exec to become `user`.

    `everywhere` keeps the right to pass folders that are closed to that user (a checkout under /root), by an ambient
    capability (Linux 4.3) rather than by opening those folders to everybody.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def switch() -> None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        if everywhere:
            # Keeps capabilities over setuid, and lets access(2), by which Postgres looks for its programs, use them.
            libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
        os.setuid(user.pw_uid)
        if not everywhere:
            return
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        only = 1 << _CAP_DAC_OVERRIDE
        sets = (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0)
        if libc.capset(header, sets) or libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0):
            raise OSError(ctypes.get_errno(), "cannot keep CAP_DAC_OVERRIDE")

    return switch


def can_reach(user: pwd.struct_passwd, paths: list[Path]) -> bool:
    """Whether `user` may pass every folder above these paths and enter or read the paths themselves."""
    for path in paths:
        for step in [path, *path.parents]:
            found = step.stat()
            if found.st_uid == user.pw_uid:
                allowed = found.st_mode >> 6
            elif found.st_gid == user.pw_gid:
                allowed = found.st_mode >> 3
            else:
                allowed = found.st_mode
            if not allowed & 0o1:
                return False
    return True
