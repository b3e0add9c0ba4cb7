from bench.measure import Figure, in_turns
from ops.aws import emulator
from ops.engine import policy_pack, project
from tests.conftest import ROOT
from tests.programs import rehearse


def test_a_figure_is_the_median_ratio_to_the_floor_of_its_round():
    figure = Figure(what="x", values=[1.0, 4.0, 9.0], floors=[1.0, 2.0, 3.0], aim=1.9)

    assert (figure.ratio, figure.is_missed) == (2.0, True)
    assert (Figure(what="x", values=[1.0]).ratio, Figure(what="x", values=[1.0], aim=0.5).is_missed) == (None, False)


def test_timings_take_turns_and_turn_about():
    calls = []
    timings = {name: lambda name=name: calls.append(name) or float(len(calls)) for name in ("floor", "ours")}

    assert in_turns(2, timings) == {"floor": [1.0, 4.0], "ours": [2.0, 3.0]}
    assert calls == ["floor", "ours", "ours", "floor"]


def test_the_generated_program_is_as_the_policies_want_it():
    stack = project.load(ROOT / "bench/generated", "dev", ["tables=51"])
    config = ROOT / "policies/config/dev.json"
    with emulator.embedded("eu-west-1") as clients, policy_pack.start(ROOT / "policies", config, stack) as policies:
        rehearsal = rehearse(stack, clients, [policies])

    assert (rehearsal.ok, rehearsal.violations, len(rehearsal.plan.resources)) == (True, [], 1 + 51 + 8)
