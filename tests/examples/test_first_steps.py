"""The main job of the README: examples/first_steps.py."""

import pytest

OUTPUT = """\
Two cups:   6 and a tip makes 7.20
Five cups:  15 and a tip makes 18.00
By hand:    18.00, and the cups are clean
No number:  the flow is <Failed: "Some reference tasks failed.">
"""


def test_prints_a_few_clear_lines(run_example):
    done = run_example("first_steps")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(OUTPUT)
    rest = done.stdout.removeprefix(OUTPUT).splitlines()
    assert [line.split()[:3] for line in rest] == [
        ["price", "is", "<Failed:"],
        ["AddTip", "is", "<TriggerFailed:"],
    ]
    assert "unsupported operand type(s) for *: 'NoneType' and 'int'" in rest[0]


@pytest.mark.parametrize(("cups", "drinks", "total"), [(0, 0, 0), (1, 3, 3.6), (7, 21, 25.2), (1000, 3000, 3600)])
def test_both_flows_come_to_the_same_sum(load_example, cups, drinks, total):
    example = load_example("first_steps")

    functional = example.bill.run(cups=cups)
    assert functional.is_successful()
    assert functional.result[example.drinks].result == drinks
    assert functional.result[example.total].result == pytest.approx(total)

    imperative = example.by_hand.run(cups=cups)
    assert imperative.is_successful()
    assert imperative.result[example.poured].result == drinks
    assert imperative.result[example.tipped].result == pytest.approx(total)
    assert imperative.result[example.wash_up].result == "the cups are clean"


def test_the_flow_by_hand_has_the_edges_of_the_other_and_one_for_order(load_example):
    example = load_example("first_steps")

    def keys(flow):
        return sorted((edge.upstream_task.name, edge.downstream_task.name, edge.key) for edge in flow.edges if edge.key)

    assert keys(example.by_hand) == keys(example.bill)
    assert keys(example.bill) == [("cups", "price", "cups"), ("price", "AddTip", "amount")]
    assert [edge for edge in example.by_hand.edges if edge.downstream_task is example.wash_up]


def test_a_failing_task_stops_what_depends_on_it(load_example):
    example = load_example("first_steps")
    state = example.bill.run(cups=None)
    assert state.is_failed()
    assert isinstance(state.result[example.drinks].result, TypeError)
    assert type(state.result[example.total]).__name__ == "TriggerFailed"


def test_a_misspelt_parameter_is_refused(load_example):
    with pytest.raises((TypeError, ValueError)):
        load_example("first_steps").bill.run(parameters={"cusp": 3})
