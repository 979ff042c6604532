"""Bytes of a file, where they lie: read when they are needed and straight to where they belong."""

from __future__ import annotations

import os
import struct

from .limits import MalformedError

CHUNK = 1 << 16
AT_ONCE = 1 << 30  # Linux reads at most 2 GiB a call


class Region:
    """`length` bytes from `start` of an open file (its descriptor) or of bytes in memory; copies nothing."""

    def __init__(self, backing: int | bytes, start: int, length: int) -> None:
        self.backing, self.start, self.length = backing, start, length

    def part(self, start: int, length: int) -> Region:
        """A region inside this one; MalformedError if it is not."""
        if start < 0 or length < 0 or start + length > self.length:
            raise MalformedError("it ends in the middle")
        return Region(self.backing, self.start + start, length)

    def read(self) -> bytes:
        """All of it."""
        buffer = bytearray(self.length)
        self.read_into(memoryview(buffer))
        return bytes(buffer)

    def read_into(self, target: memoryview) -> None:
        """All of it into `target`, which has its length."""
        if isinstance(self.backing, bytes):
            target[:] = memoryview(self.backing)[self.start : self.start + self.length]
            return
        done = 0
        while done < self.length:
            count = os.preadv(self.backing, [target[done : done + AT_ONCE]], self.start + done)
            if not count:
                raise MalformedError("it ends in the middle")
            done += count


class Source:
    """A place in a region, moving forward."""

    def __init__(self, region: Region) -> None:
        self.region, self.at = region, 0
        self._chunk, self._from = b"", 0

    @property
    def left(self) -> int:
        """Bytes from here to the end."""
        return self.region.length - self.at

    def read(self, count: int) -> bytes:
        """The next `count` bytes."""
        begin = self.at - self._from
        if not 0 <= begin <= begin + count <= len(self._chunk):
            if count > CHUNK:
                return self.take(count).read()
            if count > self.left:
                raise MalformedError("it ends in the middle")
            self._chunk, self._from, begin = self.region.part(self.at, min(CHUNK, self.left)).read(), self.at, 0
        self.at += count
        return self._chunk[begin : begin + count]

    def take(self, count: int) -> Region:
        """The next `count` bytes, unread."""
        part = self.region.part(self.at, count)
        self.at += count
        return part

    def number(self, form: str) -> int:
        """The next whole number, of `struct` format `form`."""
        value = struct.unpack(form, self.read(struct.calcsize(form)))[0]
        return int(value)

    def line(self, limit: int) -> bytes:
        """Up to the next line feed, without it; MalformedError if it does not come within `limit` bytes."""
        ahead = self.region.part(self.at, min(limit, self.left)).read() if self.left > CHUNK else self._rest()
        found = ahead[:limit].find(b"\n")
        if found < 0:
            raise MalformedError("a line in it has no end")
        self.at += found + 1
        return ahead[:found]

    def _rest(self) -> bytes:
        here = self.at
        rest = self.read(self.left)
        self.at = here
        return rest
