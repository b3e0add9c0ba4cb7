from collections.abc import Generator

import pytest

from ops.aws import emulator
from ops.aws.clients import Clients


@pytest.fixture
def clients() -> Generator[Clients]:
    """Return clients of an empty account."""
    with emulator.embedded("eu-west-1") as clients:
        yield clients
