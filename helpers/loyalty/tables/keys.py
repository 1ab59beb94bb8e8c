"""The key of keyed hashes: outside the project, so that who gets a report or a store cannot try out phone numbers."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from loyalty.tables.check import TableError

SHORTEST = 16  # characters


def find_key() -> tuple[bytes, str]:
    """Find this user's key, or make one at first use; also say in words where it is.

    It is the environment variable LOYALTY_KEY (16 characters or more), else a file in the user's own configuration
    folder that only the user can read.

    Returns
    -------
    tuple of (bytes, str)

    Raises
    ------
    TableError
        The key is too short, or the key file cannot be made.
    """
    given = os.environ.get("LOYALTY_KEY", "")
    if given:
        if len(given) < SHORTEST:
            says = f"LOYALTY_KEY should have {SHORTEST} characters or more: phone numbers are easy to try out"
            raise TableError([says], "key")
        return given.encode(), "the environment variable LOYALTY_KEY"
    path = config_folder() / "key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        says = f"the key file {path.name} cannot be kept in your configuration folder ({error.strerror})"
        raise TableError([f"{says}: set LOYALTY_KEY to a text of {SHORTEST} characters or more"], "key") from None
    if len(key) < SHORTEST:
        raise TableError(["the key file in your configuration folder is damaged: delete it, or set LOYALTY_KEY"], "key")
    return key.encode(), "the key file in your configuration folder"


def config_folder() -> Path:
    """Return the folder of this user's settings, outside the project: LOYALTY_SETTINGS, else by the system's custom."""
    if os.environ.get("LOYALTY_SETTINGS"):
        return Path(os.environ["LOYALTY_SETTINGS"])
    if os.name == "nt":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "loyalty-workshop"
