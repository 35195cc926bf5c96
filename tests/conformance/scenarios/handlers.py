"""State handlers of tasks and flows, on_failure, and helpers for notifications."""

from datetime import timedelta

import prefect
from observe import UTC, Watch, describe, logged_run, raises, run, run_once, scenario, states
from prefect import Flow, Task, task
from prefect.engine import signals
from prefect.engine.state import Failed, Paused, Resume, Retrying, Running, Skipped, Success
from prefect.utilities.notifications import callback_factory


def one():
    return 1


def fails():
    raise ValueError("boom")


def flow_of(function, *handlers, **arguments):
    with Flow("flow") as flow:
        task(function, state_handlers=list(handlers), **arguments)()
    return flow


@scenario(since="0.10")
def a_handler_gets_the_task_and_both_states():
    seen = []

    def handler(tracked, old, new):
        seen.append([isinstance(tracked, Task), describe(old), describe(new)])
        return new

    flow_of(one, handler).run()
    return seen


@scenario(since="0.10")
def handlers_run_in_order_on_each_others_result():
    seen = []

    def first(tracked, old, new):
        seen.append(["first", type(new).__name__])
        return Skipped("by handler") if isinstance(new, Success) else new

    def second(tracked, old, new):
        seen.append(["second", type(new).__name__])
        return new

    return [run(flow_of(one, first, second)), seen]


@scenario(since="0.10")
def a_handler_may_return_none():
    return run(flow_of(one, lambda tracked, old, new: None))


@scenario(since="0.10")
def a_handler_may_turn_failure_into_success():
    def forgive(tracked, old, new):
        return Success("forgiven", result=7) if new.is_failed() else new

    with Flow("flow") as flow:
        task(lambda x: x, name="after")(task(fails, state_handlers=[forgive])())
    return run(flow)


@scenario(since="0.10")
def a_handler_may_turn_success_into_failure():
    def strict(tracked, old, new):
        return Failed("too small") if new.is_successful() else new

    return run(flow_of(one, strict))


@scenario(since="0.10")
def a_handler_that_returns_something_else():
    state = flow_of(one, lambda tracked, old, new: "text").run()
    (end,) = state.result.values()
    return [type(state).__name__, type(end).__name__, type(end.result).__name__]


@scenario(since="0.10")
def a_handler_that_raises_fails_the_task():
    def broken(tracked, old, new):
        raise SyntaxError("broken handler")

    return {"run": run(flow_of(one, broken)), "log": logged_run(flow_of(one, broken))}


@scenario(since="0.10")
def a_handler_that_raises_at_the_end_only():
    def broken(tracked, old, new):
        if new.is_finished():
            raise ValueError("broken handler")
        return new

    return run(flow_of(one, broken))


@scenario(since="0.10")
def a_handler_may_raise_a_signal():
    def skip(tracked, old, new):
        if isinstance(new, Running):
            raise signals.SKIP("by handler")
        return new

    def fail(tracked, old, new):
        if new.is_successful():
            raise signals.FAIL("by handler")
        return new

    return [run(flow_of(one, skip)), run(flow_of(one, fail))]


@scenario(since="0.10")
def a_handler_may_raise_retry():
    seen = []

    def again(tracked, old, new):
        if new.is_successful() and len(seen) < 2:
            seen.append(1)
            raise signals.RETRY("once more")
        return new

    return run(flow_of(one, again))


@scenario(since="0.10")
def a_handler_may_pause_the_task():
    def pause(tracked, old, new):
        if isinstance(new, Running):
            raise signals.PAUSE("wait")
        return new

    return run_once(flow_of(one, pause))


@scenario(since="0.10")
def a_handler_may_turn_a_pause_into_a_resume():
    import datetime

    from prefect.triggers import manual_only

    def resume(tracked, old, new):
        return Resume("go on", start_time=datetime.datetime.now(UTC)) if isinstance(new, Paused) else new

    return run_once(flow_of(one, resume, trigger=manual_only))


@scenario(since="0.10")
def a_handler_may_stop_a_retry():
    def give_up(tracked, old, new):
        return Failed("gave up") if isinstance(new, Retrying) else new

    return run(flow_of(fails, give_up, max_retries=3, retry_delay=timedelta(0)))


@scenario(since="0.10")
def on_failure_is_called_with_task_and_state():
    seen = []
    with Flow("flow") as flow:
        bad = task(fails, on_failure=lambda tracked, state: seen.append([tracked.name, describe(state)]))()
        task(one, on_failure=lambda tracked, state: seen.append([tracked.name, describe(state)]))(upstream_tasks=[bad])
    flow.run()
    return seen


@scenario(since="0.10")
def on_failure_is_not_called_on_success_or_skip():
    seen = []

    def skips():
        raise signals.SKIP("no")

    with Flow("flow") as flow:
        task(one, on_failure=lambda *given: seen.append(given))()
        task(skips, on_failure=lambda *given: seen.append(given))()
    flow.run()
    return seen


