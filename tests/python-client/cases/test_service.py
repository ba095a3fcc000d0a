"""SandboxService: sandboxes by session, whoever connects. Its stop() releases those of every client."""

import pytest
from agentscope_runtime.sandbox import BaseSandbox
from sandbox_service import SandboxService, SandboxServiceFactory
from tool_results import text_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def service(shared, anyio_backend):
    service = SandboxService(base_url=shared.url, bearer_token=shared.token)
    await service.start()
    yield service
    await service.stop()


async def test_health(shared):
    service = SandboxService(base_url=shared.url, bearer_token=shared.token)
    assert await service.health() is False
    await service.start()
    assert await service.health() is True
    await service.stop()


async def test_connect_and_use(service):
    (box,) = service.connect("s1", user_id="u1", sandbox_types=["base"])
    assert isinstance(box, BaseSandbox)
    assert text_of(box.run_shell_command("echo in a session"), "stdout") == "in a session\n"
    assert box.get_info()["session_ctx_id"] == "s1_u1"
    # The service does not enter its sandboxes.
    assert box.fs is None


async def test_the_same_session_again(service, shared):
    (first,) = service.connect("again", sandbox_types=["base"])
    first.run_ipython_cell("kept = 1")
    (second,) = service.connect("again")
    assert second.sandbox_id == first.sandbox_id
    assert isinstance(second, BaseSandbox)
    other = SandboxService(base_url=shared.url, bearer_token=shared.token, drain_on_stop=False)
    await other.start()
    (third,) = other.connect("again")
    assert text_of(third.run_ipython_cell("print(kept)"), "stdout") == "1\n"
    await other.stop()
    # It was told not to drain.
    assert first.get_info()["state"] == "running"


async def test_sessions_are_apart(service):
    (one,) = service.connect("s", user_id="one")
    (two,) = service.connect("s", user_id="two")
    (bare,) = service.connect("s")
    assert len({one.sandbox_id, two.sandbox_id, bare.sandbox_id}) == 3


async def test_two_sandboxes_in_a_session(service):
    boxes = service.connect("pair", sandbox_types=["base", "base"])
    assert len({box.sandbox_id for box in boxes}) == 2
    boxes[0].start().fs.write("mine", "1")
    assert boxes[1].start().fs.exists("mine") is False
    again = service.connect("pair")
    assert [box.sandbox_id for box in again] == [box.sandbox_id for box in boxes]


async def test_release(service):
    (box,) = service.connect("short", user_id="u")
    assert service.release("short", "u") is True
    assert box.get_info()["state"] == "released"
    assert service.manager_api.get_session_mapping("short_u") == []
    (fresh,) = service.connect("short", user_id="u")
    assert fresh.sandbox_id != box.sandbox_id
    assert service.release("unknown") is True


async def test_stop_drains(shared):
    service = SandboxService(base_url=shared.url, bearer_token=shared.token)
    await service.start()
    boxes = [*service.connect("drain-1", sandbox_types=["base", "base"]), *service.connect("drain-2")]
    assert set(service.manager_api.list_session_keys()) >= {"drain-1", "drain-2"}
    await service.stop()
    assert [box.get_info()["state"] for box in boxes] == ["released"] * 3
    assert shared.manager().list_session_keys() == []


async def test_async_type(service):
    (box,) = service.connect("async", sandbox_types=["base_async"])
    assert text_of(await box.run_shell_command("echo awaited"), "stdout") == "awaited\n"
    # Who connects again gets the class of the image's name, which is the synchronous one.
    (again,) = service.connect("async")
    assert isinstance(again, BaseSandbox)
    assert again.sandbox_id == box.sandbox_id


async def test_factory(shared, monkeypatch):
    monkeypatch.setenv("SANDBOX_DEFAULT_BASE_URL", shared.url)
    monkeypatch.setenv("SANDBOX_DEFAULT_BEARER_TOKEN", shared.token)
    service = await SandboxServiceFactory.create()
    await service.start()
    (box,) = service.connect("made", sandbox_types=["base"])
    assert text_of(box.run_shell_command("echo made"), "stdout") == "made\n"
    await service.stop()


async def test_cleanup(shared):
    with shared.sandbox() as one, shared.sandbox() as two:
        assert shared.manager().cleanup() is None
        assert [box.get_info()["state"] for box in (one, two)] == ["released", "released"]
