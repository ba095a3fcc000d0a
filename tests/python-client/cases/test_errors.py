"""What goes wrong, in the words that programs written for the original look for.

The client raises nothing when a call is answered with an error status: it returns a text that begins with "Error: ".
"""

import pytest
import requests
from tool_results import text_of


def is_error(answer):
    return answer.startswith("Error: ") if isinstance(answer, str) else answer["isError"]


def test_unknown_sandbox(main):
    box = main.sandbox(sandbox_id="agent-runtime-container-nobody").start()
    info = box.get_info()
    assert info.startswith("Error: HTTP 404 Error: ")
    assert info.endswith(
        "| Server Detail: Error in get_info: No container found with id: agent-runtime-container-nobody.",
    )
    called = box.run_shell_command("true")
    assert called.startswith("Error: HTTP 404 Error: ")
    assert "No container found with id: agent-runtime-container-nobody." in called
    assert box.list_tools().startswith("Error: HTTP 404 Error: ")
    with pytest.raises(requests.HTTPError) as caught:
        box.fs.read("x")
    assert caught.value.response.status_code == 404
    assert caught.value.response.json()["detail"] == "sandbox not found: agent-runtime-container-nobody"


def test_release_of_an_unknown_sandbox(main):
    manager = main.manager()
    assert manager.release("nobody") is True
    assert manager.stop("nobody") is False
    assert manager.start("nobody") is False


def test_limit_reached(limited):
    with limited.sandbox() as box:
        with pytest.raises(RuntimeError) as caught:
            limited.sandbox().start()
        assert str(caught.value) == (
            "No sandbox available. This may happen if: (1) the sandbox pool is exhausted, "
            "(2) max sandbox instances limit has been reached, or (3) sandbox container startup failed. "
        )
        assert limited.manager().create_from_pool(sandbox_type="base") is None
        assert limited.manager().create(sandbox_type="base") is None
        assert text_of(box.run_shell_command("echo untouched"), "stdout") == "untouched\n"
    with limited.sandbox() as box:
        assert text_of(box.run_shell_command("echo room again"), "stdout") == "room again\n"


@pytest.mark.anyio
async def test_limit_reached_async(limited):
    async with limited.sandbox_async():
        with pytest.raises(RuntimeError, match="^No sandbox available.$"):
            await limited.sandbox_async().start_async()


def test_a_command_without_end(limited):
    """The server's time limit is 5 s here: the client gets what was printed instead of a time-out of its own."""
    with limited.sandbox() as box:
        result = box.run_shell_command("echo before; sleep 600")
        assert text_of(result, "stdout") == "before\n"
        assert result["isError"] is True
        assert result["timed_out"] is True
        # The start of the session is no part of a cell's time, but of the server's.
        assert box.run_ipython_cell("1")["isError"] is False
        cell = box.run_ipython_cell("print('before')\nimport time\ntime.sleep(600)")
        assert text_of(cell, "stdout").startswith("before\n")
        assert cell["isError"] is True
        assert cell["timed_out"] is True
        assert text_of(box.run_shell_command("pgrep -c sleep || true"), "stdout").strip() == "0"


def test_wrong_token(main, sandbox):
    box = main.sandbox(bearer_token="wrong", sandbox_id=sandbox.sandbox_id).start()
    expected = "| Server Detail: Invalid authentication credentials"
    assert box.get_info().startswith("Error: HTTP 401 Error: ")
    assert box.get_info().endswith(expected)
    assert box.run_shell_command("true").endswith(expected)
    with pytest.raises(requests.HTTPError) as caught:
        box.fs.read("x")
    assert caught.value.response.status_code == 401
    assert caught.value.response.headers["WWW-Authenticate"] == "Bearer"
    # The one who has the right token still has the sandbox.
    box.close()
    assert text_of(sandbox.run_shell_command("echo mine"), "stdout") == "mine\n"


def test_wrong_token_at_the_start(main):
    # The client takes the error for the sandbox's id, whatever server it talks to.
    with main.sandbox(bearer_token="wrong") as box:
        assert box.sandbox_id.startswith("Error: HTTP 401 Error: ")
        assert box.sandbox_id.endswith("| Server Detail: Invalid authentication credentials")


