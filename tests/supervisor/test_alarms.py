"""The alarm board as tables, a lost bus, chatter, floods, and delivery to real servers."""

import json
import random
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.alarms.board import (
    FLOOD,
    Board,
    Cause,
    UnknownAlarmError,
    acknowledge,
    board_from_json,
    board_to_json,
    flood_cause,
    shelve,
    update,
)
from controller.alarms.catalogue import CATALOGUE, Priority
from controller.alarms.conditions import FieldMap, field_causes
from controller.alarms.delivery import DeliveryError, Message, due, send
from controller.alarms.settings import Delivery, Level, Smtp, read_delivery
from controller.problems import InputError
from drivers.base import Quality, Reading
from tests.supervisor.conftest import NOW

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HELD = Cause(code="on_hold", source="site", detail="stale")
BAD = Cause(code="point_bad", source="t", detail="missing")
STORE = Cause(code="store_failed", source="store", detail="full")


def run(*moments: tuple[float, list[Cause]], board: Board | None = None) -> tuple[Board, list[str]]:
    """Update a board at minutes after the start; give it with the events in one line each."""
    board, lines = board or Board(), []
    for minute, causes in moments:
        board, events = update(board, causes, NOW + minute * MINUTE)
        lines += [f"{minute:g} {event.event} {event.alarm_id}" for event in events]
    return board, lines


def test_every_kind_says_everything_in_both_languages() -> None:
    for kind in CATALOGUE.values():
        for words in (kind.cause, kind.consequence, kind.action):
            assert words.en.endswith(".")
            assert words.zh.endswith("。")


def test_an_alarm_comes_stays_and_goes() -> None:
    board, lines = run((0, [BAD]), (1, [BAD]), (2, []), (2.4, []), (2.5, []), (3, []))
    assert lines == ["0 raised point_bad:t", "2.5 cleared point_bad:t"]
    (alarm,) = board.listed()
    assert (alarm.active, alarm.acknowledged_by) == (False, "")


def test_one_that_is_gone_stays_until_somebody_has_seen_it() -> None:
    board, _ = run((0, [BAD]), (1, []), (2, []))
    board, events = acknowledge(board, "point_bad:t", "li", NOW + 3 * MINUTE)
    assert [event.event for event in events] == ["acknowledged"]
    assert board.listed() == ()


def test_one_that_somebody_has_seen_goes_by_itself() -> None:
    board, _ = run((0, [BAD]))
    board, _ = acknowledge(board, "point_bad:t", "li", NOW)
    board, _ = run((1, [BAD]), (2, []), (3, []), (11, []), board=board)
    assert board.listed() == ()


def test_one_that_comes_again_must_be_seen_again() -> None:
    board, _ = run((0, [BAD]))
    board, _ = acknowledge(board, "point_bad:t", "li", NOW)
    board, lines = run((1, []), (2, []), (3, [BAD]), board=board)
    assert lines[-1] == "3 raised point_bad:t"
    assert board.listed()[0].acknowledged_by == ""


def test_chatter_is_raised_a_few_times_and_then_stays() -> None:
    moments: list[tuple[float, list[Cause]]] = []
    for minute in range(10):
        moments += [(minute, [BAD]), (minute + 0.2, []), (minute + 0.75, [])]
    board, lines = run(*moments)
    assert [line for line in lines if "raised" in line] == [
        "0 raised point_bad:t", "1 raised point_bad:t", "2 raised point_bad:t"
    ]  # fmt: skip
    assert board.listed()[0].chattering
    _, lines = run((15, []), (19, []), (19.5, []), board=board)
    assert lines == ["19.5 cleared point_bad:t"]


def test_the_most_urgent_and_oldest_stand_first() -> None:
    board, _ = run((0, [BAD]), (1, [BAD, HELD]), (2, [BAD, HELD, STORE]))
    codes = [alarm.code for alarm in board.listed()]
    assert codes == ["store_failed", "on_hold", "point_bad"]


# One root

FIELD = FieldMap(
    device_of={f"p{i}": f"d{i % 10}" for i in range(50)},
    bus_of={**{f"d{i}": "field" for i in range(10)}, "plc": "plant"},
)


def readings(bad: int, quality: Quality = Quality.STALE) -> dict[str, Reading]:
    return {
        f"p{i}": Reading(
            point_id=f"p{i}", value=1.0, time=NOW, quality=quality if i < bad else Quality.GOOD
        )
        for i in range(50)
    }


def failing(count: int, failures: int = 3) -> dict[str, int]:
    return {f"d{i}": failures if i < count else 0 for i in range(10)}


