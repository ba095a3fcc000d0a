"""Pytest plugin: tells the parent process, on the file descriptor REPORT_FD, one JSON object a line, what happens.

{"case": id} for each case that was found; later {"case": id, "passed": bool, "seconds": n, "report": text} for each
that ran. A case that did not run to its end, its fixtures included, did not pass; neither did one that was skipped.
"""

import json
import os


class Reporter:
    def __init__(self, stream):
        self.stream = stream
        self.seconds = 0.0
        self.failures = []

    def tell(self, **facts):
        self.stream.write(json.dumps(facts) + "\n")
        self.stream.flush()

    def pytest_collection_finish(self, session):
        for item in session.items:
            self.tell(case=item.nodeid)

    def pytest_runtest_logreport(self, report):
        self.seconds += report.duration
        if report.outcome != "passed":
            self.failures.append(f"{report.when} {report.outcome}\n{report.longreprtext or report.longrepr}")
        if report.when == "teardown":
            failures, seconds = self.failures, self.seconds
            self.failures, self.seconds = [], 0.0
            self.tell(case=report.nodeid, passed=not failures, seconds=seconds, report="\n".join(failures))


def pytest_configure(config):
    stream = os.fdopen(int(os.environ["REPORT_FD"]), "w", encoding="utf-8")
    config.pluginmanager.register(Reporter(stream), "reporter")
