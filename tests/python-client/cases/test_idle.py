"""Sessions that are idle for longer than HEARTBEAT_TIMEOUT (2 s here) lose their sandboxes; others do not."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from recycled import until_recycled
from tool_results import text_of


def keep_using(seconds, use):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        use()
        time.sleep(0.3)


def is_still_there(server, activity):
    """Whether a sandbox outlives twice its time limit, given what a client does meanwhile."""
    with server.sandbox() as box:
        activity(box)
        info = server.manager().get_info(box.sandbox_id)
        return info["container_name"] == box.sandbox_id and info["state"] == "running"


@pytest.fixture(scope="module")
def outlives(idle):
    """What keeps a session alive, each with a sandbox of its own; all at once, as each takes its time."""
    activities = {
        "calls": lambda box: keep_using(4, lambda: box.run_shell_command("true")),
        "file calls": lambda box: keep_using(4, lambda: box.fs.exists("x")),
        "a running call": lambda box: box.run_shell_command("sleep 4"),
        "a running transfer": lambda box: box.fs.write("slow", slow_bytes(4)),
        "get_info": lambda box: keep_using(4, box.get_info),
    }
    with ThreadPoolExecutor(len(activities)) as threads:
        results = {name: threads.submit(is_still_there, idle, activity) for name, activity in activities.items()}
    return lambda name: results[name].result()


def slow_bytes(seconds):
    for _ in range(seconds * 4):
        time.sleep(0.25)
        yield b"x" * 1000


def test_calls_keep_a_session_alive(outlives):
    assert outlives("calls")


def test_file_calls_keep_a_session_alive(outlives):
    assert outlives("file calls")


def test_a_running_call_keeps_a_session_alive(outlives):
    assert outlives("a running call")


def test_a_running_transfer_keeps_a_session_alive(outlives):
    assert outlives("a running transfer")


def test_looking_does_not_keep_a_session_alive(outlives):
    assert not outlives("get_info")


def test_a_sandbox_without_session_is_not_idle(idle):
    manager = idle.manager()
    name = manager.create_from_pool(sandbox_type="base")
    with idle.sandbox() as box:
        # Created later, and gone already.
        until_recycled(manager, box.sandbox_id)
    assert manager.get_status(name) == "running"
    assert manager.release(name) is True


def test_oldest_id_after_several_restores(idle):
    manager = idle.manager()
    with idle.sandbox() as box:
        names = [box.sandbox_id]
        for number in range(3):
            until_recycled(manager, names[-1])
            assert text_of(box.run_shell_command(f"echo {number} >> log; wc -l < log"), "stdout").strip() == str(
                number + 1,
            )
            names.append(box.get_info()["container_name"])
        assert len(set(names)) == 4
        # Each of the ids leads to the last one.
        for name in names:
            assert manager.get_info(name)["container_name"] == names[-1]
            other = idle.sandbox(sandbox_id=name).start()
            assert text_of(other.run_shell_command("cat log"), "stdout") == "0\n1\n2\n"
            assert other.fs.read("log") == "0\n1\n2\n"
            assert other.list_tools()["generic"]
