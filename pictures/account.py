"""What was read, in words and in numbers: said before anything is made of it, and kept with what was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LISTED = 30  # classes that the text lists one by one
NAMED = 3  # names that the text gives of what was left out
KEPT = 100  # names that the JSON form gives


@dataclass
class LeftOut:
    """Files that were left out for one reason: their names, and the way out where there is one."""

    names: list[str] = field(default_factory=list)
    way_out: str = ""


@dataclass
class Account:
    """How many pictures of how many files, of which kinds, sizes and classes, and what was left out and why.

    `sizes`: width and height in the file → pictures; `done`: what had to be done to how many (see `pictures.decoder`);
    `left_out`: by reason, a phrase that follows a number; `others`: files that are no pictures, by ending; `said`:
    further sentences. `read`: pictures that were really decoded.
    """

    title: str
    files: int = 0
    pictures: int = 0
    classes: dict[str, int] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Pictures that were decoded."""
        return sum(self.sizes.values())

    def leave_out(self, name: str, reason: str, way_out: str = "") -> None:
        """Count a file as left out."""
        left = self.left_out.setdefault(reason, LeftOut(way_out=way_out))
        left.names.append(name)

    def lines(self) -> list[str]:
        """The account as a few lines of text."""
        facts = [f"{_number(self.pictures, 'picture')} of {_number(self.files, 'file')}"]
        if self.kinds:
            facts.append(_counted(self.kinds))
        if self.sizes:
            facts.append(_sizes(self.sizes))
        if 0 < self.read < self.pictures:
            facts.append(f"{self.read:,} of them looked at")
        lines = [f"{self.title}: {', '.join(facts)}", _classes(self.classes)]
        if self.done:
            lines.append("; ".join(f"{count:,} {what}" for what, count in self.done.items()))
        lines += [f"left out: {phrase}" for phrase in self.phrases()]
        if self.others:
            endings = ", ".join(sorted(ending or "without an ending" for ending in self.others))
            lines.append(f"beside them {_number(self.others.total(), 'other file')} ({endings})")
        return lines + self.said

    def markdown(self) -> str:
        """The same as a list for a card."""
        return "\n".join(f"- {line.replace('<', '&lt;')}" for line in self.lines())

    def phrases(self) -> list[str]:
        """What was left out, a phrase for each reason."""
        phrases = []
        for reason, left in self.left_out.items():
            named = ", ".join(left.names[:NAMED]) + (", …" if len(left.names) > NAMED else "")
            way = f": {left.way_out}" if left.way_out else ""
            phrases.append(f"{len(left.names):,} {reason} ({named}){way}")
        return phrases

    def to_json(self) -> dict[str, Any]:
        """The same as numbers, JSON-able."""
        return {
            "source": self.title,
            "files": self.files,
            "pictures": self.pictures,
            "read": self.read,
            "classes": self.classes,
            "kinds": dict(self.kinds),
            "sizes": {f"{width}×{height}": count for (width, height), count in self.sizes.most_common(KEPT)},
            "done": dict(self.done),
            "left_out": {
                reason: {"count": len(left.names), "names": left.names[:KEPT]} for reason, left in self.left_out.items()
            },
            "others": dict(self.others),
            "said": self.said,
        }


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _counted(counts: Mapping[str, int]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{kind} {count:,}" for kind, count in sorted(counts.items(), key=lambda pair: -pair[1]))


def _sizes(sizes: Mapping[tuple[int, int], int]) -> str:
    small, large = (
        min(sizes, key=lambda size: (size[0] * size[1], size)),
        max(sizes, key=lambda size: (size[0] * size[1], size)),
    )
    text = f"{small[0]}×{small[1]}"
    if small == large:
        return f"all {text}" if sizes[small] > 1 else text
    return f"{text} to {large[0]}×{large[1]}"


def _classes(classes: Mapping[str, int]) -> str:
    if not classes:
        return "no classes"
    if len(classes) <= LISTED:
        return f"{len(classes)} classes: " + ", ".join(f"{name} {count:,}" for name, count in classes.items())
    return f"{len(classes):,} classes of {min(classes.values()):,} to {max(classes.values()):,} pictures"
