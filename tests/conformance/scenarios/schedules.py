"""Schedules, clocks, filters, adjustments; flows that run on them."""

import contextlib
import datetime
import time
from datetime import timedelta

import prefect
from observe import UTC, raises, scenario
from prefect import Flow, Parameter, task
from prefect.schedules import CronSchedule, IntervalSchedule, Schedule, adjustments, filters
from prefect.schedules.clocks import ClockEvent, CronClock, DatesClock, IntervalClock
from prefect.utilities.configuration import set_temporary_config

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def at(*when):
    return datetime.datetime(*when, tzinfo=UTC)


START = at(2020, 1, 1)


def in_new_york(*when):
    """Return a moment in New York, by pendulum where that is installed: Prefect knows no other time zones."""
    with contextlib.suppress(ImportError):
        import pendulum

        return pendulum.datetime(*when, tz="America/New_York")
    import zoneinfo

    return datetime.datetime(*when, tzinfo=zoneinfo.ZoneInfo("America/New_York"))


def utc_hours(moments):
    return [moment.astimezone(UTC).hour for moment in moments]


def said(moments):
    """Write moments so that they are not taken for changing times."""
    return [moment.strftime("%a %d %b %Y, %H.%M") for moment in moments]


@scenario(since="0.10")
def an_interval_counts_from_its_start_date():
    schedule = IntervalSchedule(start_date=START, interval=timedelta(hours=6))
    return {
        "from before": said(schedule.next(3, after=at(2019, 12, 1))),
        "between": said(schedule.next(2, after=at(2020, 1, 1, 7))),
        "exclusive": said(schedule.next(1, after=at(2020, 1, 1, 6))),
    }


@scenario(since="0.10")
def an_end_date_is_inclusive():
    schedule = IntervalSchedule(start_date=START, interval=DAY, end_date=at(2020, 1, 3))
    return [said(schedule.next(10, after=at(2019, 1, 1))), said(schedule.next(10, after=at(2020, 1, 3)))]


@scenario(since="0.10")
def an_interval_must_be_positive():
    return {
        "zero": raises(lambda: IntervalClock(timedelta(0)), says="greater than 0"),
        "negative": raises(lambda: IntervalClock(timedelta(days=-1)), says="greater than 0"),
        "none": raises(lambda: IntervalClock(None)),
        "no interval": raises(lambda: IntervalSchedule()),
    }


@scenario(since="0.10")
def cron_strings():
    after = at(2020, 1, 1, 0, 30)
    strings = [
        "0 * * * *",
        "*/15 9-10 * * *",
        "0 0 1 * *",
        "30 6 * * 1-5",
        "0 0 29 2 *",
        "0 0 * * 0",
        "0 12 1,15 * *",
    ]
    return {cron: said(CronSchedule(cron).next(3, after=after)) for cron in strings}


@scenario(since="0.10")
def bad_cron_strings_are_refused():
    return {
        cron: raises(lambda cron=cron: CronClock(cron))["raised"] for cron in ("", "hello", "* * * *", "61 * * * *")
    }


@scenario(since="0.10")
def cron_between_start_and_end():
    schedule = CronSchedule("0 0 * * *", start_date=datetime.datetime(2020, 1, 5, 1), end_date=at(2020, 1, 8))
    return said(schedule.next(10, after=at(2020, 1, 1)))


@scenario(since="0.10")
def given_dates():
    clock = DatesClock([at(2020, 1, 3), at(2020, 1, 1), at(2020, 1, 2)])
    return said(Schedule(clocks=[clock]).next(5, after=at(2020, 1, 1)))


@scenario(since="0.10")
def clocks_are_merged_and_duplicates_removed():
    clocks = [IntervalClock(timedelta(hours=12), start_date=START), IntervalClock(DAY, start_date=START)]
    return said(Schedule(clocks=clocks).next(4, after=at(2019, 12, 31)))


