"""Ready-made tasks: shell, secrets, templates."""

import os

import prefect
from observe import describe, log_lines, logged_run, plain, raises, results, run, scenario
from prefect import Flow
from prefect.client import Secret
from prefect.tasks.secrets import EnvVarSecret, PrefectSecret
from prefect.tasks.shell import ShellTask
from prefect.tasks.templates.strings import StringFormatter


def flow_of(made, *given, **arguments):
    with Flow("flow") as flow:
        made(*given, **arguments)
    return flow


@scenario
def a_shell_task_returns_the_last_line():
    return {
        "at init": ShellTask(command="echo one; echo two").run(),
        "at run": ShellTask().run(command="echo one"),
        "all": ShellTask(return_all=True).run(command="echo one; echo two"),
        "nothing": ShellTask().run(command="true"),
        "nothing, all": plain(ShellTask(return_all=True).run(command="true")),
        "no command": raises(lambda: ShellTask().run()),
    }


@scenario
def a_shell_task_has_an_environment_and_a_helper_script():
    os.environ["CONFORMANCE_OUTER"] = "outer"
    return {
        "env": ShellTask(env={"INNER": "inner"}).run(command='echo "$INNER $CONFORMANCE_OUTER"'),
        "helper": ShellTask(helper_script="greet() { echo hello $1; }").run(command="greet you"),
    }


@scenario(
    differs="the message ends with the last lines of the output",
    here={"flow/tasks/shell-1/message": "Command failed with exit code 3:\nbefore"},
)
def a_failing_shell_command():
    flow = flow_of(ShellTask(name="shell", return_all=True), command="echo before; exit 3")
    return {
        "flow": run(flow),
        "by hand": raises(lambda: ShellTask().run(command="exit 3"), says="Command failed with exit code"),
    }


@scenario
def a_shell_task_can_be_mapped():
    with Flow("flow") as flow:
        ShellTask(name="shell").map(command=["echo 1", "echo 2"])
    return results(flow)["shell-1"]


@scenario
def a_shell_task_streams_its_output_on_request():
    lines = logged_run(flow_of(ShellTask(name="shell", stream_output=True), command="echo one; echo two"))
    return [line for line in lines if "shell" in line.split(" | ")[0]]


@scenario
def a_shell_task_refuses_an_unknown_level():
    return [raises(ShellTask, stream_output=level) for level in ("LOUD", "warning")]


def lines_of(made, command):
    return [line for line in logged_run(flow_of(made, command=command)) if "prefect.shell" in line]


@scenario
def the_levels_of_a_shell_task():
    command = "echo one; echo two >&2; echo; echo ' three '"
    levels = {"debug": "DEBUG", "warning": "WARNING", "number": 40, "none": None, "false": False}
    seen = {name: lines_of(ShellTask(name="shell", stream_output=level), command) for name, level in levels.items()}
    kept = [ShellTask(stream_output=level).stream_output for level in ("DEBUG", True, 35)]
    return [seen, kept]


@scenario
def stderr_is_part_of_the_output_of_a_shell_command():
    command = "echo one; echo two >&2; echo three"
    return [ShellTask().run(command=command + "; echo last >&2"), ShellTask(return_all=True).run(command=command)]


@scenario
def blanks_at_the_end_of_lines_are_not_kept():
    made = ShellTask(return_all=True)
    return [
        made.run(command="echo '  a  '; echo; echo b; echo"),
        made.run(command=r"printf 'a\rb\n\014c\n\342\200\250d\nno end'"),
        ShellTask().run(command="echo a; echo"),
    ]


@scenario
def what_a_shell_task_is_given_when_it_runs_replaces_what_it_was_made_with():
    made = ShellTask(command="echo made", env={"A": "1", "B": "2"}, helper_script="x=1")
    return [
        made.run(),
        made.run(command="echo $A$B$x"),
        made.run(command="echo $A$B$x", env={"A": "3"}, helper_script="y=1"),
        made.run(command="", env=None, helper_script=None),
    ]


@scenario
def any_program_that_runs_a_script_can_be_the_shell():
    made = ShellTask(shell="python3", helper_script="x = 3")
    return [
        made.run(command="print(x + 1)"),
        ShellTask(shell="sh").run(command="echo $1"),
        raises(lambda: ShellTask(shell="no-such-shell").run(command="echo")),
        raises(lambda: ShellTask(shell="bash -x").run(command="echo")),
        raises(lambda: ShellTask(env={"A": 1}).run(command="echo")),
    ]


