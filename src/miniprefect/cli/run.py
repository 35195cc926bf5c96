"""`miniprefect run`: run a flow that is in a file or a module."""

import argparse
import functools
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from miniprefect.cli._errors import FAILED, CommandError, said, write_to_nobody
from miniprefect.cli._flows import add_source, find_flow, send_by_value
from miniprefect.cli._parser import Parser
from miniprefect.cli._values import from_file, pairs
from miniprefect.configuration import config
from miniprefect.engine.runner import INTERRUPTED
from miniprefect.engine.state import Cancelled, State
from miniprefect.utilities.context import context
from miniprefect.utilities.lazy import LazyModule

executors = LazyModule("miniprefect.executors")

LEVELS = ("debug", "info", "warning", "error", "critical")

_INTERRUPTED = 130


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run",
        help="run a flow",
        description="Run the flow in FILE or MODULE, once and now unless --schedule is given. While the file is "
        "loaded, `flow.run()` and `flow.register()` in it do nothing but warn, and what stands below "
        "`if __name__ == '__main__':` is not executed. The exit code is 0 only if the flow run succeeded, 1 if it "
        "did not, 2 if nothing has run, 130 after Ctrl-C.",
    )
    add_source(parser)
    parser.add_argument(
        "--param",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter, in JSON; a bare word is a string. May be given several times",
    )
    parser.add_argument("--param-file", metavar="FILE", help="a JSON object of parameters; --param comes before it")
    parser.add_argument(
        "--context", metavar="NAME=VALUE", action="append", default=[], help="a value for the context, like --param"
    )
    parser.add_argument("--run-name", metavar="TEXT", help="the name of the flow run, for its context")
    _add_manner(parser)
    parser.set_defaults(work=work, parser=parser)


def _add_manner(parser: Parser) -> None:
    """Add the arguments that say how to run."""
    parser.add_argument(
        "--executor",
        metavar="local|threads|processes|dask[:ADDRESS]",
        type=_executor_name,
        help="where tasks run, instead of where the flow says",
    )
    parser.add_argument("--workers", metavar="N", type=_positive, help="how many threads, processes or Dask workers")
    parser.add_argument(
        "-s",
        "--schedule",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="whether to wait for the times of the flow's schedule and run at each",
    )
    parser.add_argument("--log-level", type=str.lower, choices=LEVELS, help="from which level on to log")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but what the flow logs and prints")
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="whether to show how far a long run is, on a terminal; yes by default, but with -q",
    )
    parser.add_argument("--report", metavar="FILE", help="write a report of the run, an HTML page")


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers: 1, 2, ...")
    return number


# ---------------------------------------------------------------------- executors


def _executor_name(text: str) -> tuple[str, str]:
    """Return the kind of an executor, and what follows its colon."""
    kind, colon, address = text.partition(":")
    if kind not in EXECUTORS or (colon and not (kind == "dask" and address)):
        known = "local, threads, processes, dask or dask:ADDRESS (such as dask:tcp://127.0.0.1:8786)"
        raise argparse.ArgumentTypeError(f"{text!r} is no executor: {known}")
    return kind, address


def _local(address: str, workers: int | None) -> Any:
    if workers is not None:
        raise CommandError("--workers needs --executor threads, processes or dask: local runs one task at a time.")
    return executors.LocalExecutor()


def _threads(address: str, workers: int | None) -> Any:
    return executors.ThreadExecutor(workers)


def _processes(address: str, workers: int | None) -> Any:
    return executors.ProcessExecutor(workers)


def _dask(address: str, workers: int | None) -> Any:
    if address and workers is not None:
        raise CommandError(f"--workers is of no use with a cluster that is there: {address} has its own.")
    options = {"address": address} if address else {"cluster_kwargs": {"n_workers": workers}} if workers else {}
    try:
        return executors.DaskExecutor(**options)
    except ImportError as error:
        raise CommandError(str(error)) from error


