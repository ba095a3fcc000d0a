"""BaseSandbox: its life, its tools and what they answer."""

import pytest
from tool_results import descriptions_of, text_of


def test_context_manager_creates_and_releases(main):
    with main.sandbox() as box:
        assert box.sandbox_id.startswith("agent-runtime-container-")
        assert text_of(box.run_shell_command("echo here"), "stdout") == "here\n"
        assert box.get_info()["state"] == "running"
    assert box.get_info()["state"] == "released"


def test_context_manager_releases_after_an_exception(main):
    with pytest.raises(KeyError):
        with main.sandbox() as box:
            raise KeyError("of the caller")
    assert box.get_info()["state"] == "released"


def test_start_and_close(main):
    box = main.sandbox()
    assert box.sandbox_id is None
    assert box.fs is None
    assert box.start() is box
    assert text_of(box.run_shell_command("echo here"), "stdout") == "here\n"
    box.close()
    assert box.get_info()["state"] == "released"


def test_attaching_to_an_existing_sandbox(main, sandbox):
    sandbox.run_ipython_cell("attached = 'yes'")
    other = main.sandbox(sandbox_id=sandbox.sandbox_id).start()
    assert text_of(other.run_ipython_cell("print(attached)"), "stdout") == "yes\n"


def test_attaching_by_the_bare_session_id(main, sandbox):
    other = main.sandbox(sandbox_id=sandbox.get_info()["session_id"]).start()
    assert text_of(other.run_shell_command("echo here"), "stdout") == "here\n"


def test_base_url_with_a_slash_at_its_end(main):
    with main.sandbox(base_url=main.url + "/") as box:
        box.fs.write("slash.txt", "1")
        assert box.fs.read("slash.txt") == "1"


def test_get_info(sandbox):
    info = sandbox.get_info()
    assert info["container_name"] == sandbox.sandbox_id
    assert info["container_name"].endswith(info["session_id"])
    assert info["sandbox_type"] == "base"
    assert info["state"] == "running"
    assert len(info["runtime_token"]) == 32
    assert "runtime-sandbox-base" in info["version"]
    assert info["meta"]["session_ctx_id"] == info["session_ctx_id"]
    assert len(info["session_ctx_id"]) == 22
    assert info["redirect_to"] is None
    assert isinstance(info["last_active_at"], float)


def test_list_tools(sandbox):
    tools = sandbox.list_tools()
    assert list(tools) == ["generic"]
    shell = tools["generic"]["run_shell_command"]
    assert shell["name"] == "run_shell_command"
    assert shell["json_schema"]["type"] == "function"
    assert shell["json_schema"]["function"] == {
        "name": "run_shell_command",
        "description": "Run a shell command.",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string", "description": "Shell command to execute"}},
            "required": ["command"],
        },
    }
    cell = tools["generic"]["run_ipython_cell"]["json_schema"]["function"]
    assert cell["description"] == "Run an IPython cell."
    assert cell["parameters"]["required"] == ["code"]


def test_list_tools_of_one_type(sandbox):
    assert sandbox.list_tools("generic") == sandbox.list_tools()
    assert sandbox.list_tools(tool_type="nothing") == {"nothing": {}}


def test_shell_output_and_exit_code(sandbox):
    result = sandbox.run_shell_command("echo hi; echo err >&2; exit 3")
    assert descriptions_of(result) == ["stdout", "stderr", "returncode"]
    assert [item["text"] for item in result["content"]] == ["hi\n", "err\n", "3"]
    assert result["isError"] is True
    assert result["meta"] is None
    assert result["exit_code"] == 3


def test_shell_is_error_follows_stderr(sandbox):
    failing = sandbox.run_shell_command("exit 4")
    assert descriptions_of(failing) == ["stdout", "returncode"]
    assert text_of(failing, "stdout") == ""
    assert text_of(failing, "returncode") == "4"
    assert failing["isError"] is False
    warning = sandbox.run_shell_command("echo careful >&2")
    assert text_of(warning, "returncode") == "0"
    assert warning["isError"] is True


def test_shell_runs_in_the_workspace(sandbox):
    assert text_of(sandbox.run_shell_command("pwd"), "stdout") == "/workspace\n"


def test_shell_with_several_lines_and_pipes(sandbox):
    result = sandbox.run_shell_command("x=1\nfor i in 1 2 3; do\n  echo $((x + i))\ndone | sort -r")
    assert text_of(result, "stdout") == "4\n3\n2\n"


def test_shell_unicode(sandbox):
    text = "grüße, мир, 世界, 🧪, e\u0301"
    assert text_of(sandbox.run_shell_command(f"printf %s '{text}'"), "stdout") == text
    result = sandbox.run_shell_command(f"printf %s '{text}' >&2")
    assert text_of(result, "stderr") == text


def test_shell_output_that_is_no_text(sandbox):
    result = sandbox.run_shell_command("printf 'a\\377b'")
    assert text_of(result, "stdout") == "a\ufffdb"


def test_shell_one_megabyte_of_output(sandbox):
    result = sandbox.run_shell_command("head -c 1000000 /dev/zero | tr '\\0' x")
    assert text_of(result, "stdout") == "x" * 1_000_000
    assert result["truncated"] is False