@scenario(since="0.10")
def on_failure_is_called_for_each_failed_try():
    seen = []
    with Flow("flow") as flow:
        keywords = {"max_retries": 2, "retry_delay": timedelta(0)}
        task(fails, on_failure=lambda tracked, state: seen.append(type(state).__name__), **keywords)()
    flow.run()
    return seen


@scenario(since="0.10")
def on_failure_of_a_flow():
    seen = []
    with Flow("flow", on_failure=lambda flow, state: seen.append([flow.name, type(state).__name__])) as flow:
        task(fails)()
    flow.run()
    return seen


@scenario(since="0.10")
def a_flow_handler_may_change_the_end():
    def forgive(flow, old, new):
        return Success("forgiven", result=new.result) if new.is_failed() else new

    with Flow("flow", state_handlers=[forgive]) as flow:
        task(fails)()
    return run(flow)


@scenario(since="0.10")
def a_flow_handler_that_raises():
    def broken(flow, old, new):
        raise ValueError("broken handler")

    with Flow("flow", state_handlers=[broken]) as flow:
        task(one)()
    return describe(flow.run())


@scenario(since="0.10")
def a_flow_handler_that_raises_at_the_end():
    def broken(flow, old, new):
        if new.is_finished():
            raise ValueError("broken handler")
        return new

    with Flow("flow", state_handlers=[broken]) as flow:
        task(one)()
    return describe(flow.run())


@scenario(since="0.10")
def handlers_of_task_and_flow_in_one_run():
    watch = Watch()
    with Flow("flow", state_handlers=[watch]) as flow:
        task(one, state_handlers=[watch])()
    flow.run()
    return watch.seen


@scenario(since="0.10")
def handlers_see_a_trigger_failure_and_a_skip():
    watch = Watch()

    def skips():
        raise signals.SKIP("no")

    with Flow("flow") as flow:
        bad = task(fails)()
        after_bad = task(one, name="after_bad", state_handlers=[watch])(upstream_tasks=[bad])
        skipped = task(skips)(upstream_tasks=[])
        after_skip = task(one, name="after_skip", state_handlers=[watch])(upstream_tasks=[skipped])
        flow.add_edge(after_bad, after_skip)
    flow.run()
    return watch.seen


@scenario(since="0.10")
def callback_factory_makes_a_handler():
    seen = []
    handler = callback_factory(
        lambda tracked, state: seen.append(type(state).__name__), check=lambda state: state.is_finished()
    )
    return [states(flow_of(one, handler)), seen]


@scenario(since="0.10")
def a_callback_may_not_change_the_state():
    handler = callback_factory(lambda tracked, state: Failed("ignored"), check=lambda state: state.is_finished())
    return run(flow_of(one, handler))


@scenario(since="0.10")
def handlers_added_later_are_called():
    watch = Watch()
    with Flow("flow") as flow:
        made = task(one)()
    made.state_handlers.append(watch)
    flow.run()
    return watch.seen


@scenario(since="0.10")
def a_handler_with_too_few_arguments():
    state = flow_of(one, lambda tracked, old: old).run()
    (end,) = state.result.values()
    return [type(state).__name__, type(end).__name__, type(end.result).__name__]


@scenario(since="0.10")
def slack_and_gmail_notifiers_leave_ignored_states_alone():
    from prefect.utilities.notifications import gmail_notifier, slack_notifier

    new = Running()
    nowhere = {"SLACK_WEBHOOK_URL": "http://127.0.0.1:1", "EMAIL_USERNAME": "me", "EMAIL_PASSWORD": "secret"}
    with prefect.context(secrets=nowhere):
        return {
            "slack": slack_notifier(Task(), Success(), new, ignore_states=[Running]) is new,
            "slack curried": slack_notifier(only_states=[Failed])(Task(), Success(), new) is new,
            "gmail": gmail_notifier(Task(), Success(), new, ignore_states=[Running]) is new,
        }


@scenario(since="0.10")
def a_slack_notifier_without_its_secret_fails():
    from prefect.utilities.notifications import slack_notifier

    return raises(lambda: slack_notifier(Task(), Success(), Failed()), says="SLACK_WEBHOOK_URL")


@scenario(since="0.10")
def a_slack_message_names_the_task_and_its_state():
    from prefect.utilities.notifications import slack_message_formatter

    said = slack_message_formatter(Task(name="my task"), Failed("too bad"))
    text = str(said)
    return {
        "type": type(said).__name__,
        "keys": sorted(said),
        "says": ["my task" in text, "Failed" in text, "too bad" in text],
    }


@scenario(since="0.10")
def handlers_of_one_task_are_not_those_of_another():
    watch = Watch()
    with Flow("flow") as flow:
        first = task(one, name="unwatched")()
        task(one, name="watched", state_handlers=[watch])(upstream_tasks=[first])
    flow.run()
    return watch.seen
