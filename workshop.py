#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""The one entrance of the workshop: `python3 workshop.py` sets up .venv and opens JupyterLab; `--help` lists the verbs.

Only the Python version is looked at here, in words that every Python back to 2.7 can read; the rest is in
helpers/loyalty/launch, which needs the standard library only.
"""

import os
import sys

OLDEST, TOO_NEW = (3, 11), (3, 14)


def main():
    """Hand over to the launcher, or say in one line which Python is needed; returns the exit code."""
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        found = "%d.%d" % sys.version_info[:2]
        sys.stderr.write(
            "workshop: this is Python %s; the workshop needs 3.11, 3.12 or 3.13, "
            "for example `python3.12 workshop.py` (on Windows `py -3.12 workshop.py`).\n" % found
        )
        return 2
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "helpers"))
    from loyalty.launch.verbs import main as launch

    return launch(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
