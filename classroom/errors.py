"""What the classroom refuses."""

from __future__ import annotations

from typing import Any


class ClassroomError(ValueError):
    """One sentence for a visitor. `key` and `fields` let the page say the same in another language."""

    def __init__(self, key: str, sentence: str, **fields: Any) -> None:
        super().__init__(sentence.format(**fields))
        self.key = key
        self.fields = {name: value if isinstance(value, (str, int)) else str(value) for name, value in fields.items()}
