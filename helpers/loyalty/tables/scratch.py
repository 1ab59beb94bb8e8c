"""Folders for what is laid aside for a while; what a killed program left of them, the next one removes."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

LOCK = "in_use"


class Scratch:
    """A folder that goes when it is closed; the lock on a file in it says that its program still lives.

    Other people's tables lie in it, so nothing of them may stay behind: a program that is killed tidies up no more, and
    the next one with the same prefix in the same place does it.

    Parameters
    ----------
    prefix : str
        The beginning of the folder's name.
    place : pathlib.Path, optional
        Where it is made; the system's folder for temporary files if not said.

    Raises
    ------
    OSError
        Nothing can be written there.

    Examples
    --------
    >>> with Scratch("example-") as folder:
    ...     is_there = folder.is_dir()
    >>> is_there, folder.exists()
    (True, False)
    """

    def __init__(self, prefix: str, place: Path | None = None) -> None:
        remove_abandoned(prefix, place)
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        self._lock = (self.path / LOCK).open("wb")
        _try_lock(self._lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def remove_abandoned(prefix: str, place: Path | None = None) -> None:
    """Remove the folders of this user that begin with `prefix` and whose program has ended without doing so."""
    for folder in (place or Path(tempfile.gettempdir())).glob(f"{prefix}*"):
        with suppress(OSError):
            if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
                continue
            with (folder / LOCK).open("r+b") as file:  # a folder without it may be one that is just being made
                is_abandoned = _try_lock(file)
            if is_abandoned:
                shutil.rmtree(folder, ignore_errors=True)


def _try_lock(file: IO[bytes]) -> bool:
    """Lock a file unless another program has done so; say whether it is ours now."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
