"""Recycled sandboxes come back by themselves, with their files, whatever id they are called by."""

import pytest
from recycled import until_recycled
from sandbox_service import SandboxService
from tool_results import text_of


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
