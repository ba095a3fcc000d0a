"""Hosts one long-lived IPython shell for the runtime.

Requests come as JSON lines on descriptor 3 and answers leave as JSON lines on descriptor 4, so that descriptors 0, 1 and 2
belong to the user's code and its child processes alone. After each cell a marker chosen by the runtime is written to the
streams behind 1 and 2: what precedes it is the output of that cell.

Nothing that a cell does to its own process, short of ending it, may end this loop: errors while telling an error, closed or
replaced streams, a fork that returns from the cell, a changed handler of SIGINT.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys


def move_up(descriptor):
    """Duplicates a descriptor to where code that closes or reuses low ones does not come by."""
    for lowest in (600, 60, 10):
        try:
            return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, lowest)
        except OSError:  # Beyond the limit of open files.
            continue
    raise OSError("no descriptor is left")


class Interrupts:
    """SIGINT interrupts a cell and is ignored between cells. A handler and not SIG_IGN, which child processes would inherit."""

    armed = False

    def install(self):
        signal.signal(signal.SIGINT, self.handle)

    def handle(self, _number, _frame):
        if self.armed:
            raise KeyboardInterrupt


class Streams:
    """Descriptors 1 and 2 and the Python streams on them, as they were before the first cell."""

    def __init__(self):
        self.kept = {descriptor: move_up(descriptor) for descriptor in (1, 2)}
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")

    def restore(self):
        for descriptor, kept in self.kept.items():
            os.dup2(kept, descriptor)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            stream = getattr(sys, name, None)
            if stream is None or getattr(stream, "closed", False):
                stream = open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)
                setattr(sys, name, stream)

    def flush(self):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # The cell may have closed or replaced it.
                pass

    def end_with(self, marker):
        self.flush()
        for kept in self.kept.values():
            os.write(kept, marker)


def make_shell(folder):
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Shell(InteractiveShell):
        # IPython 9 would keep all that is ever printed, for the notebooks that `%notebook` writes: a session is to live for long.
        def _tee(self, channel):
            return contextlib.nullcontext()

        def ask_exit(self):
            print("The Python session of a sandbox cannot be left; it ends with the sandbox.", file=sys.stderr)

    config = Config()
    config.HistoryManager.enabled = False
    return Shell.instance(config=config, ipython_dir=folder)


def forget_outputs(shell):
    """Of what a cell showed IPython also keeps the text. `Out` and `_` keep the values, `%history -o` has the texts that are short."""
    history = shell.history_manager
    with contextlib.suppress(Exception):  # Another version of IPython, or the cell changed it.
        history.outputs.clear()
        history.exceptions.clear()
        if len(history.output_hist_reprs.get(shell.execution_count - 1, "")) > 10_000:
            del history.output_hist_reprs[shell.execution_count - 1]


def describe(error):
    if error is None:
        return None
    try:
        message = str(error)[:2000]
    except BaseException:  # It cannot even say what it is.
        message = ""
    return {"name": type(error).__name__[:200], "message": message}


def run(shell, interrupts, code):
    try:
        interrupts.armed = True
        result = shell.run_cell(code, store_history=True)
        interrupts.armed = False
        return result.error_before_exec or result.error_in_exec
    except BaseException as error:  # What IPython did not catch.
        interrupts.armed = False
        return error


def serve(shell, requests, answers, streams):
    interrupts = Interrupts()
    interrupts.install()
    owner = os.getpid()
    os.write(answers, b'{"type":"ready"}\n')
    for line in requests:
        request = json.loads(line)
        streams.restore()
        interrupts.install()
        error = run(shell, interrupts, request["code"])
        if os.getpid() != owner:  # A fork that the cell let return: the session has one process.
            streams.flush()
            os._exit(0 if error is None else 1)
        forget_outputs(shell)
        streams.end_with(request["marker"].encode())
        answer = {"type": "done", "id": request["id"], "error": describe(error)}
        os.write(answers, (json.dumps(answer) + "\n").encode())


def main(folder):
    requests, answers = move_up(3), move_up(4)
    os.close(3)
    os.close(4)
    sys.argv = [""]
    sys.path[0] = ""
    try:
        shell = make_shell(folder)
    except ImportError as error:
        detail = f"{error}; install it with: {sys.executable} -m pip install ipython"
        os.write(answers, (json.dumps({"type": "failed", "detail": detail}) + "\n").encode())
        return
    with os.fdopen(requests, encoding="utf-8") as lines:
        serve(shell, lines, answers, Streams())
    # The runtime is gone, and did not see to it.
    shutil.rmtree(folder, ignore_errors=True)


main(sys.argv[1])
