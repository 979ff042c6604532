"""How much a foreign file may ask for. Honest files stay well below; a hostile one is stopped before it costs much."""

from __future__ import annotations

from dataclasses import dataclass

MAX_FILE = 4 << 30  # bytes; the largest known generators (StyleGAN-XL with its discriminators) stay under it
MAX_OPS = 400_000  # pickle instructions, nested ones included, about a second; NVIDIA's files have some 25,000
MAX_NODES = 1_000_000  # values in the whole tree, counted as often as they are met: no exponential sharing
MAX_DEPTH = 100  # values inside one another; a StyleGAN3 is 20 deep
MAX_TEXT = 64 << 20  # bytes of one text (old protocols write bytes as text)
MAX_LINE = 1 << 16  # bytes of one line in the text protocols
MAX_INT = 32  # bytes of one whole number; torch's magic number has 10
MAX_DIMENSIONS = 8  # of a tensor
MAX_ENTRIES = 65_535  # files in a zip archive; torch writes one a storage
MAX_DIRECTORY = 16 << 20  # bytes of a zip archive's directory, or of a safetensors header
SLACK = 1 << 20  # bytes that every budget grants on top of the file's size: small constants expanded, tiny files


class MalformedError(Exception):
    """A file that is not what it claims to be: the reason, as a clause that ends a sentence."""


class UnknownNameError(MalformedError):
    """A name in the file that no format needs."""

    def __init__(self, module: str, name: str) -> None:
        self.dotted = "".join(c if c.isprintable() else "?" for c in f"{module}.{name}")[:100]
        super().__init__(f"it names {self.dotted}")


@dataclass
class Budget:
    """What one file may still use; nested files share their parent's."""

    size: int  # of the file, in bytes
    ops: int = MAX_OPS
    copied: int = 0  # bytes copied out of the file
    viewed: int = 0  # bytes that all tensors together would take, were each copied

    def copy(self, count: int) -> None:
        """Account for bytes copied: each part of a file is worth being copied once."""
        self.copied += count
        if self.copied > self.size + SLACK:
            raise MalformedError("its tensors and texts claim more than the whole file holds")

    def view(self, count: int) -> None:
        """Account for a tensor over bytes that are there already; weights may be tied, but not without end."""
        self.viewed += count
        if self.viewed > 4 * (self.size + SLACK):
            raise MalformedError("its tensors claim far more than the whole file holds")
