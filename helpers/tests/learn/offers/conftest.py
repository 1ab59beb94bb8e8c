import importlib.util
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("make_chains", Path(__file__).with_name("make_chains.py"))
CHAINS = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(CHAINS)


@pytest.fixture(scope="session")
def chains():
    return CHAINS