BAD_BESIDE = [f"point_bad:p{i}" for i in range(2, 9)]


def test_a_lost_bus_with_50_points_is_one_alarm() -> None:
    board, lines = Board(), []
    for second in range(0, 1200, 5):
        # Devices fall silent one after another, points get stale later, in their own time.
        silent = min(second // 5, 10)
        bad = 0 if second < 30 else min((second - 30) // 2, 50)
        causes = field_causes(FIELD, failing(silent), readings(bad), {}) if second < 600 else ()
        board, events = update(board, causes, NOW + second * SECOND)
        lines += [f"{event.event} {event.alarm_id}" for event in events]
    raised = [line for line in lines if line.startswith("raised")]
    assert raised.count("raised bus_lost:field") == 1
    assert not [line for line in raised if "point_bad" in line]
    assert [a.alarm_id for a in board.listed() if a.code == "point_bad"] == []
    assert len(raised) == 4, "two devices, the bus failing, the bus lost"


def test_a_point_that_is_wrong_on_a_failing_device_is_told_all_the_same() -> None:
    causes = field_causes(FIELD, failing(1, 2), readings(1, Quality.STUCK), {})
    assert [cause.alarm_id for cause in causes] == ["point_bad:p0"]


@pytest.mark.parametrize("devices", [1, 10, 50])
@pytest.mark.parametrize("seed", range(5))
def test_50_points_that_fall_silent_one_by_one_are_one_root_and_under_ten_alarms(
    devices: int, seed: int
) -> None:
    """Each device fails at its own polls and each of its points goes bad at its own time."""
    chance = random.Random(seed)
    field = FieldMap(
        device_of={f"p{i}": f"d{i % devices}" for i in range(50)},
        bus_of={**{f"d{i}": "field" for i in range(devices)}, "plc": "plant"},
    )
    began = {name: chance.uniform(0, 30) for name in field.bus_of if name != "plc"}
    late = {f"p{i}": chance.uniform(1, 60) for i in range(50)}
    board, announced, lines = Board(), 0, []
    for second in range(0, 600, 3):
        failures = {name: max(0, int((second - at) // 5)) for name, at in began.items()}
        found = {
            name: Reading(point_id=name, value=1.0, time=NOW, quality=Quality.MISSING
                          if second > began[field.device_of[name]] + after else Quality.GOOD)
            for name, after in late.items()
        }  # fmt: skip
        causes = field_causes(field, {**failures, "plc": 0}, found, {})
        board, events = update(board, causes, NOW + second * SECOND)
        lines += [event.alarm_id for event in events if event.event == "raised"]
        announced = max(announced, len(board.announced))
    roots = [alarm.alarm_id for alarm in board.listed() if alarm.active]
    assert roots == ["device_silent:d0" if devices == 1 else "bus_lost:field"]
    assert len(lines) < 10
    assert announced < 10


def test_a_bus_that_is_lost_at_once_raises_exactly_one() -> None:
    causes = field_causes(FIELD, failing(10), readings(50), {})
    board, lines = run((0, list(causes)))
    assert lines == ["0 raised bus_lost:field"]
    assert len(board.alarms) == 61
    # The line is back, but the points have not all been read again.
    still = field_causes(FIELD, failing(0), readings(50), {})
    _, lines = run((1, list(still)), (1.3, []), board=board)
    assert lines == []


@pytest.mark.parametrize(
    ("failures", "bad", "expected"),
    [
        (failing(0), 0, []),
        (failing(0), 1, ["point_bad:p0"]),
        (failing(1), 1, ["device_silent:d0"]),
        (failing(1, 2), 1, []),  # its device is about to be silent, or to answer again
        (failing(2), 9, ["device_silent:d0", "device_silent:d1", *BAD_BESIDE]),
        (failing(3), 3, ["bus_failing:field"]),
        (failing(9), 9, ["bus_failing:field"]),
        ({**failing(0), "plc": 9}, 0, ["device_silent:plc"]),
    ],
)
def test_what_explains_what(failures: dict[str, int], bad: int, expected: list[str]) -> None:
    board, _ = run((0, list(field_causes(FIELD, failures, readings(bad), {}))))
    assert [alarm.alarm_id for alarm in board.listed()] == expected


def test_what_is_left_when_its_root_is_gone_is_raised() -> None:
    causes = field_causes(FIELD, failing(1), readings(1), {})
    board, _ = run((0, list(causes)))
    left = field_causes(FIELD, failing(0), readings(1), {})
    board, lines = run((1, list(left)), (2, list(left)), board=board)
    assert lines == ["2 cleared device_silent:d0", "2 raised point_bad:p0"]
    assert [a.alarm_id for a in board.listed() if a.active] == ["point_bad:p0"]


# Floods


def test_a_flood_is_announced_as_one() -> None:
    many = [replace(BAD, source=f"t{i}") for i in range(50)]
    board, _ = run((0, many))
    assert sum(alarm.announced for alarm in board.alarms.values()) == 8
    (flood,) = flood_cause(board, NOW)
    board, _ = run((0.1, [*many, flood, STORE]), board=board)
    announced = {alarm.code for alarm in board.alarms.values() if alarm.announced}
    assert announced == {"point_bad", FLOOD, "store_failed"}
    assert sum(alarm.announced for alarm in board.alarms.values()) == 10
    assert flood_cause(run((0, [BAD]))[0], NOW) == ()


causes_now = st.lists(
    st.sampled_from([replace(BAD, source=f"t{i}") for i in range(30)]), unique=True
)


@settings(max_examples=60)
@given(moments=st.lists(st.tuples(st.integers(1, 120), causes_now), min_size=1, max_size=40))
def test_under_ten_in_ten_minutes_and_none_lost(moments: list[tuple[int, list[Cause]]]) -> None:
    board, now, announced = Board(), NOW, []
    for wait_s, causes in moments:
        now += wait_s * SECOND
        before = {name for name, alarm in board.alarms.items() if alarm.announced}
        board, _ = update(board, causes, now)
        fresh = [a for a in board.alarms.values() if a.announced and a.raised_at == now]
        announced += [now] * len(fresh)
        assert before is not None
        assert {cause.alarm_id for cause in causes} <= {
            alarm.alarm_id for alarm in board.listed() if alarm.active
        }
        assert board_from_json(json.loads(json.dumps(board_to_json(board)))) == board
    for at in announced:
        assert sum(1 for other in announced if at <= other < at + 10 * MINUTE) < 10


# People


def test_a_shelved_alarm_comes_back_by_itself() -> None:
    board, _ = run((0, [BAD]))
    until = NOW + 60 * MINUTE
    board, events = shelve(board, "point_bad:t", "li", "sensor is being changed", until, NOW)
    assert events[0].detail.endswith("sensor is being changed")
    assert due(board, DELIVERY, frozenset(), "east", NOW + 30 * MINUTE) == ()
    board, lines = run((59, [BAD]), (60, [BAD]), board=board)
    assert lines == ["60 unshelved point_bad:t"]
    assert due(board, DELIVERY, frozenset(), "east", NOW + 60 * MINUTE) != ()


@pytest.mark.parametrize(
    ("cause", "reason", "hours"),
    [(BAD, "", 1), (BAD, "  ", 1), (BAD, "x", 0), (BAD, "x", 13), (STORE, "x", 1)],
)
def test_what_is_not_shelved(cause: Cause, reason: str, hours: int) -> None:
    board, _ = run((0, [cause]))
    with pytest.raises(ValueError, match="shelved"):
        shelve(board, cause.alarm_id, "li", reason, NOW + hours * 60 * MINUTE, NOW)


def test_an_unknown_alarm_is_an_error() -> None:
    with pytest.raises(UnknownAlarmError):
        acknowledge(Board(), "x", "li", NOW)
    with pytest.raises(UnknownAlarmError):
        shelve(Board(), "x", "li", "why", NOW + MINUTE, NOW)


# Delivery

DELIVERY = Delivery(
    levels=(
        Level(after_min=0, mail=("shift@example.org",)),
        Level(after_min=15, mail=("head@example.org",), webhook=("http://x/",), lowest_priority=2),
    )
)
DUE: list[tuple[str, Cause, float, list[str]]] = [
    ("at once", HELD, 0, ["shift@example.org"]),
    ("not yet", HELD, 14.9, ["shift@example.org"]),
    ("nobody has seen it", HELD, 15, ["shift@example.org", "head@example.org", "http://x/"]),
    ("not so urgent", BAD, 60, ["shift@example.org"]),
]


@pytest.mark.parametrize(("name", "cause", "minute", "addresses"), DUE)
def test_who_is_told_when(name: str, cause: Cause, minute: float, addresses: list[str]) -> None:
    board, _ = run((0, [cause]))
    found = due(board, DELIVERY, frozenset(), "east", NOW + minute * MINUTE)
    assert [message.address for message in found] == addresses, name
    sent = frozenset(message.key for message in found)
    assert due(board, DELIVERY, sent, "east", NOW + minute * MINUTE) == ()


def test_nobody_is_told_of_what_is_seen_gone_or_hidden() -> None:
    board, _ = run((0, list(field_causes(FIELD, failing(10), readings(50), {}))))
    later = NOW + 60 * MINUTE
    assert {m.alarm_id for m in due(board, DELIVERY, frozenset(), "e", later)} == {"bus_lost:field"}
    seen, _ = acknowledge(board, "bus_lost:field", "li", NOW)
    assert due(seen, DELIVERY, frozenset(), "e", later) == ()
    gone, _ = run((1, []), (2, []), board=board)
    assert due(gone, DELIVERY, frozenset(), "e", later) == ()


class MailSink(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand one mail over."""

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                self.server.mails.append(b"".join(lines))  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


class WebSink(BaseHTTPRequestHandler):
    """Takes what is posted; refuses under /refuse."""

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.server.bodies.append(json.loads(self.rfile.read(length)))  # type: ignore[attr-defined]
        self.send_response(500 if self.path == "/refuse" else 204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name
        return


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def message(address: str, by_mail: bool) -> Message:
    board, _ = run((0, [HELD]))
    delivery = Delivery(levels=(Level(after_min=0, mail=("a@b",)),))
    (found,) = due(board, delivery, frozenset(), "东区\nX: y", NOW)
    return replace(found, address=address, by_mail=by_mail)


def test_a_mail_arrives_in_both_languages() -> None:
    server = socketserver.TCPServer(("127.0.0.1", 0), MailSink)
    server.mails = []  # type: ignore[attr-defined]
    with serving(server) as port:
        send(message("shift@example.org", by_mail=True), Smtp(host="127.0.0.1", port=port))
    (mail,) = server.mails  # type: ignore[attr-defined]
    assert b"To: shift@example.org" in mail
    assert b"\nX: y" not in mail.split(b"\r\n\r\n")[0]


def test_a_webhook_gets_what_is_to_be_known() -> None:
    server = HTTPServer(("127.0.0.1", 0), WebSink)
    server.bodies = []  # type: ignore[attr-defined]
    with serving(server) as port:
        send(message(f"http://127.0.0.1:{port}/", by_mail=False), None)
        with pytest.raises(DeliveryError, match="500"):
            send(message(f"http://127.0.0.1:{port}/refuse", by_mail=False), None)
    body = server.bodies[0]  # type: ignore[attr-defined]
    assert (body["alarm_id"], body["priority"]) == ("on_hold:site", "2")
    assert body["action_zh"] == CATALOGUE["on_hold"].action.zh


@pytest.mark.parametrize(
    ("address", "by_mail", "smtp"),
    [
        ("http://127.0.0.1:1/", False, None),
        ("no address", False, None),
        ("a@b", True, None),
        ("a@b", True, Smtp(host="127.0.0.1", port=1)),
    ],
)
def test_what_can_not_be_delivered_is_said(address: str, by_mail: bool, smtp: Smtp | None) -> None:
    with pytest.raises(DeliveryError):
        send(message(address, by_mail=by_mail), smtp)


SETTINGS = """\
[smtp]
host = "mail.example.org"
password_env = "MAIL_PASSWORD"
[[level]]
after_min = 15
webhook = ["https://example.org/hook"]
[[level]]
after_min = 0
mail = ["shift@example.org"]
lowest_priority = 4
"""


def test_the_settings_are_read_in_order_of_time(tmp_path: Path) -> None:
    assert read_delivery(tmp_path) == Delivery()
    (tmp_path / "alarms.toml").write_text(SETTINGS, encoding="utf-8")
    found = read_delivery(tmp_path)
    assert [level.after_min for level in found.levels] == [0, 15]
    assert found.smtp == Smtp(host="mail.example.org", password_env="MAIL_PASSWORD")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("[smtp", None),
        ("[other]", "other"),
        ("[smtp]\nport = 25", "smtp.host"),
        ("[[level]]\nmail = []", "level.after_min"),
        ("[[level]]\nafter_min = true", "level.after_min"),
        ("[[level]]\nafter_min = 0\nmail = [1]", "level.mail"),
        ('[[level]]\nafter_min = 0\nmail = ["a@b"]', "level.mail"),
        ("[[level]]\nafter_min = 0\nsms = []", "level.sms"),
        ("level = 1", "level"),
        ("smtp = 1", "smtp"),
    ],
)
def test_wrong_settings_are_named(text: str, column: str | None, tmp_path: Path) -> None:
    (tmp_path / "alarms.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        read_delivery(tmp_path)
    assert column in [problem.column for problem in refusal.value.problems]


def test_priorities_follow_the_catalogue() -> None:
    board, _ = run((0, [STORE]))
    assert board.listed()[0].priority is Priority.CRITICAL
    assert isinstance(NOW, datetime)
