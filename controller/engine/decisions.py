"""What the engine says to what people ask: checked, decided once, audited, then done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from controller import approvals
from controller.alarms.board import UnknownAlarmError, acknowledge, board_to_json, shelve
from controller.by_hand import said, to_set_by_hand
from controller.counted import counted
from controller.engine.changing import Changed, Changer
from controller.engine.core import Core
from controller.engine.cycling import keep_recommendation
from controller.engine.desk import (
    CHANGE_STALE_AFTER,
    STALE_AFTER,
    Answer,
    BadRequestError,
    event_of,
    instant_of,
    text_of,
    values_of,
)
from controller.engine.hands import ask_by_hand, take_word
from controller.modes import Approve, Arm, Reload, step
from controller.modify import ChangeRefusedError
from controller.report.numbers import site_time
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
        changer: Certifies changed sets.
    """

    core: Core
    approved: Callable[[], None]
    reload: Callable[[], str]
    changer: Changer

    def answer_all(self) -> None:
        """Answer what waits in the store; a store that fails is an alarm."""
        try:
            changed = self.changer.take()
            if changed is not None:
                self._keep(changed.asked, self._approve_changed(changed))
            with self.core.database.reading() as connection:
                waiting = requests.pending(connection)[:MOST_A_PASS]
            for one in waiting:
                if self.changer.is_at(one.request_id):
                    continue
                said = self._answer(one)
                if said is not None:
                    self._keep(one, said)
        except StoreError as error:
            self.core.store_failed(error)

    def _answer(self, one: Asked) -> Answer | None:
        """Answer a request; None where it is being worked on."""
        now = self.core.clock()
        if now - one.at > STALE_AFTER or one.at - now > STALE_AFTER:
            return Answer(accepted=False, text="asked too long ago; ask again")
        try:
            if one.request.kind == "approve" and values_of(one.request.body, "modify"):
                return self._change(one)
            return self._decided(one.request)
        except (BadRequestError, ChangeRefusedError) as error:
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
            "set_by_hand": self._set_by_hand,
            "reload": self._reload,
            "acknowledge": self._acknowledge,
            "shelve": self._shelve,
        }
        return kinds.get(request.kind, self._mode)(request)

    def _mode(self, request: Request) -> Answer:
        event = event_of(request, self.core.clock())
        if isinstance(event, Arm):
            unknown = self._not_identified(event)
            if unknown:
                return Answer(accepted=False, text=f"not identified: {', '.join(unknown)}")
        done = self.core.happen(event, request.actor)
        if done.refusal:
            return Answer(accepted=False, text=done.refusal)
        armed = ""
        if isinstance(event, Arm):
            zone = ZoneInfo(self.core.tables.site.timezone)
            armed = f"armed until {site_time(event.until, zone)}; "
        return Answer(accepted=True, text=f"{armed}mode {done.state.mode}")

    def _not_identified(self, arm: Arm) -> list[str]:
        """Levers that AUTO would move and nobody has tested, where arming is allowed at all."""
        core = self.core
        allowed = not step(core.state, arm, core.rules).refusal
        if not (allowed and core.tables.site.auto.needs_identification):
            return []
        core.refresh_commissions()
        return sorted((set(core.tables.limits) & core.passed) - core.identified)

    def _change(self, one: Asked) -> Answer | None:
        """Begin to certify a changed set, after all that can be checked at once."""
        advice = self._recommendation(one.request)
        found = self._against(advice, one.request)
        changes = values_of(one.request.body, "modify")
        refusal = "; ".join(found) or self.changer.begin(one, advice, changes)
        return Answer(accepted=False, text=refusal) if refusal else None

    def _approve_changed(self, changed: Changed) -> Answer:
        """Keep a changed set and approve it as a whole, if it is certified and still wanted."""
        core = self.core
        if changed.advice is None:
            return Answer(accepted=False, text=changed.why_not)
        if core.clock() - changed.asked.at > CHANGE_STALE_AFTER:
            return Answer(accepted=False, text="asked too long ago; ask again")
        latest_id = self._latest_id()
        if latest_id != changed.advice.parent_id:
            return Answer(accepted=False, text=f"superseded by {latest_id}")
        keep_recommendation(core, changed.advice)
        with core.lock:
            core.advice = changed.advice
        return self._approve_set(changed.advice, changed.asked.request)

    def _approve(self, request: Request) -> Answer:
        advice = self._recommendation(request)
        followed = self.core.approved
        followed_id = None if followed is None else followed.recommendation_id
        if followed_id == advice.recommendation_id and values_of(request.body, "set_by_hand"):
            return self._set_by_hand(request)
        return self._approve_set(advice, request)

    def _approve_set(self, advice: approvals.Recommendation, request: Request) -> Answer:
        core = self.core
        values = values_of(request.body, "set_by_hand")
        found = self._against(advice, request)
        found += said(to_set_by_hand(advice), values, request.actor)[1]
        if found:
            return Answer(accepted=False, text="; ".join(found))
        # Durable before it counts: after a crash nobody is in doubt whether it was approved.
        refusal = self._decide(advice.recommendation_id, "approved", request)
        if refusal:
            return Answer(accepted=False, text=refusal)
        with core.lock:
            core.happen(self._approval(advice, request), request.actor)
            core.approved = advice
            by_hand = ask_by_hand(core, advice)
        take_word(core, values, request.actor)
        self.approved()
        text = (
            f"{advice.recommendation_id}: {counted(len(advice.point_ids), 'point')} will be written"
        )
        return Answer(accepted=True, text=f"{text}; by hand: {by_hand}" if by_hand else text)

    def _approval(self, advice: approvals.Recommendation, request: Request) -> Approve:
        event = event_of(
            request, self.core.clock(), point_ids=advice.point_ids, until=advice.expires_at
        )
        assert isinstance(event, Approve)
        return replace(event, set_id=advice.recommendation_id)

    def _against(self, advice: approvals.Recommendation, request: Request) -> list[str]:
        """Everything that speaks against approving a set now."""
        core, now = self.core, self.core.clock()
        core.look()
        core.refresh_commissions()
        found = list(
            approvals.refusals(
                advice,
                latest_id=self._latest_id(),
                limits=core.tables.limits,
                readings=core.readings,
                now=now,
            )
        )
        locked = sorted(advice.point_ids - core.passed)
        if locked:
            found.append(f"not commissioned: {', '.join(locked)}")
        refusal = step(core.state, self._approval(advice, request), core.rules).refusal
        return [*found, *([refusal] if refusal else [])]

    def _set_by_hand(self, request: Request) -> Answer:
        """Take a person's word for what stands where no point writes."""
        if not Role(request.role).may(Role.OPERATOR):
            return Answer(accepted=False, text=f"{request.actor} is {request.role}")
        name = text_of(request.body, "recommendation_id")
        values = values_of(request.body, "set_by_hand")
        if self.core.approved is None or self.core.approved.recommendation_id != name:
            return Answer(accepted=False, text=f"{name} is not the set that is followed")
        wrong = take_word(self.core, values, request.actor)
        if wrong:
            return Answer(accepted=False, text="; ".join(wrong))
        waiting = [one.element for one in self.core.by_hand if not one.done]
        text = f"confirmed; still to be set: {', '.join(waiting)}" if waiting else "confirmed"
        return Answer(accepted=True, text=text)

    def _reject(self, request: Request) -> Answer:
        if not Role(request.role).may(Role.OPERATOR):
            return Answer(accepted=False, text=f"{request.actor} is {request.role}")
        advice = self._recommendation(request)
        refusal = approvals.superseded(advice, self._latest_id())
        refusal = refusal or self._decide(advice.recommendation_id, "rejected", request)
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

    def _latest_id(self) -> str | None:
        return None if self.core.advice is None else self.core.advice.recommendation_id

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
