"""What is logged, by which logger, in which words."""

import logging

import prefect
from observe import log_lines, logged_run, plain, raises, scenario
from prefect import Flow, Parameter, Task, task
from prefect.engine import signals
from prefect.utilities.logging import get_logger


@task
def one():
    return 1


@task
def same(x):
    return x


@task
def fails():
    raise ValueError("boom")


@scenario(since="0.10")
def a_successful_run():
    with Flow("my flow") as flow:
        same(one())
    return logged_run(flow)


@scenario(since="0.10", differed="the text of the log was another", where=[""])
def a_failing_run():
    with Flow("flow") as flow:
        same(fails())
    return logged_run(flow)


@scenario(since="0.10", differed="the log did not tell of signals", where=[""])
def a_skipped_task():
    @task
    def skips():
        raise signals.SKIP("not today")

    with Flow("flow") as flow:
        same(skips())
    return logged_run(flow)


@scenario(since="0.10", differed="the log did not tell of signals", where=[""])
def a_failure_by_signal():
    @task
    def signalled():
        raise signals.FAIL("because")

    with Flow("flow") as flow:
        signalled()
    return logged_run(flow)


@scenario(since="0.10")
def the_logger_of_a_task_is_named_after_it():
    @task
    def talks():
        prefect.context.get("logger").info("from the context")
        prefect.context.logger.warning("a warning with %s", "arguments")

    class Talker(Task):
        def run(self):
            self.logger.info("from the task")

    with Flow("flow") as flow:
        talks(upstream_tasks=[Talker()])
    return logged_run(flow)


@scenario(since="0.10")
def get_logger_gives_the_prefect_logger_and_its_children():
    return [get_logger().name, get_logger("mine").name, get_logger("a.b").name]


@scenario(since="0.10")
def own_loggers_below_prefect_are_heard():
    with log_lines() as lines:
        get_logger("mine").info("hello")
        get_logger("mine").debug("not heard")
    return lines


@scenario(since="0.10")
def prints_become_log_lines_on_request():
    @task(log_stdout=True)
    def prints():
        print("hello", "you")
        return 5

    with Flow("flow") as flow:
        value = prints()
    with log_lines() as lines:
        state = flow.run()
    return [lines, state.result[value].result]


@scenario
def constants_and_parameters_in_the_log():
    with Flow("flow") as flow:
        same(Parameter("x", default=1))
        flow.add_task(same.copy().bind(5, flow=flow))
    lines = logged_run(flow)
    return sorted(lines)


@scenario(since="0.10", differed="the parent of a map ended after its children", where=[""])
def a_map_names_its_children():
    with Flow("flow") as flow:
        same.map([1, 2])
    return logged_run(flow)


@scenario
def debug_lines_tell_of_each_change_of_state():
    with Flow("flow") as flow:
        one()
    return logged_run(flow, "DEBUG")


@scenario(since="0.10")
def the_level_of_the_environment_is_obeyed():
    with Flow("flow") as flow:
        one()
    return [logged_run(flow, "ERROR"), logging.getLogger("prefect").level == logging.INFO]


@scenario(
    since="0.10",
    differed="slugs were random ids, and runs without a server had no ids",
    where=["flow_run_id", "task_run_id", "task_slug"],
)
def log_records_carry_the_names_of_flow_and_task():
    records = []

    class Keep(logging.Handler):
        def emit(self, record):
            records.append(record)

    @task
    def talks():
        prefect.context.logger.info("hello")

    with Flow("my flow") as flow:
        talks()
    handler = Keep()
    logging.getLogger("prefect").addHandler(handler)
    try:
        flow.run()
    finally:
        logging.getLogger("prefect").removeHandler(handler)
    (hello,) = (record for record in records if record.getMessage() == "hello")
    wanted = ["flow_name", "task_name", "task_slug", "flow_run_id", "task_run_id"]
    return {name: plain(getattr(hello, name, "absent")) for name in wanted}


@scenario(since="0.10")
def a_flow_has_a_logger():
    with log_lines() as lines:
        Flow("my flow").logger.info("hello")
    return lines


@scenario(since="0.10")
def the_last_line_tells_how_the_flow_ended():
    @task
    def skips():
        raise signals.SKIP("not today")

    def last_line(made):
        with Flow("flow") as flow:
            made()
        return logged_run(flow)[-1]

    return {"success": last_line(one), "failure": last_line(fails), "skipped": last_line(skips)}


@scenario
def the_format_of_a_line():
    from io import StringIO

    from prefect.utilities.logging import temporary_logger_config

    with temporary_logger_config(level="INFO", stream_fmt="%(levelname)s:%(name)s:%(message)s") as logger:
        stream = logger.handlers[0]
        before, buffer = stream.stream, StringIO()
        stream.stream = buffer
        get_logger("mine").info("hello")
        stream.stream = before
    return buffer.getvalue()


@scenario(since="0.10")
def a_logger_level_must_be_known():
    return raises(lambda: get_logger("mine").setLevel("LOUD"))
