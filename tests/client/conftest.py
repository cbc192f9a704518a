"""Fixtures of the client's tests."""

from __future__ import annotations

import pytest

from tests.client.rig import Rig, make_rig


@pytest.fixture(params=[0, 1, 7], ids=["whole", "bytewise", "by seven"])
def rig(request: pytest.FixtureRequest) -> Rig:
    """A model and the wire to it, for each way of cutting up the bytes."""
    return make_rig(request.param)