def failure(made, command):
    with log_lines() as lines:
        state = flow_of_state(made, command)
    return [plain(state.result), [line for line in lines if "prefect.shell" in line]]


def flow_of_state(made, command):
    (state,) = flow_of(made, command=command).run().result.values()
    return state


@scenario
def what_a_failing_shell_command_leaves():
    command = "echo one; echo two >&2; exit 3"
    return {
        "last line": failure(ShellTask(name="shell"), command),
        "all lines": failure(ShellTask(name="shell", return_all=True), command),
        "logged": failure(ShellTask(name="shell", log_stderr=True), command),
        "all logged": failure(ShellTask(name="shell", log_stderr=True, return_all=True), command),
        "streamed": failure(ShellTask(name="shell", log_stderr=True, stream_output=True), command),
        "nothing": failure(ShellTask(name="shell"), "exit 3"),
        "killed": failure(ShellTask(name="shell"), "kill -9 $$"),
    }


@scenario
def a_shell_command_that_fails_without_a_word():
    return describe(flow_of_state(ShellTask(), "exit 3"))


@scenario(
    differs="bytes that are no UTF-8 are shown, and do not fail the task",
    here={"raised": None, "returned": ["a\\xff\\xfeb"]},
)
def a_shell_command_that_writes_bytes():
    return raises(lambda: ShellTask(return_all=True).run(command=r"printf 'a\377\376b\n'"))


@scenario
def an_environment_secret_is_read_at_run_time():
    os.environ["CONFORMANCE_SECRET"] = "42"
    os.environ.pop("CONFORMANCE_MISSING", None)
    return {
        "value": EnvVarSecret("CONFORMANCE_SECRET").run(),
        "cast": EnvVarSecret("CONFORMANCE_SECRET", cast=int).run(),
        "missing": EnvVarSecret("CONFORMANCE_MISSING").run(),
        "raises": raises(lambda: EnvVarSecret("CONFORMANCE_MISSING", raise_if_missing=True).run(), says="not set"),
        "name at run": EnvVarSecret().run(name="CONFORMANCE_SECRET"),
        "no name": raises(lambda: EnvVarSecret().run(), says="secret name must be provided"),
    }


@scenario
def a_prefect_secret_comes_from_the_context():
    with prefect.context(secrets={"a": "text", "b": '{"x": 1}', "c": 5}):
        return {
            "text": PrefectSecret("a").run(),
            "json": plain(PrefectSecret("b").run()),
            "number": PrefectSecret("c").run(),
            "missing": raises(lambda: PrefectSecret("zzz").run(), says="not found"),
            "name at run": PrefectSecret().run(name="a"),
            "no name": raises(lambda: PrefectSecret().run(), says="secret name must be provided"),
        }


@scenario
def the_defaults_of_a_prefect_secret():
    secret = PrefectSecret("a")
    return [secret.name, secret.max_retries, secret.checkpoint, type(secret.result).__name__]


@scenario
def a_secret_takes_no_result():
    from prefect.engine.results import LocalResult

    return raises(lambda: PrefectSecret("a", result=LocalResult()))


@scenario
def a_secret_in_a_flow():
    with Flow("flow") as flow:
        PrefectSecret("a")
    added = len(flow.tasks)
    with Flow("other") as other:
        secret = PrefectSecret("a")
        prefect.task(lambda x: f"got {x}", name="use")(secret)
    return [added, results(other, context={"secrets": {"a": "text"}})]


@scenario
def the_secret_of_the_client():
    with prefect.context(secrets={"a": "text", "b": "[1, 2]"}):
        seen = [Secret("a").get(), Secret("b").get(), Secret("a").exists(), Secret("zzz").exists()]
    return {"values": seen, "missing": raises(Secret("zzz").get, says="was not found")}


@scenario
def a_string_formatter_fills_its_template():
    with Flow("flow") as flow:
        StringFormatter(template="{x} and {y}", name="at init")(x=1, y="two")
        StringFormatter(name="at run")(template="{flow_name}")
    state = flow.run()
    return {flow.slugs[task]: describe(end) for task, end in state.result.items()}


@scenario
def what_a_template_can_ask_for():
    def text(template, **values):
        return StringFormatter(template=template).run(**values)

    with prefect.context(place="here"):
        return {
            "context": text("{place} {x}", x=1),
            "values win": text("{place}", place="there"),
            "formats": text("{x[0]} {x!r:>7} {{}}", x="abc"),
            "no template": StringFormatter().run(),
            "at run": [StringFormatter(template="x").run(template=given) for given in ("y", "")],
            "missing": raises(text, "{nowhere}"),
            "by position": raises(text, "{}"),
        }
