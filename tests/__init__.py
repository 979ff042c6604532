"""Tests, one folder a room. A package, so that `tests/studio` is never mistaken for the room of that name."""
