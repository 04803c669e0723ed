"""When each device is polled next: dead ones ever more rarely, and never for long in total."""

import math
from dataclasses import dataclass, field

from drivers.link import FieldDevice
from drivers.profiles import Tag

LONGEST_BACK_OFF_S = 60.0
SHORTEST_BACK_OFF_S = 1.0
# Of the bus's time, at most this share goes to devices that are believed dead: those that have
# never answered, or not the last two times. A device that was silent once is asked again at its
# turn, so that one lost reply does not let its values go stale.
DEAD_SHARE = 0.05


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
    start_s: float
    dead_spent_s: float = field(default=0.0)

    def next_due_s(self) -> float:
        """When the next poll is due; infinity without any."""
        return min((poll.due_s for poll in self.polls), default=math.inf)

    def take(self, now_s: float) -> Poll | None:
        """Choose the poll that has waited longest.

        Args:
            now_s: The present.

        Returns:
            The poll, or None where none is due or only the dead are and their share is used up.
        """
        due = sorted((p for p in self.polls if p.due_s <= now_s), key=lambda p: p.due_s)
        for poll in due:
            if not self._believed_dead(poll.device):
                return poll
            over_s = self.dead_spent_s - DEAD_SHARE * (now_s - self.start_s)
            if over_s <= 0:
                return poll
            poll.due_s = now_s + over_s / DEAD_SHARE
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
        if self._believed_dead(poll.device):
            self.dead_spent_s += now_s - began_s
        doublings = min(health.failures_in_a_row - 1, 16)
        wait_s = poll.poll_s * 2.0**doublings
        if doublings:
            wait_s = max(wait_s, SHORTEST_BACK_OFF_S)
        wait_s = min(wait_s, max(LONGEST_BACK_OFF_S, poll.poll_s))
        for other in self.polls:
            if other.device is poll.device:
                other.due_s = max(other.due_s, now_s + wait_s)

    def _believed_dead(self, device: FieldDevice) -> bool:
        health = self.health[device.device_id]
        never_heard = health.last_answer_s is None
        return health.failures_in_a_row >= (1 if never_heard else 2)

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
