"""BaseSandboxAsync: the same over the asynchronous twins."""

import pytest
from tool_results import descriptions_of, text_of

pytestmark = pytest.mark.anyio


async def test_context_manager_creates_and_releases(main):
    async with main.sandbox_async() as box:
        assert box.sandbox_id.startswith("agent-runtime-container-")
        assert text_of(await box.run_shell_command("echo here"), "stdout") == "here\n"
        assert (await box.get_info_async())["state"] == "running"
    assert (await box.get_info_async())["state"] == "released"


async def test_start_and_close(main):
    box = main.sandbox_async()
    assert await box.start_async() is box
    assert text_of(await box.run_shell_command("echo here"), "stdout") == "here\n"
    await box.close_async()
    assert box.get_info()["state"] == "released"


async def test_get_info_async(sandbox_async):
    # The client sends {"args": id}, with which the original's own server fails.
    info = await sandbox_async.get_info_async()
    assert info["container_name"] == sandbox_async.sandbox_id
    # The original says "base_async" and has no pool for it; here it is another name of "base". No client reads it.
    assert info["sandbox_type"] == "base"
    assert info["session_ctx_id"] == sandbox_async.get_info()["session_ctx_id"]


async def test_list_tools(sandbox_async):
    tools = await sandbox_async.list_tools_async()
    assert sorted(tools["generic"]) == ["run_ipython_cell", "run_shell_command"]
    assert await sandbox_async.list_tools_async("generic") == tools
    assert await sandbox_async.list_tools_async(tool_type="nothing") == {"nothing": {}}


async def test_shell_output_and_exit_code(sandbox_async):
    result = await sandbox_async.run_shell_command("echo hi; echo err >&2; exit 3")
    assert descriptions_of(result) == ["stdout", "stderr", "returncode"]
    assert [item["text"] for item in result["content"]] == ["hi\n", "err\n", "3"]
    assert result["isError"] is True


async def test_shell_one_megabyte_of_output(sandbox_async):
    result = await sandbox_async.run_shell_command("head -c 1000000 /dev/zero | tr '\\0' x")
    assert text_of(result, "stdout") == "x" * 1_000_000


async def test_shell_unicode(sandbox_async):
    assert text_of(await sandbox_async.run_shell_command("echo 'мир 世界 🧪'"), "stdout") == "мир 世界 🧪\n"


async def test_cell_keeps_state(sandbox_async):
    await sandbox_async.run_ipython_cell("x = 40")
    assert text_of(await sandbox_async.run_ipython_cell("print(x + 2)"), "stdout") == "42\n"


async def test_cell_exception(sandbox_async):
    result = await sandbox_async.run_ipython_cell("1 / 0")
    assert "ZeroDivisionError" in text_of(result, "stdout")
    assert result["isError"] is True


async def test_cell_magics(sandbox_async):
    assert "/workspace" in text_of(await sandbox_async.run_ipython_cell("%pwd"), "stdout")


async def test_call_tool_by_name(sandbox_async):
    result = await sandbox_async.call_tool_async("run_ipython_cell", {"code": "print('by name')"})
    assert text_of(result, "stdout") == "by name\n"


async def test_twins_that_the_client_calls_with_args(main, sandbox_async):
    manager, name = main.manager(), sandbox_async.sandbox_id
    assert await manager.get_status_async(name) == "running"
    session_ctx_id = sandbox_async.get_info()["session_ctx_id"]
    assert await manager.get_session_mapping_async(session_ctx_id) == [name]
    assert session_ctx_id in await manager.list_session_keys_async()
    assert await manager.check_health_async(name) is True


async def test_stop_and_start(main):
    manager = main.manager()
    async with main.sandbox_async() as box:
        await box.fs.write_async("kept.txt", "kept")
        assert await manager.stop_async(box.sandbox_id) is True
        assert await manager.start_async(box.sandbox_id) is True
        assert await box.fs.read_async("kept.txt") == "kept"


async def test_create_by_position(main):
    manager = main.manager()
    # {"args": "base"}: the type is the first parameter.
    name = await manager.create_async("base")
    try:
        assert (await manager.get_info_async(name))["sandbox_type"] == "base"
    finally:
        assert await manager.release_async(name) is True


async def test_desktop_url_of_a_subclass(main, sandbox_async):
    from agentscope_runtime.sandbox import GuiSandboxAsync

    gui = GuiSandboxAsync(sandbox_id=sandbox_async.sandbox_id, base_url=main.url, bearer_token=main.token)
    token = sandbox_async.get_info()["runtime_token"]
    expected = f"{main.url}/desktop/{sandbox_async.sandbox_id}/vnc/vnc_relay.html?password={token}"
    assert await gui.get_desktop_url_async() == expected
