"""MCP servers that are added to a running sandbox."""

import mcp_example
import pytest
from tool_results import text_of


@pytest.fixture(scope="module")
def with_server(main):
    with main.sandbox() as box:
        box.fs.write(mcp_example.PATH, mcp_example.SOURCE)
        assert box.add_mcp_servers(mcp_example.config("example")) == "OK"
        yield box


def test_tools_are_listed_under_the_name_of_the_server(with_server):
    tools = with_server.list_tools()
    assert sorted(tools) == ["example", "generic"]
    function = tools["example"]["add"]["json_schema"]["function"]
    assert function["name"] == "add"
    assert function["description"] == "Adds two numbers."
    assert function["parameters"] == {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    }


def test_tools_of_one_server(with_server):
    assert sorted(with_server.list_tools("example")["example"]) == ["add", "greeting"]
    assert list(with_server.list_tools("generic")) == ["generic"]


def test_call(with_server):
    result = with_server.call_tool("add", {"a": 2, "b": 40})
    assert result["content"][0]["type"] == "text"
    assert result["content"][0]["text"] == "42"
    assert result["isError"] is False


def test_environment_of_the_server(with_server):
    assert with_server.call_tool("greeting")["content"][0]["text"] == "hello"


def test_error_of_a_tool(with_server):
    result = with_server.call_tool("add", {"a": 2})
    assert result["isError"] is True
    assert "KeyError" in result["content"][0]["text"]


def test_shell_beside_it(with_server):
    assert text_of(with_server.run_shell_command("echo beside"), "stdout") == "beside\n"


def test_existing_server_is_kept_or_overwritten(with_server):
    assert with_server.add_mcp_servers(mcp_example.config("example", "second")) == "OK"
    assert with_server.call_tool("greeting")["content"][0]["text"] == "hello"
    assert with_server.add_mcp_servers(mcp_example.config("example", "second"), overwrite=True) == "OK"
    assert with_server.call_tool("greeting")["content"][0]["text"] == "second"


def test_server_that_does_not_start(with_server):
    broken = {"mcpServers": {"broken": {"command": "false", "args": []}}}
    # The original tells it after its time limit of 60 s.
    assert with_server.add_mcp_servers(broken)["isError"] is True
    assert "broken" not in with_server.list_tools()
    assert with_server.call_tool("add", {"a": 1, "b": 1})["content"][0]["text"] == "2"


@pytest.mark.anyio
async def test_async(main):
    async with main.sandbox_async() as box:
        await box.fs.write_async(mcp_example.PATH, mcp_example.SOURCE)
        assert await box.add_mcp_servers_async(mcp_example.config("example")) == "OK"
        assert "add" in (await box.list_tools_async("example"))["example"]
        result = await box.call_tool_async("add", {"a": 1, "b": 2})
        assert result["content"][0]["text"] == "3"
        assert result["isError"] is False