def test_shell_does_not_know_the_token(sandbox):
    token = sandbox.get_info()["runtime_token"]
    assert token not in text_of(sandbox.run_shell_command("env; cat /proc/self/environ"), "stdout")


def test_cell_keeps_state(sandbox):
    sandbox.run_ipython_cell("import math\nradius = 2")
    result = sandbox.run_ipython_cell("print(round(math.pi * radius ** 2, 2))")
    assert text_of(result, "stdout") == "12.57\n"
    assert result["isError"] is False
    assert descriptions_of(result) == ["stdout"]


def test_cell_shows_the_last_expression(sandbox):
    out = text_of(sandbox.run_ipython_cell("[1, 2] * 2"), "stdout")
    assert out.startswith("Out[")
    assert out.rstrip().endswith(": [1, 2, 1, 2]")


def test_cell_exception(sandbox):
    result = sandbox.run_ipython_cell("def divide(x):\n    return x / 0\n\ndivide(7)")
    # In stdout, as the original has it; there isError is false.
    assert "ZeroDivisionError" in text_of(result, "stdout")
    assert "divide" in text_of(result, "stdout")
    assert result["isError"] is True
    assert result["error"]["name"] == "ZeroDivisionError"
    assert text_of(sandbox.run_ipython_cell("print('still here')"), "stdout") == "still here\n"


def test_cell_syntax_error(sandbox):
    result = sandbox.run_ipython_cell("print('a'")
    assert "SyntaxError" in text_of(result, "stdout")
    assert result["isError"] is True


def test_cell_stderr(sandbox):
    result = sandbox.run_ipython_cell("import sys; print('warned', file=sys.stderr)")
    assert text_of(result, "stdout") == ""
    assert text_of(result, "stderr") == "warned\n"
    assert result["isError"] is True


def test_cell_magics(sandbox):
    assert "/workspace" in text_of(sandbox.run_ipython_cell("%pwd"), "stdout")
    assert "from a shell" in text_of(sandbox.run_ipython_cell("!echo from a shell"), "stdout")
    bash = sandbox.run_ipython_cell("%%bash\necho $((6 * 7))")
    assert text_of(bash, "stdout") == "42\n"


def test_cell_top_level_await(sandbox):
    code = "import asyncio\nawait asyncio.sleep(0)\nprint('waited')"
    assert text_of(sandbox.run_ipython_cell(code), "stdout") == "waited\n"


def test_cell_unicode(sandbox):
    assert text_of(sandbox.run_ipython_cell("print('世界 🧪')"), "stdout") == "世界 🧪\n"


def test_cell_output_of_child_processes(sandbox):
    # The original loses it.
    result = sandbox.run_ipython_cell("import subprocess; _ = subprocess.run(['echo', 'from a child'])")
    assert text_of(result, "stdout") == "from a child\n"


def test_cell_one_megabyte_of_output(sandbox):
    assert text_of(sandbox.run_ipython_cell("print('y' * 1_000_000)"), "stdout") == "y" * 1_000_000 + "\n"


def test_cell_and_shell_share_the_workspace(sandbox):
    sandbox.run_ipython_cell("open('/workspace/shared.txt', 'w').write('from the cell')")
    assert text_of(sandbox.run_shell_command("cat shared.txt"), "stdout") == "from the cell"


def test_call_tool_by_name(sandbox):
    result = sandbox.call_tool("run_shell_command", {"command": "echo by name"})
    assert text_of(result, "stdout") == "by name\n"


def test_check_health_and_status(main, sandbox):
    manager = main.manager()
    assert manager.check_health(identity=sandbox.sandbox_id) is True
    assert manager.get_status(sandbox.sandbox_id) == "running"
    # Straight to the engine: the bare session id is no name there.
    assert manager.get_status("nothing") is None


def test_stop_and_start(main):
    manager = main.manager()
    with main.sandbox() as box:
        box.fs.write("kept.txt", "kept")
        assert manager.stop(box.sandbox_id) is True
        assert manager.get_status(box.sandbox_id) == "exited"
        assert manager.start(box.sandbox_id) is True
        assert box.fs.read("kept.txt") == "kept"
        assert text_of(box.run_shell_command("cat kept.txt"), "stdout") == "kept"


def test_create_with_environment(main):
    manager = main.manager()
    name = manager.create(sandbox_type="base", environment={"GREETING": "moin"})
    with main.sandbox(sandbox_id=name) as box:
        assert text_of(box.run_shell_command("echo $GREETING"), "stdout") == "moin\n"


def test_desktop_url_of_a_subclass(main, sandbox):
    """The image has no desktop; the client makes the address from check_health and get_info alone."""
    from agentscope_runtime.sandbox import GuiSandbox

    gui = GuiSandbox(sandbox_id=sandbox.sandbox_id, base_url=main.url, bearer_token=main.token)
    token = sandbox.get_info()["runtime_token"]
    assert gui.desktop_url == f"{main.url}/desktop/{sandbox.sandbox_id}/vnc/vnc_relay.html?password={token}"
