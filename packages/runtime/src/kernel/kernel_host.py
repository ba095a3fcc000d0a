"""Hosts one long-lived IPython shell for the runtime.

Requests come as JSON lines on descriptor 3 and answers leave as JSON lines on descriptor 4, so that descriptors 0, 1 and 2
belong to the user's code and its child processes alone. After each cell a marker chosen by the runtime is written to 1 and 2:
what precedes it is the output of that cell.
"""

import json
import os
import signal
import sys
import tempfile

REQUESTS = 3
ANSWERS = 4


def send(message):
    os.write(ANSWERS, (json.dumps(message) + "\n").encode())


def make_shell():
    os.environ.setdefault("IPYTHONDIR", tempfile.mkdtemp(prefix="ipython-"))
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Shell(InteractiveShell):
        def ask_exit(self):
            print("The Python session of a sandbox cannot be left; it ends with the sandbox.", file=sys.stderr)

    config = Config()
    config.HistoryManager.enabled = False
    return Shell.instance(config=config)


def describe(error):
    if error is None:
        return None
    return {"name": type(error).__name__, "message": str(error)[:2000]}


def run(shell, code):
    result = shell.run_cell(code, store_history=True)
    return describe(result.error_before_exec or result.error_in_exec)


def end_of_output(marker):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # The cell may have closed or replaced its streams.
            pass
    for descriptor in (1, 2):
        try:
            os.write(descriptor, marker)
        except OSError:
            pass


def main():
    for descriptor in (REQUESTS, ANSWERS):
        os.set_inheritable(descriptor, False)
    running = False

    def on_interrupt(_number, _frame):
        # Ignored between cells. A handler and not SIG_IGN, which child processes would inherit.
        if running:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, on_interrupt)
    sys.argv = [""]
    sys.path[0] = ""
    try:
        shell = make_shell()
    except ModuleNotFoundError as error:
        send({"type": "failed", "detail": f"{error}; install it with: {sys.executable} -m pip install ipython"})
        return
    send({"type": "ready"})
    with os.fdopen(REQUESTS, encoding="utf-8") as requests:
        for line in requests:
            request = json.loads(line)
            try:
                running = True
                error = run(shell, request["code"])
                running = False
            except KeyboardInterrupt as interrupt:
                running = False
                error = describe(interrupt)
            end_of_output(request["marker"].encode())
            send({"type": "done", "id": request["id"], "error": error})


main()
