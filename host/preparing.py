"""All that must be settled before torch and Gradio are imported, in one call."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from .environment import mend_encryption, mend_proxies
from .folders import can_be_written, clear_at_the_end, home, own_folder
from .log import spare_words


def prepare() -> list[str]:
    """Mend this process's environment and give it a temporary folder of its own, removed at its end.

    Answers with a sentence for everything that the machine does not give, and the program therefore does without;
    OSError, one sentence, where not even a temporary folder can be had: Gradio does not start without one.
    """
    try:
        os.getcwd()
    except OSError:  # the folder is gone: libraries of torch's are not found from nowhere
        os.chdir(os.sep)
    os.environ.setdefault("PATH", os.defpath)  # a library looks for programs there, and trips where there is none
    changes, sentences = mend_proxies(os.environ)
    further, more = mend_encryption(os.environ)
    changes, sentences = changes | further, sentences + more
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    folder = own_folder()
    if folder is None:
        raise OSError("No temporary folder can be written here, or all are full: name one in TMPDIR.")
    clear_at_the_end(folder)
    tempfile.tempdir = str(folder)
    os.environ["TMPDIR"] = str(folder)
    given = os.environ.setdefault("GRADIO_TEMP_DIR", str(folder / "uploads"))
    if not can_be_written(Path(given)):
        os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
        sentences.append("GRADIO_TEMP_DIR names no folder that can be written: uploads lie in a temporary one.")
    if home() is None:
        os.environ["HOME"] = str(folder)  # other libraries would make a folder called "~"
        sentences.append("No home folder can be written: models that are opened are forgotten at the end.")
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    spare_words("", "uvicorn.error")  # the server's goes to a handler of its own
    for chatty in ("httpx", "httpcore", "huggingface_hub"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # they would name what is fetched
    return sentences
