"""Many at once, on a server that keeps four sandboxes ready."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from tool_results import text_of

COUNT = 16


def test_threads_with_a_sandbox_each(main):
    def work(number):
        with main.sandbox() as box:
            box.run_ipython_cell(f"number = {number}")
            box.fs.write("number.txt", str(number))
            cell = text_of(box.run_ipython_cell("print(number)"), "stdout")
            shell = text_of(box.run_shell_command("cat number.txt"), "stdout")
            return box.sandbox_id, cell.strip(), shell

    with ThreadPoolExecutor(COUNT) as threads:
        results = list(threads.map(work, range(COUNT)))
    assert len({name for name, _, _ in results}) == COUNT
    assert [(cell, shell) for _, cell, shell in results] == [(str(n), str(n)) for n in range(COUNT)]


@pytest.mark.anyio
async def test_gathered_asynchronous_sandboxes(main):
    async def work(number):
        async with main.sandbox_async() as box:
            await box.fs.write_async("number.txt", str(number))
            result = await box.run_shell_command("cat number.txt")
            return box.sandbox_id, text_of(result, "stdout")

    results = await asyncio.gather(*(work(number) for number in range(COUNT)))
    assert len({name for name, _ in results}) == COUNT
    assert [text for _, text in results] == [str(number) for number in range(COUNT)]


def test_threads_on_one_sandbox(sandbox):
    def work(number):
        result = sandbox.run_shell_command(f"sleep 0.2; echo {number}")
        return text_of(result, "stdout").strip()

    with ThreadPoolExecutor(COUNT) as threads:
        assert list(threads.map(work, range(COUNT))) == [str(number) for number in range(COUNT)]


@pytest.mark.anyio
async def test_gathered_calls_on_one_sandbox(sandbox_async):
    async def work(number):
        await sandbox_async.fs.write_async(f"at-once/{number}", str(number))
        cell = await sandbox_async.run_ipython_cell(f"print(open('/workspace/at-once/{number}').read())")
        return text_of(cell, "stdout").strip()

    assert await asyncio.gather(*(work(number) for number in range(COUNT))) == [str(n) for n in range(COUNT)]