@scenario(since="0.10", differed="they were one event", where=[""])
def clocks_with_different_parameters_at_one_moment_are_two_events():
    clocks = [IntervalClock(DAY, start_date=START, parameter_defaults={"x": x}) for x in (1, 2, 2)]
    events = Schedule(clocks=clocks).next(4, after=at(2019, 12, 31), return_events=True)
    return sorted([*said([event.start_time]), event.parameter_defaults["x"]] for event in events)


@scenario
def clock_events_compare():
    event = ClockEvent(START, parameter_defaults={"x": 1})
    return [
        event == ClockEvent(START, parameter_defaults={"x": 1}),
        event == ClockEvent(START, parameter_defaults={"x": 2}),
        event == ClockEvent(START, parameter_defaults={"x": 1}, labels=["a"]),
        event == START,
        event < ClockEvent(at(2021, 1, 1)),
    ]


@scenario(since="0.10")
def filters_and_or_filters_and_not_filters():
    clock = IntervalClock(HOUR, start_date=START)

    def first_hours(**arguments):
        return said(Schedule(clocks=[clock], **arguments).next(3, after=at(2020, 1, 3, 20)))

    morning = filters.between_times(datetime.time(9), datetime.time(10))
    evening = filters.between_times(datetime.time(18), datetime.time(19))
    return {
        "all of": first_hours(filters=[morning, filters.is_weekday]),
        "any of": first_hours(or_filters=[morning, evening]),
        "none of": first_hours(not_filters=[filters.is_weekend]),
        "together": first_hours(filters=[filters.is_weekday], or_filters=[morning, evening], not_filters=[morning]),
    }


@scenario
def each_filter():
    saturday, monday, month_end = at(2020, 2, 1, 9, 30), at(2020, 2, 3, 9, 30), at(2020, 2, 29, 23)
    moments = [saturday, monday, month_end]
    given = {
        "is_weekday": filters.is_weekday,
        "is_weekend": filters.is_weekend,
        "is_month_end": filters.is_month_end,
        "is_month_start": filters.is_month_start,
        "is_day_of_week 0": filters.is_day_of_week(0),
        "is_day_of_week 5": filters.is_day_of_week(5),
        "on_date": filters.on_date(2, 3),
        "on_datetime": filters.on_datetime(monday),
        "at_time": filters.at_time(datetime.time(9, 30)),
        "between_times": filters.between_times(datetime.time(9), datetime.time(9, 30)),
        "between_times round midnight": filters.between_times(datetime.time(22), datetime.time(6)),
        "between_dates": filters.between_dates(2, 3, 2, 28),
        "between_dates round new year": filters.between_dates(12, 1, 2, 1),
        "between_datetimes": filters.between_datetimes(monday, month_end),
    }
    return {name: [filter_(moment) for moment in moments] for name, filter_ in given.items()}


@scenario(since="0.10")
def adjustments_move_events():
    friday = IntervalClock(DAY, start_date=at(2020, 1, 3, 9))
    return {
        "add": said(Schedule(clocks=[friday], adjustments=[adjustments.add(HOUR)]).next(2, after=at(2020, 1, 3))),
        "next_weekday": said(
            Schedule(clocks=[friday], adjustments=[adjustments.next_weekday]).next(3, after=at(2020, 1, 3))
        ),
    }


@scenario(since="0.10")
def a_schedule_wants_a_list_of_clocks():
    return {"none": raises(lambda: Schedule()), "one": raises(lambda: Schedule(clocks=IntervalClock(DAY)))}


@scenario(since="0.10")
def the_first_and_last_date_of_a_schedule():
    early = IntervalClock(DAY, start_date=at(2020, 1, 1), end_date=at(2020, 2, 1))
    late = IntervalClock(DAY, start_date=at(2020, 1, 5), end_date=at(2020, 3, 1))
    schedule, empty = Schedule(clocks=[late, early]), Schedule(clocks=[CronClock("0 * * * *")])
    return [said([schedule.start_date, schedule.end_date]), empty.start_date, empty.end_date]


def soon(*milliseconds, **arguments):
    """Return a clock that fires so many milliseconds from now."""
    now = datetime.datetime.now(UTC)
    return DatesClock([now + timedelta(milliseconds=one) for one in milliseconds], **arguments)


