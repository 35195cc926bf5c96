"""Result handlers: how results were written in 0.10."""

import json

import prefect
from observe import checkpointing, describe, files, folder, plain, raises, results, run, scenario
from prefect import Flow, Parameter, Task, task
from prefect.engine import signals
from prefect.engine.result import NoResult, Result
from prefect.engine.result_handlers import (
    ConstantResultHandler,
    JSONResultHandler,
    LocalResultHandler,
    ResultHandler,
    SecretResultHandler,
)


class Shelf(ResultHandler):
    """Keeps results in a list of its own."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def read(self, location):
        return self.kept[int(location)]

    def write(self, result):
        self.kept.append(result)
        return str(len(self.kept) - 1)


class Broken(ResultHandler):
    def read(self, location):
        raise OSError("can't read")

    def write(self, result):
        raise OSError("can't write")


@scenario(only="0.10")
def a_local_result_handler_writes_and_reads():
    where = folder()
    handler = LocalResultHandler(dir=str(where))
    location = handler.write({"a": [1, 2]})
    return {
        "files": len(files(where)),
        "prefix": location.startswith(f"{where}/prefect-result"),
        "read": handler.read(location),
    }


@scenario(only="0.10")
def a_local_result_handler_takes_a_relative_folder():
    return repr(LocalResultHandler(dir="relative"))


@scenario(only="0.10")
def a_json_result_handler_keeps_the_text_itself():
    handler = JSONResultHandler()
    return {
        "written": handler.write({"a": [1, None]}),
        "read": handler.read('{"a": [1, null]}'),
        "unserializable": raises(lambda: handler.write(object())),
    }


@scenario(only="0.10")
def a_constant_result_handler_shows_its_value():
    handler = ConstantResultHandler("always")
    return [handler.read("anything"), handler.write("something else")]


@scenario(
    only="0.10",
    differs="a handler that does not say how to read and write tells so",
    here={"read": {"raised": "NotImplementedError"}, "write": {"raised": "NotImplementedError"}},
)
def a_bare_result_handler_does_nothing():
    return {
        "read": raises(lambda: ResultHandler().read("here")),
        "write": raises(lambda: ResultHandler().write(1)),
    }


@scenario(only="0.10")
def a_handler_of_ones_own_gets_what_a_task_returns():
    shelf = Shelf()
    with Flow("flow") as flow:
        task(lambda: "kept", name="kept", result_handler=shelf)()
        task(lambda: "not kept", name="bare")()
    with checkpointing():
        seen = run(flow)
    return [seen, shelf.kept]


@scenario(only="0.10")
def a_result_handler_waits_for_checkpointing():
    shelf = Shelf()
    with Flow("flow") as flow:
        task(lambda: "kept", name="kept", result_handler=shelf)()
    flow.run()
    return shelf.kept


@scenario(only="0.10")
def the_handler_of_the_flow_serves_its_tasks():
    shelf, own = Shelf(), Shelf()
    with Flow("flow", result_handler=shelf) as flow:
        first = task(lambda: "first", name="first")()
        task(lambda x: x + " and second", name="second", result_handler=own)(first)
    with checkpointing():
        flow.run()
    return [shelf.kept, own.kept]


@scenario(only="0.10")
def checkpoint_false_writes_nothing():
    shelf = Shelf()
    with Flow("flow", result_handler=shelf) as flow:
        task(lambda: "secret", name="secret", checkpoint=False)()
    with checkpointing():
        flow.run()
    return shelf.kept


@scenario(only="0.10")
def failed_and_skipped_tasks_are_not_written():
    shelf = Shelf()

    @task(result_handler=shelf)
    def fails():
        raise ValueError("boom")

    @task(result_handler=shelf)
    def skips():
        raise signals.SKIP("not today")

    with Flow("flow") as flow:
        fails()
        skips()
    with checkpointing():
        flow.run()
    return shelf.kept


@scenario(only="0.10")
def a_handler_is_asked_for_each_child_of_a_map():
    shelf = Shelf()
    with Flow("flow") as flow:
        task(lambda x: 2 * x, name="double", result_handler=shelf).map([1, 2, 3])
    with checkpointing():
        seen = results(flow)
    return [seen, sorted(shelf.kept)]


@scenario(only="0.10", differs="each turn of a loop is written, as in 1.4", here={"1": [1, 2, 3]})
def only_the_last_value_of_a_loop_is_written():
    shelf = Shelf()

    @task(result_handler=shelf)
    def count_to_three():
        count = prefect.context.get("task_loop_count", 1)
        if count < 3:
            raise signals.LOOP(result=count)
        return count

    with Flow("flow") as flow:
        count_to_three()
    with checkpointing():
        seen = results(flow)
    return [seen, shelf.kept]


@scenario(only="0.10")
def a_handler_that_can_not_write_fails_the_task():
    with Flow("flow") as flow:
        task(lambda: 1, name="kept", result_handler=Broken())()
    with checkpointing():
        return run(flow)


@scenario(only="0.10")
def a_secret_result_handler_writes_the_name():
    class Secretive(Task):
        def run(self):
            return "the value"

    handler = SecretResultHandler(secret_task=Secretive(name="a secret"))
    return [handler.write("anything"), handler.read("a secret")]


@scenario(
    only="0.10", differs="a handler becomes the `result`, and is not kept beside it", here={"": [False, False, False]}
)
def a_task_and_a_flow_take_a_handler():
    shelf = Shelf()
    with Flow("flow", result_handler=shelf) as flow:
        made = Task(name="made", result_handler=shelf)
        flow.add_task(made)
    copied = made.copy()
    return [getattr(one, "result_handler", None) is shelf for one in (made, copied, flow)]


@scenario(only="0.10")
def a_task_without_a_handler_has_none():
    return [getattr(one, "result_handler", None) for one in (Task(), Flow("flow"))]


@scenario(only="0.10")
def a_handler_in_a_script_that_writes_json():
    where = folder()

    class Folder(ResultHandler):
        def read(self, location):
            return json.loads((where / location).read_text())

        def write(self, result):
            name = f"{prefect.context.task_name}.json"
            (where / name).write_text(json.dumps(result))
            return name

    with Flow("flow", result_handler=Folder()) as flow:
        numbers = task(lambda n: list(range(n)), name="numbers")(Parameter("n"))
        task(lambda items: sum(items), name="total")(numbers)
    with checkpointing():
        seen = results(flow, n=4)
    written = {name: json.loads((where / name).read_text()) for name in files(where)}
    return [seen["total-1"], written.get("numbers.json"), written["total.json"]]


@scenario(only="0.10")
def a_result_holds_a_value():
    return [Result(5).value, Result(value=[1]).value, Result(None).value, plain(NoResult.value)]


@scenario(
    only="0.10",
    differs="a result writes itself, as in 1.4, and takes no handler",
    here={"": {"raised": "TypeError"}},
)
def a_result_with_a_handler_stores_its_value_safely():
    def store():
        result = Result(value={"a": 1}, result_handler=JSONResultHandler())
        result.store_safe_value()
        return result.safe_value.value

    return raises(store)


@scenario(only="0.10")
def the_default_result_of_a_state():
    from prefect.engine.state import Pending, Success

    return [describe(Success()), describe(Success(result=0)), describe(Pending("waiting"))]
