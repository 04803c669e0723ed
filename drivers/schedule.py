"""When each device is polled next: dead ones ever more rarely, and never for long in total."""

import math
from dataclasses import dataclass, field

from drivers.link import FieldDevice
from drivers.profiles import Tag

LONGEST_BACK_OFF_S = 60.0
SHORTEST_BACK_OFF_S = 1.0
# Of the bus's time, at most this share goes to silent devices: what one attempt took is waited off
# before the next one, and a long healthy time earns them nothing.
DEAD_SHARE = 0.05
# However many fall silent at once, the next attempt is no farther off than this allows.
LARGEST_DEBT_S = 60.0 * DEAD_SHARE


@dataclass(kw_only=True)
class Poll:
    """Tags of one device that are read together."""

    device: FieldDevice
    tags: tuple[Tag, ...]
    poll_s: float
    due_s: float


@dataclass(kw_only=True)
class DeviceHealth:
    """How a device answers; times are of the monotonic clock, s."""

    polls: int = 0
    answers: int = 0
    failures_in_a_row: int = 0
    last_answer_s: float | None = None
    last_error: str = ""


@dataclass
class Schedule:
    """The polls of one bus.

    Every method takes the monotonic clock's `now_s`, so that a test can run a day in a moment.
    """

    polls: list[Poll]
    health: dict[str, DeviceHealth]
    reckoned_s: float
    debt_s: float = field(default=0.0)
    silence_spreads: bool = field(default=False)

    def next_due_s(self) -> float:
        """When the next poll is due; infinity without any."""
        return min((poll.due_s for poll in self.polls), default=math.inf)

    def take(self, now_s: float) -> Poll | None:
        """Choose the poll that has waited longest.

        Args:
            now_s: The present.

        Returns:
            The poll, or None where none is due or only the silent are and their share is used up.
        """
        self._reckon(now_s)
        due = sorted((p for p in self.polls if p.due_s <= now_s), key=lambda p: p.due_s)
        for poll in due:
            if self.debt_s <= 0 or self._is_asked_freely(poll.device):
                return poll
            poll.due_s = now_s + self.debt_s / DEAD_SHARE
        return None

    def answered(self, poll: Poll, now_s: float) -> None:
        """Note an answer and plan the next poll.

        Args:
            poll: What was read.
            now_s: The present.
        """
        health = self.health[poll.device.device_id]
        health.polls += 1
        health.answers += 1
        if health.failures_in_a_row:
            self._poll_all_of(poll.device, now_s)
        if health.failures_in_a_row > 1:  # perhaps a cable is back, and the others with it
            self.debt_s = 0.0
        health.failures_in_a_row = 0
        health.last_answer_s = now_s
        health.last_error = ""
        poll.due_s = max(poll.due_s + poll.poll_s, now_s)

    def failed(self, poll: Poll, error: str, *, began_s: float, now_s: float) -> None:
        """Note a failure and put the device off.

        Args:
            poll: What was to be read.
            error: Why not.
            began_s: When the attempt began.
            now_s: The present.
        """
        health = self.health[poll.device.device_id]
        health.polls += 1
        health.failures_in_a_row += 1
        health.last_error = error
        self._reckon(now_s)
        self.debt_s = min(self.debt_s + now_s - began_s, LARGEST_DEBT_S)
        if health.failures_in_a_row == 2 and health.last_answer_s is not None:
            self.silence_spreads = True
        doublings = min(health.failures_in_a_row - 1, 16)
        wait_s = poll.poll_s * 2.0**doublings
        if doublings:
            wait_s = max(wait_s, SHORTEST_BACK_OFF_S)
        wait_s = min(wait_s, max(LONGEST_BACK_OFF_S, poll.poll_s))
        for other in self.polls:
            if other.device is poll.device:
                other.due_s = max(other.due_s, now_s + wait_s)

    def _reckon(self, now_s: float) -> None:
        """Wait off a part of the debt."""
        self.debt_s = max(0.0, self.debt_s - DEAD_SHARE * (now_s - self.reckoned_s))
        self.reckoned_s = now_s
        if not self.debt_s:
            self.silence_spreads = False

    def _is_asked_freely(self, device: FieldDevice) -> bool:
        """Whether a device's turn does not hang on the silent devices' share.

        One that answers; one that has missed one reply, as a burst of noise makes several do, so
        that its values do not go stale: but not where another has just missed its second; and any
        where nobody answers, as there is nobody to be kept waiting.
        """
        health = self.health[device.device_id]
        if not health.failures_in_a_row:
            return True
        if health.failures_in_a_row == 1 and health.last_answer_s is not None:
            return not self.silence_spreads
        return all(other.failures_in_a_row for other in self.health.values())

    def _poll_all_of(self, device: FieldDevice, now_s: float) -> None:
        """A device that is back is read whole at once."""
        for poll in self.polls:
            if poll.device is device:
                poll.due_s = min(poll.due_s, now_s)


def planned(devices: list[FieldDevice], wanted: dict[str, set[str]], now_s: float) -> Schedule:
    """Plan the polls of some devices, tags of one rate together.

    Args:
        devices: The devices of one bus.
        wanted: Names of the tags to poll, by device.
        now_s: The present of the monotonic clock.

    Returns:
        A schedule in which everything is due.
    """
    polls = []
    for device in devices:
        tags = [t for name, t in device.profile.tags.items() if name in wanted[device.device_id]]
        for poll_s in sorted({tag.poll_s for tag in tags}):
            group = tuple(tag for tag in tags if tag.poll_s == poll_s)
            polls.append(Poll(device=device, tags=group, poll_s=poll_s, due_s=now_s))
    return Schedule(polls, {device.device_id: DeviceHealth() for device in devices}, now_s)
