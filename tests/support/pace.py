"""How a run goes, told while it goes: failures at once, and an end in time on a machine that is too slow.

``--within MINUTES``: what hasn't begun by then doesn't run, and the end of the run says which files that were. On a
machine as it should be all runs in a fraction of that.
"""

import os
import time
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

_BEGAN: Final = "TEST_RUN_BEGAN"  # when, for the workers: seconds since 1970
_LONG: Final = ("test_steps", "test_storm", "test_recovery", "test_history")  # of those that come last
_LATE: Final = "not run: the time given is over"
_late: Final[Counter[str]] = Counter()  # files by how many of their tests did not run


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--within``."""
    parser.addoption("--within", type=float, metavar="MINUTES", help="begin no test later than that; none: no limit")


def pytest_configure(config: pytest.Config) -> None:
    """The time begins."""
    if not hasattr(config, "workerinput"):
        os.environ[_BEGAN] = str(time.time())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is quick and tells much comes first, then what needs Kafka, then what kills processes again and again.

    Of this, what takes longest begins first, so that no worker is left alone with it.
    """
    wanting = {"servers", "process_servers"}
    with_kafka = {item.path for item in items if wanting & set(getattr(item, "fixturenames", ()))}

    def turn(item: pytest.Item) -> tuple[bool, bool, bool]:
        fault = "faults" in item.path.parts
        return item.path in with_kafka, fault, fault and item.path.stem not in _LONG

    items.sort(key=turn)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Nothing begins after the end."""
    within: float | None = item.config.getoption("within")
    if within is not None and time.time() > float(os.environ[_BEGAN]) + within * 60:
        pytest.skip(_LATE)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what came too late; in a run by several workers, print what failed."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    if report.skipped and _LATE in report.longreprtext:
        _late[Path(report.location[0]).as_posix()] += 1
    if report.failed:
        # For whoever watches the run: pytest tells it at the end, and a run may be cut off before.
        said = "\n".join(f"{title}:\n{text[-2000:]}" for title, text in report.sections)
        told = f"\n{time.strftime('%H:%M:%S')} {report.nodeid} ({report.when})\n{report.longreprtext[-4000:]}\n{said}"
        print(told)  # noqa: T201


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what did not run."""
    if _late:
        terminalreporter.section("NOT RUN", yellow=True, bold=True)
        minutes = config.getoption("within")
        told = f"{_late.total()} tests did not begin within {minutes:g} minutes: this machine is too slow."
        terminalreporter.line(told)
        for file, tests in sorted(_late.items()):
            terminalreporter.line(f"  {file}: {tests}")
        terminalreporter.line("Run these by name, or all without a limit: make test WITHIN=")
