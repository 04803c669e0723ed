"""Attacks on the real server: markup in every text, SQL, paths, sizes, floods, sessions."""

import html
import json
import socket
import threading
from contextlib import suppress
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

import httpx
import openpyxl
import pytest

from controller.console import live
from controller.console.access import SESSION_COOKIE
from controller.console.limits import MOST_BODY
from controller.console.lockout import MOST_OF_ONE_ADDRESS, MOST_OF_ONE_NAME
from controller.console.quota import MOST
from controller.roles import Role
from controller.store.audit import verify_audit
from controller.store.passes import TOKEN, issue
from controller.store.users import put_user, users
from tests.console.conftest import Scene, sign_in
from tests.console.forms import csrf_of, form_to
from tests.console.living import PASSWORD
from tests.console.test_deciding import decide_page

ALARM = "point_bad:B571.indoor"

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea></title><iframe src=javascript:alert(1)>",
    'x" autofocus onfocus=alert(1) y="',
    "javascript:alert(1)",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "'; DROP TABLE users; --",
    "' OR '1'='1",
    '=HYPERLINK("http://evil.example")',
)
PAGES = (
    "/", "/recommendation", "/alarms", "/journal", "/audit", "/users", "/tokens", "/knowing",
    "/mode", "/report", "/report/shift.html", "/settings", "/bus", "/what-if",
)  # fmt: skip
PLACES = (
    "/buildings/{}", "/stations/{}", "/branches/{}", "/recommendations/{}/certificate",
    "/find?q={}",
    "/find?name={}", "/trends?point={}", "/trends?group={}", "/journal?search={}", "/login?next={}",
    "/language/{}", "/theme/{}?next=/{}", "/report/shift.html?hours={}", "/audit?search={}",
    "/what-if/{}", "/assets/{}", "/trends/values.csv?point={}", "/api/v1/recommendations/{}",
)  # fmt: skip
TRAVERSALS = (
    "../site.toml", "..%2fsite.toml", "%2e%2e/%2e%2e/site.toml", "..\\site.toml", "....//site.toml",
    "/etc/passwd", "%00/etc/passwd", "..%252f..%252fetc%252fpasswd", "heatwarden.db",
)  # fmt: skip


