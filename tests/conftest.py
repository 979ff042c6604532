"""What every test shares: the environment that torch and Gradio read at import, and the Chromium to drive."""

import gc
import os
import shutil
import signal

import pytest

# Before anything imports torch, NumPy or Gradio, which read these once.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
if "PYTEST_XDIST_WORKER" in os.environ:  # each of several processes has one core: more threads would only wait
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that runs the tests in the background has Ctrl+C ignored, also by the programs that they end with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection() -> None:
    """Nothing is looked for to let go of while tests are collected: that took as long again as collecting them."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What is there by now stays to the end, and need not be looked through again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the system's Chromium; without one the test skips, or fails where ATELIER_REQUIRE_BROWSER=1 (in CI)."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found:
        return found
    if os.environ.get("ATELIER_REQUIRE_BROWSER") == "1":
        pytest.fail("ATELIER_REQUIRE_BROWSER=1, but none of " + ", ".join(CHROMIUM_NAMES) + " is on the PATH.")
    pytest.skip("needs Chromium: none of " + ", ".join(CHROMIUM_NAMES) + " is on the PATH.")
