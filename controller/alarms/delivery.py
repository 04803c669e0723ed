"""Telling people: what is due to whom, and sending it by SMTP and webhook."""

import json
import os
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from controller.alarms.board import Alarm, Board
from controller.alarms.catalogue import CATALOGUE
from controller.alarms.settings import Delivery, Smtp

TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One alarm for one address; `level` counts from 0."""

    alarm_id: str
    raised_at: datetime
    level: int
    address: str
    by_mail: bool
    subject: str
    body: Mapping[str, str]

    @property
    def key(self) -> str:
        """What makes it one and the same message: it is sent once."""
        return f"{self.alarm_id}|{self.raised_at.isoformat()}|{self.level}|{self.address}"


class DeliveryError(Exception):
    """A message could not be handed over; it is tried again."""


def due(
    board: Board, delivery: Delivery, sent: frozenset[str], site: str, now: datetime
) -> tuple[Message, ...]:
    """Find the messages that should be sent now.

    Args:
        board: The alarms.
        delivery: Who is told when.
        sent: Keys of messages that were handed over.
        site: The site's name, for the subject.
        now: tz-aware UTC.

    Returns:
        Messages, the most urgent alarm first; none of an alarm that is acknowledged, shelved, gone,
        silent under a root or in a flood.
    """
    messages = []
    for alarm in board.listed():
        if alarm.acknowledged_by or alarm.shelved_until or not (alarm.active and alarm.announced):
            continue
        for number, level in enumerate(delivery.levels):
            waited = now - alarm.raised_at >= timedelta(minutes=level.after_min)
            if not waited or alarm.priority > level.lowest_priority:
                continue
            addresses = [(one, True) for one in level.mail]
            addresses += [(one, False) for one in level.webhook]
            messages += [_message(alarm, number, one, mail, site) for one, mail in addresses]
    return tuple(message for message in messages if message.key not in sent)


def send(message: Message, smtp: Smtp | None) -> None:
    """Hand a message over.

    Args:
        message: What is to be said to whom.
        smtp: The mail server, for a message by mail.

    Raises:
        DeliveryError: It was not taken.
    """
    if message.by_mail:
        if smtp is None:
            raise DeliveryError("there is no mail server; add [smtp] to alarms.toml")
        _mail(message, smtp)
    else:
        _post(message)


def _message(alarm: Alarm, level: int, address: str, by_mail: bool, site: str) -> Message:
    kind = CATALOGUE[alarm.code]
    body = {
        "site": site,
        "alarm_id": alarm.alarm_id,
        "priority": str(int(alarm.priority)),
        "raised_at": alarm.raised_at.isoformat(),
        "source": alarm.source,
        "detail": alarm.detail,
        "level": str(level),
        "cause": kind.cause.en,
        "consequence": kind.consequence.en,
        "action": kind.action.en,
        "cause_zh": kind.cause.zh,
        "consequence_zh": kind.consequence.zh,
        "action_zh": kind.action.zh,
    }
    subject = f"[{site}] {int(alarm.priority)} {alarm.source}: {kind.cause.zh} {kind.cause.en}"
    return Message(
        alarm_id=alarm.alarm_id,
        raised_at=alarm.raised_at,
        level=level,
        address=address,
        by_mail=by_mail,
        subject="".join(c if c.isprintable() else " " for c in subject),
        body=body,
    )


def _mail(message: Message, smtp: Smtp) -> None:
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = smtp.sender
    mail["To"] = message.address
    mail.set_content("\n".join(f"{name}: {value}" for name, value in message.body.items()))
    try:
        with smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_S) as server:
            if smtp.starttls:
                server.starttls(context=ssl.create_default_context())
            if smtp.user:
                server.login(smtp.user, os.environ.get(smtp.password_env, ""))
            server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(f"{smtp.host}: {error}") from error


def _post(message: Message) -> None:
    import httpx

    content = json.dumps(dict(message.body), ensure_ascii=False)
    headers = {"content-type": "application/json"}
    try:
        answer = httpx.post(message.address, content=content, headers=headers, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryError(f"{message.address}: {error}") from error
    if not answer.is_success:
        raise DeliveryError(f"{message.address} answered {answer.status_code}")