EXECUTORS = {"local": _local, "threads": _threads, "processes": _processes, "dask": _dask}


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `flow.run` is to be given besides the parameters."""
    options: dict[str, Any] = {"run_on_schedule": arguments.schedule}
    if arguments.executor is not None:
        kind, address = arguments.executor
        options["executor"] = EXECUTORS[kind](address, arguments.workers)
    elif arguments.workers is not None:
        raise CommandError("--workers needs --executor threads, processes or dask.")
    if arguments.context:
        options["context"] = pairs(arguments.context, "--context")
    if arguments.run_name is not None:
        options["flow_run_name"] = arguments.run_name
    return options


def _shows_progress(arguments: argparse.Namespace) -> bool:
    if arguments.progress is not None:
        return bool(arguments.progress)
    configured = config.flows.get("progress")
    return not arguments.quiet and (configured is None or bool(configured))


# ---------------------------------------------------------------------- running


def work(arguments: argparse.Namespace) -> int:
    """Run the flow; return 0 if that went well."""
    parameters = {**from_file(arguments.param_file), **pairs(arguments.param, "--param")}
    options = _options(arguments)
    _check_report(arguments.report)
    _configure(arguments)
    flow = find_flow(arguments)
    # Once more, for the file may have set variables of the configuration, which is then read anew.
    _configure(arguments)
    _go_on_without_readers()
    if getattr(options.get("executor") or flow.executor, "is_remote", False):
        send_by_value()
    try:
        state = flow.run(parameters=parameters, **options)
    except KeyboardInterrupt:  # just before the run, or between two
        return _outcome(Cancelled(INTERRUPTED), arguments.quiet)
    except Exception as error:
        _refuse(error, options)
    if arguments.report:
        _report(state, arguments.report)
    return _outcome(state, arguments.quiet)


def _refuse(error: Exception, options: dict[str, Any]) -> NoReturn:
    """Say what `flow.run` raised.

    A run returns a state whatever happens, unless it is told not to. So what it raises is misuse, and nothing has run.
    """
    if {**context, **(options.get("context") or {})}.get("raise_on_exception"):
        raise CommandError(f"The flow run ended with {said(error)}.", code=FAILED) from error
    if isinstance(error, ValueError):
        raise CommandError(str(error)) from None
    raise CommandError(said(error)) from error


def _configure(arguments: argparse.Namespace) -> None:
    config.flows.progress = _shows_progress(arguments)
    if arguments.report is not None:
        config.flows.keep_times = True  # what a report is about
    if arguments.log_level is not None:
        level = arguments.log_level.upper()
        config.logging.level = level
        logging.getLogger("prefect").setLevel(level)


def _go_on_without_readers() -> None:
    """Have a run go on when nobody reads its log any more: what it does is more than what it says."""
    for handler in logging.getLogger("prefect").handlers:
        setattr(handler, "handleError", functools.partial(_line_lost, handler.handleError))  # noqa: B010


def _line_lost(usual: Callable[[logging.LogRecord], None], record: logging.LogRecord) -> None:
    if isinstance(sys.exc_info()[1], BrokenPipeError):
        write_to_nobody()
    else:
        usual(record)


def _check_report(path: str | None) -> None:
    """Find out before a long run that there is no place for its report."""
    if path is not None and (os.path.isdir(path) or not os.path.isdir(os.path.dirname(path) or ".")):
        raise CommandError(f"The report can't be written to {path!r}: name a file in a folder that is there.")


def _report(state: State, path: str) -> None:
    try:
        state.report(path)
    except Exception as error:
        words = f"The flow has run ({state!r}), but its report can't be written: {said(error)}."
        raise CommandError(words, code=FAILED) from error


def _outcome(state: State, quiet: bool) -> int:
    """Say how the run ended, and return the exit code for it."""
    if state.is_successful():
        code, words = 0, "Flow run succeeded!"
    elif state.message == INTERRUPTED:
        code, words = _INTERRUPTED, "Flow run cancelled."
    elif state.is_finished():
        code, words = FAILED, "Flow run failed!"
    else:
        code, words = FAILED, "Flow run did not finish: some tasks wait for what does not come by itself."
    if not quiet:
        print(words)
    return code
