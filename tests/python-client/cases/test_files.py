"""sandbox.fs: every method of the synchronous client."""

import hashlib
import io
import os

import pytest
import requests
from tool_results import text_of


def paths_of(entries):
    return sorted(entry["path"] for entry in entries)


def test_text(sandbox):
    entry = sandbox.fs.write("text/a.txt", "grüße\r\nмир 🧪\n")
    assert entry["path"] == "/workspace/text/a.txt"
    assert (entry["name"], entry["type"], entry["size"]) == ("a.txt", "file", 21)
    assert isinstance(entry["mtime_ms"], int)
    assert sandbox.fs.read("text/a.txt") == "grüße\r\nмир 🧪\n"
    assert sandbox.fs.read("/workspace/text/a.txt", fmt="text") == "grüße\r\nмир 🧪\n"


def test_empty_file(sandbox):
    assert sandbox.fs.write("empty", "")["size"] == 0
    assert sandbox.fs.read("empty") == ""
    assert sandbox.fs.read("empty", fmt="bytes") == b""
    assert list(sandbox.fs.read("empty", fmt="stream")) == []


def test_bytes(sandbox):
    data = bytes(range(256)) * 3
    assert sandbox.fs.write("bytes.bin", data)["size"] == 768
    assert sandbox.fs.read("bytes.bin", fmt="bytes") == data
    sandbox.fs.write("bytes.bin", bytearray(b"shorter"), content_type="application/x-thing")
    assert sandbox.fs.read("bytes.bin", fmt="bytes") == b"shorter"


def test_stream(sandbox):
    data = os.urandom(3_000_001)
    sandbox.fs.write("stream.bin", data)
    chunks = list(sandbox.fs.read("stream.bin", fmt="stream", chunk_size=100_000))
    assert len(chunks) >= 31
    assert b"".join(chunks) == data


def test_file_object(sandbox, tmp_path):
    (tmp_path / "local").write_bytes(b"from a file")
    with open(tmp_path / "local", "rb") as file:
        assert sandbox.fs.write("object.bin", file)["size"] == 11
    assert sandbox.fs.read("object.bin", fmt="bytes") == b"from a file"
    sandbox.fs.write("object.bin", io.BytesIO(b"from memory"))
    assert sandbox.fs.read("object.bin", fmt="bytes") == b"from memory"


def test_chunked_body(sandbox):
    chunks = iter([b"one ", b"two ", b"three"])
    assert sandbox.fs.write("chunks.bin", chunks)["size"] == 13
    assert sandbox.fs.read("chunks.bin") == "one two three"


def test_write_from_path(sandbox, tmp_path):
    data = os.urandom(100_000)
    (tmp_path / "local.bin").write_bytes(data)
    entry = sandbox.fs.write_from_path("deep/er/remote.bin", str(tmp_path / "local.bin"), content_type="image/png")
    assert (entry["path"], entry["size"]) == ("/workspace/deep/er/remote.bin", 100_000)
    assert sandbox.fs.read("deep/er/remote.bin", fmt="bytes") == data


def test_write_many(sandbox):
    entries = sandbox.fs.write_many(
        [
            {"path": "many/a.txt", "data": "grüße"},
            {"path": "many/sub/b.bin", "data": b"\x00\xff", "content_type": "application/x-thing"},
            {"path": "many/sub/a.txt", "data": io.BytesIO(b"an object")},
        ],
    )
    assert [(entry["path"], entry["size"]) for entry in entries] == [
        ("/workspace/many/a.txt", 7),
        ("/workspace/many/sub/b.bin", 2),
        ("/workspace/many/sub/a.txt", 9),
    ]
    assert sandbox.fs.read("many/a.txt") == "grüße"
    assert sandbox.fs.read("many/sub/b.bin", fmt="bytes") == b"\x00\xff"
    assert sandbox.fs.read("many/sub/a.txt") == "an object"


def test_write_many_with_unusual_names(sandbox):
    names = ["names/with blank.txt", "names/grüße 世界.txt", 'names/quo"te.txt', "names/per%20cent.txt"]
    sandbox.fs.write_many([{"path": name, "data": name} for name in names])
    for name in names:
        assert sandbox.fs.read(name) == name
    assert paths_of(sandbox.fs.list("names")) == sorted(f"/workspace/{name}" for name in names)


def test_a_hundred_files_at_once(sandbox):
    entries = sandbox.fs.write_many([{"path": f"hundred/{i}.txt", "data": str(i)} for i in range(100)])
    assert len(entries) == 100
    assert len(sandbox.fs.list("hundred")) == 100


def test_list(sandbox):
    sandbox.fs.write("tree/top.txt", "1")
    sandbox.fs.write("tree/one/two/three/deep.txt", "1234")
    first = sandbox.fs.list("tree")
    assert paths_of(first) == ["/workspace/tree/one", "/workspace/tree/top.txt"]
    assert {entry["name"]: (entry["type"], entry["size"]) for entry in first} == {
        "one": ("dir", None),
        "top.txt": ("file", 1),
    }
    assert len(sandbox.fs.list("tree", depth=2)) == 3
    assert paths_of(sandbox.fs.list("tree", depth=10)) == [
        "/workspace/tree/one",
        "/workspace/tree/one/two",
        "/workspace/tree/one/two/three",
        "/workspace/tree/one/two/three/deep.txt",
        "/workspace/tree/top.txt",
    ]
    # Left out of the request: the default of the other side.
    assert sandbox.fs.list("tree", depth=None) == first


