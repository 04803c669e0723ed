"""What a refused proposal teaches: the corrected picture agrees with the simulation of it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from optimizer.backoff import first_backoff, learned_passed, learned_ramps
from optimizer.certify import certify
from optimizer.correction import Remembered, corrected, newly_passed, with_remembered
from optimizer.lever_schedules import decisions_of, schedule_of
from optimizer.levers import build_levers, limited
from optimizer.limit_fields import largest_ramps
from optimizer.linear_model import LinearModel, Task, limits_of, linear_model
from optimizer.model.arrays import FloatArray
from optimizer.model.outcome import LimitKind
from optimizer.model.policy import District
from optimizer.model.trace import Trace
from optimizer.simulate import simulate
from tests.optimizer.bound_districts import random_case, random_district


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A linear model around one run, and a proposal far away with its simulation."""

    task: Task
    linear: LinearModel
    change: FloatArray
    trial: Trace


def strict(district: District) -> District:
    """With ramps and temperatures of pipes that random setpoints come near to and pass."""
    pipes = [replace(p, max_ramp_k_h=6.0, max_temp_c=75.0) for p in district.network.pipes]
    return replace(district, network=replace(district.network, pipes=tuple(pipes)))


@pytest.fixture(params=[1, 2, 3])
def proposal(request: pytest.FixtureRequest) -> Proposal:
    district = strict(random_district(request.param))
    case = random_case(district, -5.0, request.param)
    network, forecast = district.network, case.forecast
    levers = build_levers(network, case.state, forecast.step_s, forecast.steps)
    task = Task(
        district=district,
        state=case.state,
        forecast=forecast,
        levers=levers,
        template=case.schedule,
        backoff=first_backoff(network),
        comfort_margin_k=0.0,
        beyond_reach_k=np.zeros((forecast.steps + 1, len(network.buildings))),
        members=(0,),
    )
    here = decisions_of(levers, case.schedule)
    there = limited(levers, here + np.random.default_rng(request.param).normal(0.0, 4.0, len(here)))
    now, trial = (
        simulate(network, case.state, forecast, schedule_of(levers, network, d, case.schedule))
        for d in (here, there)
    )
    linear = linear_model(task, here, now, limits_of(task, (now,)))
    return Proposal(task=task, linear=linear, change=there - here, trial=trial)


def test_the_corrected_picture_shows_the_proposal_as_it_was_simulated(proposal: Proposal) -> None:
    picture = corrected(proposal.linear, proposal.change, proposal.trial)
    flats = picture.flats
    least = np.array([b.min_indoor_c for b in proposal.task.district.network.buildings])
    missing = least - proposal.trial.buildings.worst_flat_temp_c
    foretold = flats.missing_k - flats.slope @ proposal.change
    # The linear model stands at setpoints that plants can deliver, a little apart from the run.
    assert foretold == pytest.approx(missing[flats.boundary, flats.building], abs=0.02)
    value = picture.limits.value + picture.limit_slope @ proposal.change
    seen = dict(zip(picture.limits.keys, value.tolist(), strict=True))
    watched = limits_of(proposal.task, (proposal.trial,))
    both = [
        (seen[key], actual)
        for key, actual, kind in zip(
            watched.keys, watched.value.tolist(), watched.kind, strict=True
        )
        if key in seen and kind in (LimitKind.PIPE_RAMP, LimitKind.PIPE_TEMP)
    ]
    assert both
    for ours, actual in both:
        assert ours == pytest.approx(actual, abs=1e-9)


def test_what_a_proposal_passed_is_watched_from_then_on(proposal: Proposal) -> None:
    limits = limits_of(proposal.task, (proposal.trial,))
    new = newly_passed(proposal.linear.limits, limits)
    assert len(new.kind)
    assert set(new.keys) <= set(limits.keys)
    assert not set(new.keys) & set(proposal.linear.limits.keys)
    memory = [Remembered(limits=new, trace=proposal.trial)]
    now = proposal.linear.trace
    merged = with_remembered(proposal.linear.limits, memory, now)
    assert len(merged.keys) == len(set(merged.keys))
    assert set(merged.keys) == set(proposal.linear.limits.keys) | set(new.keys)
    there = with_remembered(limits, memory, proposal.trial)
    assert set(there.keys) == set(limits.keys)


def test_ramps_are_kept_further_from_where_the_judge_sees_steeper_ones(
    proposal: Proposal,
) -> None:
    task, trace = proposal.task, proposal.linear.trace
    verdict = certify(task.district, task.state, task.forecast, task.template)
    kept = learned_ramps(task.backoff, task.district, task.state, trace, verdict, searched=False)
    seen = largest_ramps(task.district, task.state, trace)
    before, after = task.backoff[LimitKind.PIPE_RAMP], kept[LimitKind.PIPE_RAMP]
    assert np.all(after >= before)
    names = [pipe.pipe_id for pipe in task.district.network.pipes]
    for result in verdict.limits:
        if result.limit is LimitKind.PIPE_RAMP:
            at = names.index(result.where)
            assert seen[at] + after[at] >= abs(result.worst)


def test_a_passed_limit_is_kept_further_from_and_no_other(proposal: Proposal) -> None:
    task = proposal.task
    verdict = certify(task.district, task.state, task.forecast, task.template)
    kept = learned_passed(task.backoff, verdict)
    passed = {result.limit for result in verdict.limits if result.margin < 0.0}
    for kind, value in task.backoff.items():
        moved = not np.array_equal(kept[kind], value)
        assert moved == (kind in passed and kind is not LimitKind.PIPE_RAMP)
