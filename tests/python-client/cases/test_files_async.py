"""sandbox.fs of the asynchronous client: every method."""

import hashlib
import io
import os

import httpx
import pytest
from tool_results import text_of

pytestmark = pytest.mark.anyio


def paths_of(entries):
    return sorted(entry["path"] for entry in entries)


async def test_text_and_bytes(sandbox_async):
    fs = sandbox_async.fs
    assert (await fs.write_async("a.txt", "grüße\r\n"))["size"] == 9
    assert await fs.read_async("a.txt") == "grüße\r\n"
    assert await fs.read_async("a.txt", fmt="bytes") == "grüße\r\n".encode()
    await fs.write_async("b.bin", bytearray(range(256)))
    assert await fs.read_async("b.bin", fmt="bytes") == bytes(range(256))


async def test_stream(sandbox_async):
    data = os.urandom(3_000_001)
    await sandbox_async.fs.write_async("stream.bin", data)
    stream = await sandbox_async.fs.read_async("stream.bin", fmt="stream")
    assert b"".join([chunk async for chunk in stream]) == data


async def test_file_object(sandbox_async):
    # Sent in chunks of unknown number.
    data = os.urandom(2_500_000)
    assert (await sandbox_async.fs.write_async("object.bin", io.BytesIO(data)))["size"] == 2_500_000
    assert await sandbox_async.fs.read_async("object.bin", fmt="bytes") == data


async def test_write_from_path(sandbox_async, tmp_path):
    (tmp_path / "local").write_text("local")
    entry = await sandbox_async.fs.write_from_path_async("deep/remote", str(tmp_path / "local"))
    assert entry["path"] == "/workspace/deep/remote"
    assert await sandbox_async.fs.read_async("deep/remote") == "local"


async def test_write_many(sandbox_async):
    entries = await sandbox_async.fs.write_many_async(
        [
            {"path": "many/grüße.txt", "data": "text"},
            {"path": "many/sub/b.bin", "data": b"\r\n--\x00\xff", "content_type": "application/x-thing"},
            {"path": "many/c", "data": io.StringIO("an object")},
        ],
    )
    assert [entry["path"] for entry in entries] == [
        "/workspace/many/grüße.txt",
        "/workspace/many/sub/b.bin",
        "/workspace/many/c",
    ]
    assert await sandbox_async.fs.read_async("many/grüße.txt") == "text"
    assert await sandbox_async.fs.read_async("many/sub/b.bin", fmt="bytes") == b"\r\n--\x00\xff"
    assert await sandbox_async.fs.read_async("many/c") == "an object"


async def test_list(sandbox_async):
    await sandbox_async.fs.write_async("tree/one/two/deep.txt", "1")
    assert paths_of(await sandbox_async.fs.list_async("tree")) == ["/workspace/tree/one"]
    assert len(await sandbox_async.fs.list_async("tree", depth=3)) == 3


async def test_list_without_depth(sandbox_async):
    # The client sends an empty `depth`, which the original refuses with 422 where its synchronous client gets depth 1.
    await sandbox_async.fs.write_async("none/one/two.txt", "1")
    assert paths_of(await sandbox_async.fs.list_async("none", depth=None)) == ["/workspace/none/one"]


async def test_exists_mkdir_move_remove(sandbox_async):
    fs = sandbox_async.fs
    assert await fs.mkdir_async("made/deep") is True
    assert await fs.mkdir_async("made/deep") is False
    await fs.write_async("made/file", "1")
    assert (await fs.move_async("made/file", "made/deep/moved"))["path"] == "/workspace/made/deep/moved"
    assert await fs.exists_async("made/deep/moved") is True
    assert await fs.exists_async("made/file") is False
    assert await fs.remove_async("made") is None
    assert await fs.exists_async("made") is False


async def test_fifty_megabytes_up_and_down(sandbox_async, tmp_path):
    data = os.urandom(1 << 20) * 50
    sent = hashlib.sha256(data).hexdigest()
    (tmp_path / "big.bin").write_bytes(data)
    entry = await sandbox_async.fs.write_from_path_async("big.bin", str(tmp_path / "big.bin"))
    assert entry["size"] == 50 << 20
    inside = text_of(await sandbox_async.run_shell_command("sha256sum < big.bin"), "stdout").split()[0]
    assert inside == sent
    received = hashlib.sha256()
    async for chunk in await sandbox_async.fs.read_async("big.bin", fmt="stream"):
        received.update(chunk)
    assert received.hexdigest() == sent
    await sandbox_async.fs.remove_async("big.bin")


async def test_errors(sandbox_async):
    async def status_of(call):
        with pytest.raises(httpx.HTTPStatusError) as caught:
            await call
        return caught.value.response.status_code

    fs = sandbox_async.fs
    assert await status_of(fs.read_async("nothing")) == 404
    assert await status_of(fs.read_async("/etc/passwd")) == 403
    assert await status_of(fs.write_async("../x", "x")) == 403
    assert await status_of(fs.move_async("nothing", "else")) == 404
    await fs.mkdir_async("folder")
    assert await status_of(fs.write_async("folder", "x")) == 409

    async def all_of(stream):
        return [chunk async for chunk in await stream]

    assert await status_of(all_of(fs.read_async("nothing", fmt="stream"))) == 404
