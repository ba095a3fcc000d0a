"""Waiting for idle sandboxes to be recycled."""

import time

WAIT_SECONDS = 20


def until_recycled(manager, name):
    """Until nothing is left of it. get_info is no activity, so looking does not keep a session alive."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (info := manager.get_info(name))["recycled_at"] is None:
        assert time.monotonic() < deadline, info
        time.sleep(0.1)
    return info
