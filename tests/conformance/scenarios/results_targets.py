"""Results, checkpoints, targets, serializers."""

import json
import pickle

import prefect
from observe import checkpointing, describe, files, folder, logged_run, plain, raises, run, scenario
from prefect import Flow, Parameter, task
from prefect.engine import signals
from prefect.engine.result import Result
from prefect.engine.results import ConstantResult, LocalResult, PrefectResult, SecretResult


def one():
    return 1


def end_of(flow, **arguments):
    """Run a flow of one task and describe the task's end."""
    state = flow.run(**arguments)
    return next(describe(end) for task_, end in state.result.items() if task_.name == "kept")


def keeping(function=one, **arguments):
    with Flow("my flow") as flow:
        task(function, name="kept", **arguments)()
    return flow


@scenario
def a_result_holds_a_value_and_a_location():
    result = Result(5, location="here")
    return [
        result.value,
        result.location,
        Result().value,
        Result().location,
        repr(result),
        type(result.serializer).__name__,
    ]


@scenario(since="0.10")
def results_compare_by_value_and_location():
    return [
        Result(1) == Result(1),
        Result(1) == Result(2),
        Result(1, location="a") == Result(1, location="b"),
        Result(1) == LocalResult(),
    ]


@scenario(since="0.10")
def formatting_a_result_copies_it():
    template = Result(location="{flow_name}/{x}.txt")
    formatted = template.format(flow_name="flow", x=1)
    return [template.location, formatted.location, formatted is template]


@scenario
def a_bare_result_reads_and_writes_nothing():
    return {
        "exists": raises(lambda: Result().exists("x")),
        "read": raises(lambda: Result().read("x")),
        "write": raises(lambda: Result().write(1)),
        "from_value": Result(location="x").from_value(7).value,
    }


@scenario
def a_local_result_writes_reads_and_knows():
    where = folder()
    result = LocalResult(dir=str(where), location="sub/{x}.txt")
    written = result.write({"a": 1}, x=5)
    return {
        "files": files(where),
        "location": written.location.endswith("sub/5.txt"),
        "value": written.value,
        "read": result.read(written.location).value,
        "exists": [
            result.exists("sub/{x}.txt", x=5),
            result.exists("sub/6.txt"),
            result.exists(str(where / "sub/5.txt")),
        ],
        "template stays": result.location,
    }


@scenario(since="0.10")
def a_local_result_lives_in_the_home_folder_by_default():
    home = prefect.config.home_dir
    return [plain(LocalResult(**given).dir) for given in ({}, {"dir": home}, {"dir": f"{home}/below"})]


@scenario
def a_local_result_with_a_callable_location():
    where = folder()
    result = LocalResult(dir=str(where), location=lambda **given: f"{given['x']}-called")
    result.write(1, x=5)
    return files(where)


@scenario(since="0.10")
def a_missing_file_can_not_be_read():
    return raises(lambda: LocalResult(dir=str(folder())).read("nothing"))


@scenario
def a_prefect_result_keeps_json_in_its_location():
    written = PrefectResult().write({"a": [1, 2]})
    return {
        "location": written.location,
        "read": PrefectResult().read(written.location).value,
        "exists": [PrefectResult().exists(text) for text in ('{"a": 1}', "not json")],
        "unserializable": raises(lambda: PrefectResult().write(object())),
        "before a write": PrefectResult().location,
        "pickle": raises(lambda: PrefectResult(serializer=prefect.engine.serializers.PickleSerializer())),
    }


@scenario
def a_constant_result_only_holds():
    result = ConstantResult(value=5)
    return {
        "read": result.read("anything").value,
        "exists": result.exists("anything"),
        "write": raises(lambda: result.write(6)),
        "serializer": raises(
            lambda: ConstantResult(serializer=prefect.engine.serializers.JSONSerializer()),
            says="Can't pass a serializer",
        ),
    }


@scenario(since="0.10")
def a_secret_result_reads_by_running_its_task():
    secret = task(lambda name: f"hidden {name}", name="secret")
    result = SecretResult(secret)
    return [result.read("anything").value, result.location, raises(lambda: result.write("x"))["raised"]]


