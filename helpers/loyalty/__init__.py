"""Helpers of the Loyalty Analytics Workshop: prepare, segment, evaluate, learn.

`import loyalty` is instant: a module such as `loyalty.stats` is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

__version__ = "0.1.0"


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_") or name not in _module_names():
        raise AttributeError(f"module 'loyalty' has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_module_names()})


def _module_names() -> set[str]:
    return {module.name for module in iter_modules(__path__)}
