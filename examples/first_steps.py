"""First steps: a bill for a few cups of tea, written in the three ways there are.

    python examples/first_steps.py

A task is a piece of work. A flow says which task feeds which. Writing a flow runs nothing; `flow.run()` does,
and hands back a State: whether all went well, and what became of each task.
"""

from miniprefect import Flow, Parameter, Task, task
from miniprefect.utilities.logging import get_logger

# 1. A function becomes a task with a decorator, and is called like the function inside a flow.


@task
def price(cups, each=3):
    return cups * each


# 2. A class is a task too. Settings go to __init__, the data of a run goes to run().


class AddTip(Task):
    def __init__(self, percent=10, **kwargs):
        super().__init__(**kwargs)
        self.percent = percent

    def run(self, amount):
        return amount + amount * self.percent / 100


with Flow("bill") as bill:
    cups = Parameter("cups", default=2)
    drinks = price(cups)
    total = AddTip(percent=20)(drinks)


# 3. The same flow without the `with` block: the tasks first, then who feeds whom.


@task
def wash_up():
    return "the cups are clean"


by_hand = Flow("bill, by hand")
counted, poured, tipped = Parameter("cups", default=2), price.copy(), AddTip(percent=20)

by_hand.add_task(counted)
poured.bind(cups=counted, flow=by_hand)  # as price(cups) above, but without making a copy
by_hand.set_dependencies(tipped, keyword_tasks={"amount": poured})
wash_up.set_upstream(tipped, flow=by_hand)  # order only, no data: by_hand.add_edge(tipped, wash_up)


def main():
    # A run writes a log of its own. This script tells its story itself: drop this line to read both.
    get_logger().setLevel("CRITICAL")

    for_two = bill.run()
    print(f"Two cups:   {for_two.result[drinks].result} and a tip makes {for_two.result[total].result:.2f}")

    for_five = bill.run(cups=5)
    print(f"Five cups:  {for_five.result[drinks].result} and a tip makes {for_five.result[total].result:.2f}")

    same = by_hand.run(cups=5)
    print(f"By hand:    {same.result[tipped].result:.2f}, and {same.result[wash_up].result}")

    # A task that fails raises nothing here. Its state says what happened; what depends on it does not run.
    broken = bill.run(cups=None)
    print(f"No number:  the flow is {broken}")
    for step in (drinks, total):
        print(f"            {step.name} is {broken.result[step]}")

    all_well = all(state.is_successful() for state in (for_two, for_five, same))
    return 0 if all_well and broken.is_failed() else 1


if __name__ == "__main__":
    raise SystemExit(main())
