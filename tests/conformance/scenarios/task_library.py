"""Ready-made tasks: shell, secrets, templates, files."""

import os

import prefect
from observe import describe, files, folder, logged_run, plain, raises, results, run, scenario
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


@scenario
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
    return raises(lambda: ShellTask(stream_output="LOUD"))


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
def files_are_copied_moved_listed_and_removed():
    from prefect.tasks.files import Copy, Glob, Move, Remove

    where = folder()
    (where / "a.txt").write_text("a")
    copied = Copy().run(source_path=str(where / "a.txt"), target_path=str(where / "b.txt"))
    seen = [files(where), plain(str(copied))]
    Move().run(source_path=str(where / "b.txt"), target_path=str(where / "c.txt"))
    found = Glob().run(path=str(where), pattern="*.txt")
    seen += [files(where), sorted(path.name for path in found)]
    Remove().run(path=str(where / "c.txt"))
    return [*seen, files(where)]


@scenario
def files_are_zipped_and_unzipped():
    from prefect.tasks.files import Unzip, Zip

    where = folder()
    (where / "a.txt").write_text("a")
    (where / "out").mkdir()
    Zip().run(source_path=str(where / "a.txt"), zip_path=str(where / "z.zip"))
    Unzip().run(zip_path=str(where / "z.zip"), extract_dir=str(where / "out"))
    return [name.split("/")[-1] for name in files(where)]


@scenario
def an_email_task_refuses_an_unknown_kind_of_smtp():
    from prefect.tasks.notifications import EmailTask

    with prefect.context(secrets={"EMAIL_USERNAME": "me", "EMAIL_PASSWORD": "secret"}):
        made = EmailTask(subject="s", msg="m", email_to="you@example.org", smtp_type="TEST")
        return raises(made.run, says="TEST is an unsupported value for smtp_type.")
