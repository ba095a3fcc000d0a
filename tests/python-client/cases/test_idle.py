"""Sessions that are idle for longer than HEARTBEAT_TIMEOUT (2 s here) lose their sandboxes and get them back by themselves."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sandbox_service import SandboxService
from tool_results import text_of

WAIT_SECONDS = 20


def until_recycled(manager, name):
    """Until nothing is left of it. get_info is no activity, so looking does not keep a session alive."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (info := manager.get_info(name))["recycled_at"] is None:
        assert time.monotonic() < deadline, info
        time.sleep(0.1)
    return info


def keep_using(seconds, use):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        use()
        time.sleep(0.3)


def test_restored_through_its_old_id_with_its_files(idle):
    with idle.sandbox() as box:
        box.fs.write("kept/notes.txt", "before")
        box.run_shell_command("echo made inside > made.txt; chmod 640 made.txt")
        session_ctx_id = box.get_info()["session_ctx_id"]
        old = until_recycled(idle.manager(), box.sandbox_id)
        assert old["state"] == "recycled"
        assert old["recycle_reason"] == "heartbeat_timeout"

        assert text_of(box.run_shell_command("cat kept/notes.txt made.txt; stat -c %a made.txt"), "stdout") == (
            "beforemade inside\n640\n"
        )
        info = box.get_info()
        # The old id leads to the new sandbox.
        assert info["container_name"] != box.sandbox_id
        assert info["state"] == "running"
        assert info["session_ctx_id"] == session_ctx_id
        assert info["meta"]["session_ctx_id"] == session_ctx_id
        assert idle.manager().get_session_mapping(session_ctx_id) == [info["container_name"]]
        assert box.fs.read("kept/notes.txt") == "before"
    # Released through the old id: the new one is gone.
    assert idle.manager().get_info(info["container_name"])["state"] == "released"
    assert idle.manager().get_session_mapping(session_ctx_id) == []


@pytest.mark.anyio
async def test_restored_by_the_asynchronous_client(idle):
    async with idle.sandbox_async() as box:
        await box.fs.write_async("kept.txt", "before")
        await box.run_ipython_cell("lost = 1")
        until_recycled(idle.manager(), box.sandbox_id)
        assert text_of(await box.run_ipython_cell("print(open('kept.txt').read())"), "stdout") == "before\n"
        # A new interpreter: variables are not kept.
        assert "NameError" in text_of(await box.run_ipython_cell("print(lost)"), "stdout")
        info = await box.get_info_async()
        assert info["container_name"] != box.sandbox_id
        assert await box.fs.read_async("kept.txt") == "before"


def test_restored_by_a_file_call(idle):
    # The original answers 404: its proxy neither touches nor restores.
    with idle.sandbox() as box:
        box.fs.write("kept.txt", "before")
        until_recycled(idle.manager(), box.sandbox_id)
        assert box.fs.read("kept.txt") == "before"
        assert box.get_info()["container_name"] != box.sandbox_id


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


def test_two_sandboxes_of_a_session_go_and_come_together(idle):
    manager = idle.manager()
    names = [manager.create_from_pool(sandbox_type="base", meta={"session_ctx_id": "pair"}) for _ in range(2)]
    boxes = [idle.sandbox(sandbox_id=name).start() for name in names]
    for box in boxes:
        box.fs.write("name.txt", box.sandbox_id)
    for name in names:
        until_recycled(manager, name)
    # Using one brings both back, each with its own files.
    assert text_of(boxes[0].run_shell_command("cat name.txt"), "stdout") == names[0]
    assert boxes[1].fs.read("name.txt") == names[1]
    mapping = manager.get_session_mapping("pair")
    assert sorted(mapping) == sorted(box.get_info()["container_name"] for box in boxes)
    assert not set(mapping) & set(names)
    for box in boxes:
        box.close()
    assert manager.get_session_mapping("pair") == []


def test_service_connects_to_a_recycled_session(idle):
    service = SandboxService(base_url=idle.url, bearer_token=idle.token)
    service.manager_api = idle.manager()
    (box,) = service.connect("service")
    box.start().fs.write("kept.txt", "before")
    until_recycled(idle.manager(), box.sandbox_id)
    (again,) = service.connect("service")
    assert text_of(again.run_shell_command("cat kept.txt"), "stdout") == "before"
    assert service.release("service") is True


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