@scenario(since="0.10")
def without_checkpointing_nothing_is_written():
    where = folder()
    end = end_of(keeping(result=LocalResult(dir=str(where), location="kept.txt")))
    return [end, files(where)]


@scenario
def with_checkpointing_a_result_is_written():
    where = folder()
    with checkpointing():
        end = end_of(keeping(result=LocalResult(dir=str(where), location="kept.txt")))
    return [end, files(where), LocalResult(dir=str(where)).read("kept.txt").value]


@scenario(since="0.10")
def checkpoint_false_writes_nothing():
    where = folder()
    with checkpointing():
        end_of(keeping(result=LocalResult(dir=str(where), location="kept.txt"), checkpoint=False))
    return files(where)


@scenario(since="0.10", differed="without a result handler, 0.10.6 wrote nothing", where=[""])
def the_result_of_the_flow_is_used_by_its_tasks():
    where = folder()
    with checkpointing():
        with Flow("flow", result=LocalResult(dir=str(where), location="{task_name}.txt")) as flow:
            task(one, name="first")()
            task(one, name="second")()
        flow.run()
    return files(where)


@scenario(since="0.10")
def failures_and_skips_are_not_written():
    where = folder()

    def fails():
        raise ValueError("boom")

    def skips():
        raise signals.SKIP("no")

    with checkpointing():
        for function in (fails, skips):
            end_of(keeping(function, result=LocalResult(dir=str(where), location="kept.txt")))
    return files(where)


@scenario(since="0.10", differed="without a result handler, 0.10.6 wrote nothing", where=[""])
def a_result_of_none_is_not_written():
    where = folder()
    with checkpointing(), Flow("flow") as flow:
        made = task(
            lambda x: None if x == 2 else x,
            name="kept",
            result=LocalResult(dir=str(where), location="{map_index}.txt"),
        )
        made.map([0, 1, 2, 3])
    with checkpointing():
        flow.run()
    return files(where)


@scenario(since="0.10", differed="without a result handler, 0.10.6 wrote nothing", where=["1"])
def a_raised_success_with_a_result_is_written():
    where = folder()

    def early():
        raise signals.SUCCESS("early", result=5)

    with checkpointing():
        end = end_of(keeping(early, result=LocalResult(dir=str(where), location="kept.txt")))
    return [end, files(where)]


@scenario(since="0.10", differed="without a result handler, 0.10.6 wrote nothing", where=[""])
def a_location_is_rendered_from_the_context():
    where = folder()
    location = "{flow_name}/{task_name}/{today}.txt"
    with checkpointing():
        end_of(keeping(result=LocalResult(dir=str(where), location=location)), context={"today": "today"})
    return files(where)


@scenario(since="0.10", differed="without a result handler, 0.10.6 wrote nothing", where=["0", "1"])
def a_location_that_can_not_be_rendered():
    with checkpointing():
        end = end_of(keeping(result=LocalResult(dir=str(folder()), location="{nonsense}.txt")))
    return [end["state"], end["result"]]


@scenario
def an_existing_target_is_used_in_the_next_run():
    where = folder()
    flow = keeping(target="kept.txt", result=LocalResult(dir=str(where)))
    with checkpointing():
        first, second = end_of(flow), end_of(flow)
    return [first, second, files(where)]


@scenario
def a_target_needs_checkpointing():
    where = folder()
    flow = keeping(target="kept.txt", result=LocalResult(dir=str(where)))
    return [end_of(flow)["state"], end_of(flow)["state"], files(where)]


@scenario
def a_target_is_rendered_from_inputs_parameters_and_config():
    where = folder()
    with Flow("flow", result=LocalResult(dir=str(where))) as flow:
        same = task(lambda x: x, name="kept", target="{task_name}-{x}-{parameters[p]}-{config.logging.level}.txt")
        same(Parameter("p"))
    with checkpointing():
        flow.run(p=7)
    return files(where)


@scenario
def inputs_beat_the_context_in_a_target():
    where = folder()
    with Flow("flow", result=LocalResult(dir=str(where))) as flow:
        task(lambda today: today, name="kept", target="{today}.txt")("input")
    with checkpointing():
        flow.run()
    return files(where)