def test_list_of_the_workspace_itself(sandbox):
    sandbox.fs.write("in-the-root.txt", "1")
    for path in [".", "/workspace", "", "/workspace/"]:
        assert "/workspace/in-the-root.txt" in paths_of(sandbox.fs.list(path))


def test_exists(sandbox):
    sandbox.fs.write("there/file", "1")
    assert sandbox.fs.exists("there/file") is True
    assert sandbox.fs.exists("/workspace/there") is True
    assert sandbox.fs.exists("there/not") is False


def test_remove(sandbox):
    sandbox.fs.write("gone/deep/file", "1")
    sandbox.fs.write("gone-file", "1")
    assert sandbox.fs.remove("gone-file") is None
    assert sandbox.fs.remove("gone") is None
    assert sandbox.fs.exists("gone") is False
    assert sandbox.fs.exists("gone-file") is False
    # What is not there is removed already.
    assert sandbox.fs.remove("gone") is None


def test_move(sandbox):
    sandbox.fs.write("from/a", "moved")
    sandbox.fs.write("to/old", "old")
    entry = sandbox.fs.move("from/a", "to/new/b")
    assert (entry["path"], entry["type"], entry["size"]) == ("/workspace/to/new/b", "file", 5)
    assert sandbox.fs.exists("from/a") is False
    sandbox.fs.move("to/new/b", "to/old")
    assert sandbox.fs.read("to/old") == "moved"
    sandbox.fs.move("to", "elsewhere")
    assert sandbox.fs.read("elsewhere/old") == "moved"


def test_mkdir(sandbox):
    assert sandbox.fs.mkdir("made/in/depth") is True
    assert sandbox.fs.mkdir("made/in/depth") is False
    assert sandbox.fs.list("made/in/depth") == []


def test_files_and_shell_are_one_workspace(sandbox):
    sandbox.fs.write("script.sh", "echo from the script")
    assert text_of(sandbox.run_shell_command("sh script.sh"), "stdout") == "from the script\n"
    sandbox.run_shell_command("mkdir -p made && echo by the shell > made/by-shell.txt")
    assert sandbox.fs.read("made/by-shell.txt") == "by the shell\n"


def test_fifty_megabytes_up_and_down(sandbox, tmp_path):
    block = os.urandom(1 << 20)
    sent = hashlib.sha256()
    with open(tmp_path / "big.bin", "wb") as file:
        for number in range(50):
            piece = bytes([number]) + block[1:]
            sent.update(piece)
            file.write(piece)
    assert sandbox.fs.write_from_path("big.bin", str(tmp_path / "big.bin"))["size"] == 50 << 20
    inside = text_of(sandbox.run_shell_command("sha256sum < big.bin"), "stdout").split()[0]
    assert inside == sent.hexdigest()
    received, size = hashlib.sha256(), 0
    for chunk in sandbox.fs.read("big.bin", fmt="stream"):
        received.update(chunk)
        size += len(chunk)
    assert size == 50 << 20
    assert received.hexdigest() == sent.hexdigest()
    sandbox.fs.remove("big.bin")


def status_of(call, *arguments, **options):
    """fs raises what the status says; other methods of the client return a text."""
    with pytest.raises(requests.HTTPError) as caught:
        call(*arguments, **options)
    response = caught.value.response
    return response.status_code, response.json()["detail"]


def test_what_is_not_there(sandbox):
    assert status_of(sandbox.fs.read, "nothing") == (404, "not found")
    assert status_of(sandbox.fs.read, "nothing", fmt="stream") == (404, "not found")
    assert status_of(sandbox.fs.list, "nothing")[0] == 404
    assert status_of(sandbox.fs.move, "nothing", "else") == (404, "source not found")


def test_directories_in_the_way(sandbox):
    sandbox.fs.write("way/file", "1")
    assert status_of(sandbox.fs.read, "way")[0] == 404
    assert status_of(sandbox.fs.write, "way", "1") == (409, "path exists and is a directory")
    assert status_of(sandbox.fs.mkdir, "way/file") == (409, "path exists and is not a directory")
    assert status_of(sandbox.fs.write_many, [{"path": "way", "data": "1"}])[0] == 409
    assert status_of(sandbox.fs.list, "way/file")[0] == 404


def test_paths_out_of_the_workspace(sandbox):
    refused = (403, "Permission error. Access restricted to /workspace directory.")
    sandbox.run_shell_command("ln -sfn /etc out")
    for path in ["/etc/passwd", "../etc/passwd", "/workspace-evil/x", "out/passwd"]:
        assert status_of(sandbox.fs.read, path) == refused, path
        assert status_of(sandbox.fs.write, path, "x") == refused, path
        assert status_of(sandbox.fs.remove, path) == refused, path
        assert status_of(sandbox.fs.move, path, "here") == refused, path
        assert status_of(sandbox.fs.exists, path) == refused, path


def test_depth_that_makes_no_sense(sandbox):
    assert status_of(sandbox.fs.list, ".", depth=0)[0] == 422
    assert status_of(sandbox.fs.list, ".", depth="deep")[0] == 422


def test_before_the_start(main):
    box = main.sandbox()
    assert box.fs is None
