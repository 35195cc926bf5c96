"""Ctrl-C while a flow run waits and nothing runs."""

import datetime

from miniprefect import Flow, task
from miniprefect.engine.state import Cancelled, Retrying, Success
from miniprefect.schedules import IntervalSchedule
from miniprefect.utilities.clock import Clock, use_clock


class Interrupted(Clock):
    """Be a clock at which somebody presses Ctrl-C at a certain wait."""

    def __init__(self, at_wait: int) -> None:
        self.left = at_wait
        self.moment = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)

    def now(self) -> datetime.datetime:
        return self.moment

    def sleep_until(self, moment: datetime.datetime) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
        self.moment = max(self.moment, moment)


@task
def one() -> int:
    return 1


def test_while_a_retry_waits_the_flow_is_cancelled_and_keeps_its_states() -> None:
    @task(max_retries=1, retry_delay=datetime.timedelta(hours=1))
    def fails() -> None:
        raise ValueError

    with Flow("flow") as flow:
        good, bad = one(), fails()
    with use_clock(Interrupted(at_wait=1)):
        state = flow.run()
    assert isinstance(state, Cancelled)
    assert (type(state.result[good]), type(state.result[bad])) == (Success, Retrying)


def test_between_scheduled_runs_the_last_state_is_returned() -> None:
    with Flow("flow", schedule=IntervalSchedule(interval=datetime.timedelta(hours=1))) as flow:
        last = one()
    with use_clock(Interrupted(at_wait=3)):
        state = flow.run()
    assert state.is_successful()
    assert state.result[last].result == 1


def test_before_the_first_scheduled_run_the_flow_is_cancelled() -> None:
    with Flow("flow", schedule=IntervalSchedule(interval=datetime.timedelta(hours=1))) as flow:
        one()
    with use_clock(Interrupted(at_wait=1)):
        assert isinstance(flow.run(), Cancelled)
