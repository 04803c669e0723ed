"""What was on the wires: every frame with the plant's time, for assertions and for people."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Frame:
    """A request or reply; `note` says what a fault did to it. Registers count from 0."""

    second: float
    bus: str
    unit: int
    function: int
    address: int
    words: tuple[int, ...]
    is_reply: bool
    raw: bytes
    note: str = ""

    @property
    def is_write(self) -> bool:
        """Whether it writes, or answers a write."""
        return self.function in (5, 6, 15, 16)


class WireLog:
    """Frames in order.

    Args:
        polls: Whether reads are kept too; in weeks they are millions.
    """

    def __init__(self, *, polls: bool = True) -> None:
        self._polls = polls
        self.frames: list[Frame] = []
        self.reads = 0

    def add(self, frame: Frame) -> None:
        """Keep a frame."""
        if not frame.is_write:
            self.reads += 1
            if not (self._polls or frame.note):
                return
        self.frames.append(frame)

    def write_csv(self, path: Path) -> None:
        """Write the log.

        Args:
            path: The file.
        """
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["second", "bus", "unit", "function", "address", "words", "way", "bytes",
                          "note"])  # fmt: skip
            for one in self.frames:
                way = "reply" if one.is_reply else "request"
                words = " ".join(map(str, one.words))
                out.writerow([f"{one.second:.6f}", one.bus, one.unit, one.function, one.address,
                              words, way, one.raw.hex(" "), one.note])  # fmt: skip