def test_no_token(main, sandbox):
    box = main.sandbox(bearer_token=None, sandbox_id=sandbox.sandbox_id).start()
    assert box.get_info().endswith("| Server Detail: Authentication required")


@pytest.mark.anyio
async def test_wrong_token_async(main):
    async with main.sandbox_async(bearer_token="wrong") as box:
        assert box.sandbox_id.startswith("Error: ")
        assert "401" in box.sandbox_id
        assert box.sandbox_id.endswith("| Server Detail: Invalid authentication credentials")
        assert (await box.run_shell_command("true")).endswith("Invalid authentication credentials")


def test_unknown_tool(sandbox):
    result = sandbox.call_tool("no_such_tool", {})
    # As the original: a result, which says that it is an error.
    assert result["isError"] is True
    assert "no_such_tool" in result["content"][0]["text"]


def test_released_sandbox(main):
    with main.sandbox() as box:
        pass
    assert box.get_info()["state"] == "released"
    assert box.get_info()["session_ctx_id"] is None
    called = box.run_shell_command("true")
    assert called.startswith("Error: HTTP 409 Error: ")
    assert main.manager().check_health(identity=box.sandbox_id) is False
    with pytest.raises(requests.HTTPError):
        box.fs.read("x")
    # Again, as the original: true.
    assert main.manager().release(box.sandbox_id) is True


def test_unknown_sandbox_type(main):
    answer = main.manager().create_from_pool(sandbox_type="nope")
    assert answer.endswith("| Server Detail: Error in create_from_pool: 'nope' is not a valid SandboxType")
    answer = main.manager().create(sandbox_type="nope")
    assert answer.endswith("| Server Detail: Error in create: 'nope' is not a valid SandboxType")


def test_wrong_arguments_of_a_tool(sandbox):
    answer = sandbox.call_tool("run_shell_command", {"cod": "true"})
    assert answer.startswith("Error: HTTP 422 Error: ")
    assert "got an unexpected keyword argument 'cod'" in answer
    answer = sandbox.call_tool("run_ipython_cell", {})
    assert answer.startswith("Error: HTTP 422 Error: ")
    assert "code" in answer


def test_arguments_that_make_no_sense(sandbox):
    for answer in [sandbox.run_shell_command(""), sandbox.run_ipython_cell("")]:
        assert answer["isError"] is True
        assert "is required" in answer["content"][0]["text"]
    for answer in [sandbox.run_shell_command(7), sandbox.run_ipython_cell(None)]:
        assert is_error(answer), answer


def test_wrong_arguments_of_a_call(main, sandbox):
    manager = main.manager()
    answer = manager._make_request("POST", "/release", {})["data"]
    assert answer.endswith("SandboxManager.release() missing 1 required positional argument: 'identity'")
    answer = manager._make_request("POST", "/get_info", {"identity": sandbox.sandbox_id, "foo": 1})["data"]
    assert answer.endswith("got an unexpected keyword argument 'foo'")


def test_environment_with_null(main):
    assert main.manager().create(sandbox_type="base", environment={"A": None}) is None


def test_mount_dir_that_is_not_allowed(main):
    # The original gives another workspace than was asked for.
    answer = main.manager().create(sandbox_type="base", mount_dir="/srv/data")
    assert answer.startswith("Error: HTTP 422 Error: ")


def test_workspace_dir_is_refused_by_the_client(main):
    with pytest.raises(RuntimeError, match="only supported in embedded"):
        main.sandbox(workspace_dir="/srv/data")


def test_invalid_mcp_configuration(sandbox):
    for config in [{}, {"mcpServers": {"x": {}}}, {"mcpServers": {"x": {"command": 7}}}]:
        assert is_error(sandbox.add_mcp_servers(config)), config
    assert sorted(sandbox.list_tools()) == ["generic"]


def test_other_paths_and_methods(main):
    session = main.manager().http_session
    assert session.post(f"{main.url}/fs_read", json={}).status_code == 404
    assert session.get(f"{main.url}/release").status_code == 405
    assert session.post(f"{main.url}/create", data="").status_code == 400
    assert requests.get(f"{main.url}/health", timeout=10).status_code == 200
