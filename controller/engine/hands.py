"""The engine's part in what people set by hand: asked with an approval, confirmed, overdue."""

from collections.abc import Mapping

from controller.alarms.board import Cause
from controller.approvals import Recommendation
from controller.by_hand import OVERDUE_AFTER, ByHand, said, seen, to_set_by_hand
from controller.engine.core import ENGINE, Core
from controller.store.errors import StoreError
from controller.store.hand_settings import HandSetting, record_hand_setting

PART = "by hand"


def ask_by_hand(core: Core, advice: Recommendation) -> str:
    """Begin to wait for what a person has to set for an approved set.

    Args:
        core: The engine's shared part.
        advice: The set.

    Returns:
        What is to be set, for people; empty where nothing is.
    """
    with core.lock:
        core.by_hand, core.by_hand_since = to_set_by_hand(advice), core.clock()
    core.causes.pop(PART, None)
    return ", ".join(f"{one.element} {one.quantity} {one.value:g}" for one in core.by_hand)


def take_word(core: Core, values: Mapping[str, float], actor: str) -> tuple[str, ...]:
    """Take a person's word for what has been set.

    Args:
        core: The engine's shared part.
        values: What stands there now, by element.
        actor: Who says so.

    Returns:
        What is wrong with it; where anything is, nothing of it is taken.

    Raises:
        StoreError: It could not be kept.
    """
    confirmed, wrong = said(core.by_hand, values, actor)
    if not wrong:
        _confirm(core, confirmed)
    return wrong


def look_by_hand(core: Core) -> None:
    """Confirm by measurements, raise the alarm for what is overdue, forget what is over.

    Args:
        core: The engine's shared part.
    """
    if core.approved is None:
        core.by_hand = ()
        core.causes.pop(PART, None)
        return
    by_name = {one.name: one for one in core.tables.elements}
    found = seen(core.by_hand, by_name, core.readings, core.by_hand_since)
    try:
        _confirm(core, found)
    except StoreError as error:
        core.store_failed(error)
    waiting = [one for one in core.by_hand if not one.done]
    if waiting and core.clock() - core.by_hand_since >= OVERDUE_AFTER:
        core.causes[PART] = tuple(
            Cause(code="not_set_by_hand", source=one.element, detail=f"to be {one.value:g}")
            for one in waiting
        )
    else:
        core.causes.pop(PART, None)


def _confirm(core: Core, found: tuple[ByHand, ...]) -> None:
    """Keep what is newly confirmed, durably before it counts."""
    new = [now for before, now in zip(core.by_hand, found, strict=True) if now != before]
    advice = core.approved
    if not new or advice is None:
        return
    with core.database.writing() as connection:
        for one in new:
            assert one.found is not None
            setting = HandSetting(
                at=core.clock(),
                recommendation_id=advice.recommendation_id,
                element=one.element,
                quantity=one.quantity,
                value=one.value,
                found=one.found,
                how=one.how,
                actor=one.actor or ENGINE,
            )
            record_hand_setting(connection, setting)
    core.by_hand = found