class Dangers(HTMLParser):
    """What on a page would run, if it came from a text: our own pages have none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        own = str(values.get("src", "")).startswith("/assets/")
        if tag in ("iframe", "object", "embed", "base") or (tag == "script" and not own):
            kind = values.get("type", "")
            if kind != "application/json":
                self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on"):
                self.found.append(f"{tag} {name}")
            leads = name in ("href", "src", "action", "formaction", "xlink:href") and value
            if leads and urlsplit(str(value).strip()).scheme not in ("", "http", "https", "data"):
                self.found.append(f"{tag} {name}={value}")


def dangers(page: str) -> list[str]:
    parser = Dangers()
    parser.feed(page)
    return parser.found


def test_the_finder_of_dangers_finds_them() -> None:
    found = [payload for payload in MARKUP if dangers(f'<p title="{payload}">{payload}</p>')]
    assert found == list(MARKUP[:5])


def planted(scene: Scene) -> None:
    """Put every payload into every text that somebody can enter."""
    reject = decide_page(scene, "reject")
    with scene.client("zhao") as client:
        csrf = csrf_of(client)
        rejection = {**form_to(client.get(reject).text, reject), "note": "".join(MARKUP)}
        assert client.post(reject, data=rejection).status_code == 303
        for payload in MARKUP[:3]:  # each costs a hash of the password
            user = {"name": payload, "role": "viewer", "password": PASSWORD, "csrf": csrf}
            assert client.post("/users", data=user).status_code == 303
        for payload in MARKUP:
            texts = {
                "/tokens": {"label": payload, "days": "1"},
                "/complaints": {"building": "B571", "flat": payload, "note": payload},
                "/alarms/shelve": {"alarm_id": ALARM, "hours": "1", "reason": payload},
                "/alarms/acknowledge": {"alarm_id": payload},
            }
            for path, form in texts.items():
                assert client.post(path, data={**form, "csrf": csrf}).status_code < 500, path
    with scene.client() as client:
        sign_in(client, "".join(MARKUP)[:100], "wrong")


def test_no_text_becomes_markup_anywhere(fresh: Scene) -> None:
    planted(fresh)
    shown = ""
    with fresh.client("zhao") as client:
        for page in PAGES:
            answer = client.get(page)
            assert answer.status_code == 200, page
            assert dangers(answer.text) == [], page
            shown += html.unescape(answer.text)
        for place in PLACES:
            for payload in ("".join(MARKUP[:5]), *MARKUP[5:]):
                answer = client.get(place.replace("{}", quote(payload, safe="")))
                assert answer.status_code != 500, place
                if "html" in answer.headers.get("content-type", ""):
                    assert dangers(answer.text) == [], place
        workbook = client.get("/report/shift.xlsx")
        (fresh.folder / "shift.xlsx").write_bytes(workbook.content)
    missed = [payload for payload in MARKUP[:5] if payload not in shown]
    assert missed == []  # as text it is there: nothing was only left out
    book = openpyxl.load_workbook(fresh.folder / "shift.xlsx")
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    with fresh.database.reading() as connection:
        assert {user.name for user in users(connection)} >= {"li", "wang", "zhao"}
        assert verify_audit(connection).broken_at is None


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out(scene: Scene, path: str) -> None:
    port = urlsplit(scene.base).port
    cookie = f"{SESSION_COOKIE}={scene.session_of('zhao')}"
    for start in ("/assets/", "/buildings/", "/report/", "/language/", "/recommendations/", "/"):
        answer = said_to(port, f"GET {start}{path} HTTP/1.1\r\nHost: localhost\r\n"
                               f"Cookie: {cookie}\r\nConnection: close\r\n\r\n")  # fmt: skip
        head, _, body = answer.partition(b"\r\n\r\n")
        assert int(head.split()[1]) in (303, 400, 404, 405, 422), start + path
        assert b"root:" not in body
        assert b"SQLite" not in body
        assert b"[[bus]]" not in body


def said_to(port: int | None, words: str) -> bytes:
    """What a server says to bytes until it hangs up."""
    with socket.create_connection(("127.0.0.1", port or 0), timeout=20) as line:
        with suppress(ConnectionResetError, BrokenPipeError):  # refused before all had come
            line.sendall(words.encode())
        heard = b""
        with suppress(ConnectionResetError):
            while part := line.recv(65536):
                heard += part
        return heard


BODY = "name=li&password=x"
CHUNKED = "Transfer-Encoding: chunked\r\n"
HEAD = "POST /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
FORMED = HEAD + "Content-Type: application/x-www-form-urlencoded\r\n"
SMUGGLED = "0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
ODD = {
    "negative length": FORMED + f"Content-Length: -1\r\n\r\n{BODY}",
    "no number": FORMED + f"Content-Length: ten\r\n\r\n{BODY}",
    "a sum": FORMED + f"Content-Length: 9+9\r\n\r\n{BODY}",
    "two lengths that differ": FORMED + f"Content-Length: 18\r\nContent-Length: 5\r\n\r\n{BODY}",
    "length and chunks": FORMED + f"Content-Length: 5\r\n{CHUNKED}\r\n{SMUGGLED}",
    "chunks and length": FORMED + f"{CHUNKED}Content-Length: 5\r\n\r\n{SMUGGLED}",
    "unknown coding": FORMED + f"Transfer-Encoding: xchunked\r\n\r\n{SMUGGLED}",
    "bad chunk": FORMED + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "length beyond all": FORMED + "Content-Length: 99999999999999999999\r\n\r\n",
    "a little too long": FORMED + f"Content-Length: {MOST_BODY + 1}\r\n\r\n" + "a" * 100,
    "endless chunks": FORMED + "Transfer-Encoding: chunked\r\n\r\n"
    + (f"{65536:x}\r\n" + "a" * 65536 + "\r\n") * (MOST_BODY // 65536 + 2) + "0\r\n\r\n",
    "a long header": HEAD + "X: " + "a" * 200_000 + "\r\n\r\n",
    "line in a header's name": HEAD + "X\r\n Y: 1\r\n\r\n",
    "no host": "GET /login HTTP/1.1\r\nConnection: close\r\n\r\n",
    "nothing but noise": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_an_odd_request_is_refused_once(scene: Scene, name: str) -> None:
    answer = said_to(urlsplit(scene.base).port, ODD[name])
    assert int(answer.split()[1]) in (400, 413, 431), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1  # what followed was nobody's request
    with scene.client() as client:
        assert client.get("/login").status_code == 200


def test_a_deep_or_odd_body_of_a_program_is_refused(scene: Scene) -> None:
    now = scene.console.clock()
    with scene.database.writing() as connection:
        token = issue(connection, TOKEN, "zhao", "t", now, now + timedelta(days=1))
    bodies = {
        "deep": "[" * 20_000 + "]" * 20_000,
        "twice": '{"alarm_id": "a", "alarm_id": "b"}',
        "no number": '{"alarm_id": NaN}',
        "huge number": '{"hours": 1e999, "alarm_id": "a", "reason": "b"}',
        "text": '"alarm_id"',
        "too long": json.dumps({"alarm_id": "a" * MOST_BODY}),
        "half a letter": '{"alarm_id": "\\ud800"}',
    }
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with httpx.Client(base_url=scene.base, headers=headers, timeout=60) as client:
        for name, body in bodies.items():
            for path in ("/api/v1/alarms/acknowledge", "/api/v1/alarms/shelve"):
                answer = client.post(path, content=body)
                assert 400 <= answer.status_code < 500, (name, answer.status_code)


def test_many_tries_at_once_are_as_many_as_one_after_the_other(fresh: Scene) -> None:
    codes: list[int] = []

    def attempt(number: int) -> None:
        with fresh.client() as client:
            codes.append(sign_in(client, "li", f"wrong {number}").status_code)

    tries = [threading.Thread(target=attempt, args=(n,)) for n in range(3 * MOST_OF_ONE_NAME)]
    for one in tries:
        one.start()
    for one in tries:
        one.join()
    assert codes.count(401) <= MOST_OF_ONE_NAME
    assert codes.count(429) >= 2 * MOST_OF_ONE_NAME
    with fresh.client() as client:  # one address, many names
        for number in range(MOST_OF_ONE_ADDRESS):
            fresh.console.lockout.failed(f"nobody {number}", "127.0.0.1")
        assert sign_in(client, "wang").status_code == 429


def test_a_sign_in_that_succeeds_counts_as_none(fresh: Scene) -> None:
    with fresh.client() as client:
        for _ in range(MOST_OF_ONE_NAME - 1):
            fresh.console.lockout.failed("li", "127.0.0.1")
        for _ in range(3):
            assert sign_in(client, "li").status_code == 303


def test_the_engine_is_not_asked_without_end(fresh: Scene) -> None:
    with fresh.client("li") as client, fresh.client("wang") as other:
        for _ in range(MOST - 1):
            fresh.console.quota.take("li")
        form = {"csrf": csrf_of(client)}
        assert client.post("/mode/hold", data=form).status_code < 400
        assert client.post("/mode/hold", data=form).status_code == 429
        assert other.post("/mode/hold", data={"csrf": csrf_of(other)}).status_code < 400


def test_streams_are_bounded(fresh: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_OF_ONE_USER", 3)
    monkeypatch.setattr(live, "MOST_STREAMS", 4)

    def opened(name: str) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", urlsplit(fresh.base).port or 0), timeout=20)
        cookie = f"{SESSION_COOKIE}={fresh.session_of(name)}"
        line.sendall(f"GET /live HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
        return line

    def status(line: socket.socket) -> int:
        heard = b""
        while b"event: beat" not in heard and b"429" not in heard[:20]:
            heard += line.recv(4096)
        return int(heard.split()[1])

    lines = []
    for name, wanted in (("li", 200), ("li", 200), ("li", 200), ("li", 429), ("wang", 200),
                         ("wang", 429)):  # fmt: skip
        lines.append(opened(name))
        assert status(lines[-1]) == wanted
    for line in lines:
        line.close()

    def free_again() -> bool:
        line = opened("li")
        code = status(line)
        line.close()
        return code == 200

    fresh.until(free_again)


def test_a_session_is_new_at_every_sign_in_and_the_old_one_ends(fresh: Scene) -> None:
    with fresh.client() as client:
        client.cookies.set(SESSION_COOKIE, "chosen-by-somebody-else")
        sign_in(client, "li")
        first = client.cookies.get(SESSION_COOKIE, domain="127.0.0.1", path="/") or ""
        assert first != "chosen-by-somebody-else"
    with httpx.Client(base_url=fresh.base, cookies={SESSION_COOKIE: first}) as client:
        assert client.get("/").status_code == 200
        second = sign_in(client, "li").cookies[SESSION_COOKIE]
        assert second != first
    for secret, code in ((first, 303), (second, 200), ("chosen-by-somebody-else", 303)):
        with httpx.Client(base_url=fresh.base, cookies={SESSION_COOKIE: secret}) as client:
            assert client.get("/").status_code == code


@pytest.mark.parametrize(
    "name", ["a\nb", "a\r\nINFO forged", "\x1b[2J", "\u202eil", " ", "x" * 101]
)
def test_a_name_that_would_forge_a_line_is_none(fresh: Scene, name: str) -> None:
    with fresh.client("zhao") as client:
        form = {"name": name, "role": "viewer", "password": PASSWORD, "csrf": csrf_of(client)}
        client.post("/users", data=form)
    with fresh.database.reading() as connection:
        assert all(user.name.isprintable() and len(user.name) <= 100 for user in users(connection))


def test_a_new_password_ends_what_was_open(fresh: Scene) -> None:
    with fresh.client("li") as client:
        assert client.get("/").status_code == 200
        with fresh.database.writing() as connection:
            put_user(connection, "li", Role.OPERATOR, "another password", fresh.console.clock())
        assert client.get("/").status_code == 303
