"""Reads a small YAML file that a person wrote: nothing runs, nothing unfolds, and what is wrong is said in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from loyalty.tables.sources import NotATable

TWICE = "twice: "
ALIAS = "alias"
ODD_KEY = "odd key"
LONGEST = 1_000_000  # characters; one for a table of a thousand columns has a tenth of it
TOGETHER = "write what belongs to it in one place"


class _Strict(yaml.SafeLoader):
    """A YAML loader that refuses a duplicate key; YAML itself would silently keep the last one.

    Keys that are no words, and anchors and aliases, by which a file of one page can unfold into millions of lines or
    into itself, are refused too: no file of ours needs them.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.constructor.ConstructorError(problem=ALIAS, problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(problem=ODD_KEY, problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(problem=f"{TWICE}{key.value}", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, what: str, advice: str) -> tuple[Any, list[str]]:
    """Read a YAML file; return what it holds, and what is wrong with it, in at most one sentence.

    Parameters
    ----------
    path : pathlib.Path
    what : str
        What the file should be, such as "columns.yml".
    advice : str
        What to do where the file is no YAML at all, such as "compare it with the example".

    Returns
    -------
    tuple of (anything, list of str)
        Plain values: mappings, lists, texts, numbers, dates. With a problem the first is None.

    Examples
    --------
    >>> read_yaml(Path("nowhere.yml"), "columns.yml", "write it anew")
    (None, ['nowhere.yml cannot be read: No such file or directory'])
    """
    label = path.name
    try:
        return _Strict(_read_text(path.expanduser(), label, what, advice)).get_single_data(), []
    except NotATable as error:
        return None, [str(error)]
    except RecursionError:
        return None, [f"{label} is nested hundreds of levels deep: {advice}"]
    except OSError as error:
        return None, [f"{label} cannot be read: {error.strerror}"]
    except UnicodeDecodeError:
        return None, [f"{label} is not in UTF-8: open it in an editor and save it so"]
    except yaml.YAMLError as error:
        return None, [f"{label} {_explain_yaml(error, advice)}"]
    except ValueError as error:  # a word that looks like a date or a number and is none, such as 2026-02-31
        return None, [f"{label} holds a value that cannot be read: {str(error)[:80]}"]


def _explain_yaml(error: yaml.YAMLError, advice: str) -> str:
    """Say in plain words what is wrong with the YAML, and in which line."""
    mark = getattr(error, "problem_mark", None)
    why = getattr(error, "problem", None) or ""
    where = f" in line {mark.line + 1}" if mark else ""
    if why.startswith(TWICE):
        return f"names `{why.removeprefix(TWICE)}` twice, again{where}: {TOGETHER}"
    if why == ALIAS:
        return f"holds an anchor or an alias (& or *){where}: write the lines out, or put the word in quotes"
    if why == ODD_KEY:
        return f"holds a list or a map before a colon{where}: a word is needed there"
    if "'\\t'" in why:
        return f"holds a tab{where}: put spaces in its place"
    return f"is not YAML{where}: {advice}"


def _read_text(path: Path, label: str, what: str, advice: str) -> str:
    """Read the text of the file; NotATable for what is no file, or too long to be one."""
    if path.exists() and not path.is_file():
        raise NotATable(f"{label} is no file that can be read to its end: name a file")
    if path.is_file() and path.stat().st_size > LONGEST:
        raise NotATable(f"{label} is too large for a {what}: {advice}")
    return path.read_text(encoding="utf-8-sig")