@scenario
def a_target_may_be_callable():
    where = folder()
    flow = keeping(target=lambda **given: f"{given['task_name']}-called.txt", result=LocalResult(dir=str(where)))
    with checkpointing():
        first, second = end_of(flow), end_of(flow)
    return [first["state"], second["state"], files(where)]


@scenario
def a_target_for_each_child_of_a_map():
    where = folder()
    with Flow("flow", result=LocalResult(dir=str(where))) as flow:
        task(lambda x: x, name="kept", target="{map_index}.txt").map([5, 6])
    with checkpointing():
        first, second = run(flow), run(flow)
    return [files(where), first["tasks"]["kept-1"], second["tasks"]["kept-1"]]


@scenario
def a_result_with_its_own_location_and_a_target_warns_or_not():
    result = LocalResult(dir=str(folder()), location="location.txt")
    made = task(one, name="kept", result=result, target="target.txt")
    return [made.target, made.result.location, result.location]


@scenario
def a_deleted_target_is_made_again():
    where = folder()
    flow = keeping(target="kept.txt", result=LocalResult(dir=str(where)))
    with checkpointing():
        end_of(flow)
        (where / "kept.txt").unlink()
        second = end_of(flow)
    return [second, files(where)]


@scenario
def what_comes_after_a_cached_target_gets_its_value():
    where = folder()
    with Flow("flow", result=LocalResult(dir=str(where))) as flow:
        task(lambda x: x + 1, name="after")(task(one, name="kept", target="kept.txt")())
    with checkpointing():
        return [run(flow), run(flow)]


@scenario
def the_log_of_a_cached_target():
    flow = keeping(target="kept.txt", result=LocalResult(dir=str(folder())))
    with checkpointing():
        flow.run()
        return logged_run(flow)


@scenario(since="0.10", differed="without a result handler, 0.10.6 wrote nothing", where=[""])
def an_unpicklable_result_with_checkpointing():
    def lock():
        import threading

        return threading.Lock()

    with checkpointing():
        end = end_of(keeping(lock, result=LocalResult(dir=str(folder()), location="kept.txt")))
    return end["state"]


@scenario
def a_serializer_is_used_for_the_file():
    where = folder()
    with checkpointing():
        end_of(
            keeping(
                lambda: {"a": 1},
                result=LocalResult(
                    dir=str(where), location="kept.json", serializer=prefect.engine.serializers.JSONSerializer()
                ),
            )
        )
    return [json.loads((where / "kept.json").read_text()), files(where)]


@scenario
def a_pickled_file_is_a_pickle():
    where = folder()
    with checkpointing():
        end_of(keeping(result=LocalResult(dir=str(where), location="kept.pickle")))
    return pickle.loads((where / "kept.pickle").read_bytes())


@scenario
def loading_a_result_again():
    where = folder()
    with checkpointing():
        flow = keeping(lambda: [1, 2], result=LocalResult(dir=str(where), location="kept.txt"))
        state = flow.run()
    (end,) = state.result.values()
    bare = prefect.engine.state.Success(result=LocalResult(dir=str(where), location="kept.txt"))
    return [end.result, bare.result, bare.load_result().result]


@scenario(
    differs="a state that knows only the place of its result gets the result, where Prefect passes None",
    here={"tasks/after-1/result": "from the file", "tasks/kept-1/result": "from the file"},
)
def an_upstream_result_is_read_from_its_location():
    where = folder()
    LocalResult(dir=str(where), location="kept.txt").write("from the file")
    with Flow("flow") as flow:
        kept = task(one, name="kept", result=LocalResult(dir=str(where)))()
        task(lambda x: x, name="after")(kept)
    before = prefect.engine.state.Success(result=LocalResult(dir=str(where), location="kept.txt"))
    return run(flow, task_states={kept: before})


@scenario(since="0.10", differed="without a result handler, 0.10.6 wrote nothing", where=["1"])
def each_turn_of_a_loop_is_written():
    where = folder()

    def loops():
        count = prefect.context.get("task_loop_count", 1)
        if count < 3:
            raise signals.LOOP(result=count)
        return count

    with checkpointing():
        end = end_of(
            keeping(loops, result=LocalResult(dir=str(where), location="{task_loop_count}.txt")),
            context={"task_loop_count": 1},
        )
    return [end, files(where)]
