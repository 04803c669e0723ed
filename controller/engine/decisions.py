"""What the engine says to what people ask: checked, decided once, audited, then done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller import approvals
from controller.alarms.board import UnknownAlarmError, acknowledge, board_to_json, shelve
from controller.engine.core import Core
from controller.engine.desk import (
    STALE_AFTER,
    Answer,
    BadRequestError,
    event_of,
    instant_of,
    text_of,
)
from controller.modes import Approve, Reload, step
from controller.roles import Role
from controller.store import recommendations, requests
from controller.store.alarm_log import append_alarms
from controller.store.audit import AuditEntry, append_audit
from controller.store.errors import AlreadyDecided, StoreError
from controller.store.present import publish
from controller.store.recommendations import Decision
from controller.store.requests import Asked, Request

MOST_A_PASS = 20


@dataclass(kw_only=True)
class Desk:
    """Answers requests.

    Attributes:
        core: The engine's shared part.
        approved: Called when a set has been approved, so that it is followed at once.
        reload: Called when the site is to be read again; gives what is wrong with it, if anything.
    """

    core: Core
    approved: Callable[[], None]
    reload: Callable[[], str]

    def answer_all(self) -> None:
        """Answer what waits in the store; a store that fails is an alarm."""
        try:
            with self.core.database.reading() as connection:
                waiting = requests.pending(connection)[:MOST_A_PASS]
            for one in waiting:
                said = self._answer(one)
                self._keep(one, said)
        except StoreError as error:
            self.core.store_failed(error)

    def _answer(self, one: Asked) -> Answer:
        now = self.core.clock()
        if now - one.at > STALE_AFTER or one.at - now > STALE_AFTER:
            return Answer(accepted=False, text="asked too long ago; ask again")
        try:
            return self._decided(one.request)
        except BadRequestError as error:
            return Answer(accepted=False, text=str(error))

    def _keep(self, one: Asked, said: Answer) -> None:
        now = self.core.clock()
        details = {
            "request": one.request.kind, "body": dict(one.request.body),
            "accepted": said.accepted, "answer": said.text,
        }  # fmt: skip
        entry = AuditEntry(
            at=now, actor=one.request.actor, action=one.request.kind, details=details
        )
        with self.core.database.writing() as connection:
            answered = requests.answer(
                connection, one.request_id, accepted=said.accepted, text=said.text, now=now
            )
            if answered:
                append_audit(connection, entry)

    def _decided(self, request: Request) -> Answer:
        kinds: Mapping[str, Callable[[Request], Answer]] = {
            "approve": self._approve,
            "reject": self._reject,
            "reload": self._reload,
            "acknowledge": self._acknowledge,
            "shelve": self._shelve,
        }
        return kinds.get(request.kind, self._mode)(request)

    def _mode(self, request: Request) -> Answer:
        done = self.core.happen(event_of(request, self.core.clock()), request.actor)
        if done.refusal:
            return Answer(accepted=False, text=done.refusal)
        return Answer(accepted=True, text=f"mode {done.state.mode}")

    def _approve(self, request: Request) -> Answer:
        core = self.core
        advice = self._recommendation(request)
        now = core.clock()
        core.look()
        core.refresh_commissions()
        found = list(
            approvals.refusals(
                advice,
                latest_id=None if core.advice is None else core.advice.recommendation_id,
                limits=core.tables.limits,
                readings=core.readings,
                now=now,
            )
        )
        locked = sorted(advice.point_ids - core.passed)
        if locked:
            found.append(f"not commissioned: {', '.join(locked)}")
        event = event_of(request, now, point_ids=advice.point_ids, until=advice.expires_at)
        assert isinstance(event, Approve)
        found += [text for text in [step(core.state, event, core.rules).refusal] if text]
        if found:
            return Answer(accepted=False, text="; ".join(found))
        # Durable before it counts: after a crash nobody is in doubt whether it was approved.
        refusal = self._decide(advice.recommendation_id, "approved", request)
        if refusal:
            return Answer(accepted=False, text=refusal)
        with core.lock:
            core.happen(event, request.actor)
            core.approved = advice
        self.approved()
        return Answer(accepted=True, text=f"{len(advice.point_ids)} points will be written")

    def _reject(self, request: Request) -> Answer:
        if not Role(request.role).may(Role.OPERATOR):
            return Answer(accepted=False, text=f"{request.actor} is {request.role}")
        advice = self._recommendation(request)
        refusal = self._decide(advice.recommendation_id, "rejected", request)
        return Answer(accepted=not refusal, text=refusal or "rejected")

    def _decide(self, recommendation_id: str, verdict: str, request: Request) -> str:
        note = request.body.get("note")
        decision = Decision(
            recommendation_id=recommendation_id,
            at=self.core.clock(),
            verdict=verdict,
            actor=request.actor,
            note=note if isinstance(note, str) else "",
        )
        try:
            with self.core.database.writing() as connection:
                recommendations.decide(connection, decision)
        except AlreadyDecided as error:
            return str(error)
        return ""

    def _recommendation(self, request: Request) -> approvals.Recommendation:
        name = text_of(request.body, "recommendation_id")
        with self.core.database.reading() as connection:
            stored = recommendations.by_id(connection, name)
        if stored is None:
            raise BadRequestError(f"there is no recommendation {name}")
        return approvals.from_json(stored.body)

    def _reload(self, request: Request) -> Answer:
        event = event_of(request, self.core.clock())
        assert isinstance(event, Reload)
        refusal = step(self.core.state, event, self.core.rules).refusal or self.reload()
        if refusal:
            return Answer(accepted=False, text=refusal)
        self.core.happen(event, request.actor)
        return Answer(accepted=True, text="the site will be read again")

    def _acknowledge(self, request: Request) -> Answer:
        return self._board(request, lambda board, name, now: acknowledge(
            board, name, request.actor, now
        ))  # fmt: skip

    def _shelve(self, request: Request) -> Answer:
        until = instant_of(request.body, "until")
        reason = text_of(request.body, "reason")
        return self._board(request, lambda board, name, now: shelve(
            board, name, request.actor, reason, until, now
        ))  # fmt: skip

    def _board(self, request: Request, change: Callable[..., Any]) -> Answer:
        if not Role(request.role).may(Role.OPERATOR):
            return Answer(accepted=False, text=f"{request.actor} is {request.role}")
        core, now = self.core, self.core.clock()
        name = text_of(request.body, "alarm_id")
        try:
            with core.lock:
                core.board, events = change(core.board, name, now)
                shown = board_to_json(core.board)
        except UnknownAlarmError:
            return Answer(accepted=False, text=f"there is no alarm {name}")
        except ValueError as error:
            return Answer(accepted=False, text=str(error))
        with core.database.writing() as connection:
            append_alarms(connection, events)
            publish(connection, "alarms", shown, now)
        return Answer(accepted=True, text=f"{request.kind}d")
