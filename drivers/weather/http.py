"""Asking a weather service: bounded in time and size, and every failure typed."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from drivers.base import WeatherUnavailable

LARGEST_BODY = 20_000_000
GOOD = (200, 203)  # 203: met.no's way to say that a product is to be replaced
NOT_MODIFIED = 304


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait: for a connection or the next bytes, and for the whole answer, s."""

    phase_s: float = 10.0
    total_s: float = 30.0


DEFAULT_PATIENCE = Patience()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a service gave: status, headers with names in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(
    url: str,
    *,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    patience: Patience,
) -> Answer:
    """Ask once.

    Args:
        url: Address without parameters.
        params: Parameters.
        headers: Request headers.
        patience: How long to wait.

    Returns:
        An answer of status 200, 203 or 304.

    Raises:
        WeatherUnavailable: No answer, or one of another status.
    """
    give_up_s = time.monotonic() + patience.total_s
    try:
        with (
            httpx.Client(timeout=patience.phase_s, trust_env=True) as client,
            client.stream("GET", url, params=dict(params), headers=dict(headers)) as response,
        ):
            body = b""
            for piece in response.iter_bytes():
                body += piece
                if len(body) > LARGEST_BODY:
                    raise WeatherUnavailable(f"{url} sends more than {LARGEST_BODY} bytes")
                if time.monotonic() > give_up_s:
                    raise WeatherUnavailable(f"{url} takes more than {patience.total_s:g} s")
            found = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(status=response.status_code, headers=found, body=body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise WeatherUnavailable(f"{url}: {type(error).__name__}: {error}") from error
    _check_status(url, answer)
    return answer


def json_object(answer: Answer, url: str) -> dict[str, object]:
    """Read an answer's body as a JSON object.

    Args:
        answer: The answer.
        url: Where it came from, for messages.

    Returns:
        The object.

    Raises:
        WeatherUnavailable: It is none, or has numbers that JSON does not know.
    """
    try:
        found = json.loads(answer.body, parse_constant=_no_such_number)
    except (ValueError, RecursionError) as error:
        raise WeatherUnavailable(f"{url} gave no whole JSON: {error}") from error
    if not isinstance(found, dict):
        raise WeatherUnavailable(f"{url} gave no JSON object")
    return found


def http_date(text: str | None) -> datetime | None:
    """Read a date of an HTTP header.

    Args:
        text: The header's value, or None.

    Returns:
        The instant, tz-aware UTC; None where there is none or it is not readable.
    """
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return None if found.utcoffset() != timedelta(0) else found


def _check_status(url: str, answer: Answer) -> None:
    status = answer.status
    if status in GOOD or status == NOT_MODIFIED:
        return
    if status == 403:
        raise WeatherUnavailable(
            f"{url} refuses (403): check the User-Agent, the key and the terms of use"
        )
    if status == 429:
        wait_s = _retry_after_s(answer)
        raise WeatherUnavailable(f"{url} is asked too often (429)", retry_after_s=wait_s)
    shown = answer.body[:200].decode("utf-8", "replace")
    raise WeatherUnavailable(f"{url} answers with status {status}: {shown}")


def _retry_after_s(answer: Answer) -> float | None:
    """Seconds that the service asks to wait; it may give them or a date."""
    text = answer.headers.get("retry-after", "")
    if text.isascii() and text.isdecimal():
        return float(text)
    until, date = http_date(text), http_date(answer.headers.get("date"))
    if until is None or date is None:
        return None
    return max(0.0, (until - date).total_seconds())


def _no_such_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON number")
