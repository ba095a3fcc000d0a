"""Servers and sandboxes for the cases. The servers are started by python-client.test.ts and told in SERVERS."""

import json
import os
import signal
from dataclasses import dataclass

import pytest
from agentscope_runtime.sandbox import BaseSandbox, BaseSandboxAsync
from agentscope_runtime.sandbox.manager import SandboxManager

CASE_SECONDS = 60


@dataclass(frozen=True)
class Server:
    url: str
    token: str

    def sandbox(self, **options):
        return BaseSandbox(**{"base_url": self.url, "bearer_token": self.token, **options})

    def sandbox_async(self, **options):
        return BaseSandboxAsync(**{"base_url": self.url, "bearer_token": self.token, **options})

    def manager(self):
        return SandboxManager(base_url=self.url, bearer_token=self.token)


def server(name):
    def started():
        return Server(**json.loads(os.environ["SERVERS"])[name])

    return pytest.fixture(scope="session", name=name)(started)


main = server("main")
limited = server("limited")
idle = server("idle")
shared = server("shared")


@pytest.fixture(scope="module")
def sandbox(main):
    """One that the cases of a file share."""
    with main.sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def sandbox_async(main, anyio_backend):
    async with main.sandbox_async() as box:
        yield box


@pytest.fixture(autouse=True)
def time_limit():
    """No case hangs the run."""

    def on_alarm(signum, frame):
        raise TimeoutError(f"the case took longer than {CASE_SECONDS} s")

    previous = signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(CASE_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)