@scenario(since="0.10")
def a_flow_runs_once_for_each_event():
    ran = []
    with Flow("flow", schedule=Schedule(clocks=[soon(200, 450)])) as flow:
        task(lambda: ran.append(1), name="one")()
    state = flow.run()
    return [type(state).__name__, len(ran)]


@scenario(since="0.10")
def parameters_of_a_clock_hold_for_its_run():
    seen = []
    clocks = [soon(200, parameter_defaults={"x": 1}), soon(450)]
    with Flow("flow", schedule=Schedule(clocks=clocks)) as flow:
        task(lambda x: seen.append(x), name="one")(Parameter("x", default="default"))
    flow.run()
    return seen


@scenario(since="0.10")
def a_schedule_can_be_switched_off():
    ran = []
    with Flow("flow", schedule=Schedule(clocks=[soon(3_600_000)])) as flow:
        task(lambda: ran.append(1), name="one")()
    flow.run(run_on_schedule=False)
    with set_temporary_config({"flows.run_on_schedule": False}):
        flow.run()
    return len(ran)


@scenario(since="0.10")
def a_schedule_without_future_runs_is_refused():
    with Flow("flow", schedule=Schedule(clocks=[DatesClock([START])])) as flow:
        task(lambda: 1, name="one")()
    return raises(flow.run, says="no more scheduled runs")


@scenario(since="0.10")
def the_scheduled_start_time_is_in_the_context():
    seen = []
    schedule = Schedule(clocks=[soon(150)])
    (due,) = schedule.next(1)
    with Flow("flow", schedule=schedule) as flow:
        task(lambda: seen.append(prefect.context.scheduled_start_time), name="one")()
    flow.run()
    return [seen == [due], "scheduled_start_time" in prefect.context]


@scenario
def times_that_pass_during_a_run_are_left_out():
    ran = []
    schedule = Schedule(clocks=[soon(150, 300, 450, 1100)])
    due = schedule.next(4)

    def slow():
        ran.append(due.index(prefect.context.scheduled_start_time))
        time.sleep(0.6 if len(ran) == 1 else 0)

    with Flow("flow", schedule=schedule) as flow:
        task(slow, name="slow")()
    state = flow.run()
    return [type(state).__name__, ran]


@scenario
def a_retry_may_take_longer_than_the_next_start():
    ran = []
    schedule = Schedule(clocks=[soon(150, 300, 450, 1300)])
    due = schedule.next(4)

    def retried():
        ran.append([due.index(prefect.context.scheduled_start_time), prefect.context.task_run_count])
        if len(ran) == 1:
            raise ValueError("the first time")

    with Flow("flow", schedule=schedule) as flow:
        task(retried, name="retried", max_retries=1, retry_delay=timedelta(milliseconds=700))()
    state = flow.run()
    return [type(state).__name__, ran]


@scenario
def an_executor_that_blows_up_does_not_stop_the_schedule():
    tries = []

    class Broken(prefect.executors.LocalExecutor):
        def submit(self, fn, *args, **kwargs):
            tries.append(1)
            raise RuntimeError("broken executor")

    with Flow("flow", schedule=Schedule(clocks=[soon(200, 450)])) as flow:
        task(lambda: 1, name="one")()
    state = flow.run(executor=Broken())
    return [type(state).__name__, len(tries)]


@scenario(since="0.10")
def days_keep_local_time_over_a_change_of_clocks_and_hours_do_not():
    start = in_new_york(2020, 3, 7, 9)

    def hours(interval):
        return utc_hours(IntervalSchedule(start_date=start, interval=interval).next(4, after=start - HOUR))

    return {"days": hours(DAY), "hours": hours(timedelta(hours=12))}


@scenario(since="0.10")
def cron_keeps_local_time_over_a_change_of_clocks():
    spring, autumn = in_new_york(2020, 3, 7, 9), in_new_york(2020, 10, 31, 23)
    return {
        "daily": utc_hours(CronSchedule("0 9 * * *", start_date=spring).next(3, after=spring - HOUR)),
        "hourly": utc_hours(CronSchedule("0 * * * *", start_date=autumn).next(5, after=autumn)),
    }
