"""`miniprefect kubernetes job`: print the manifest of a job that runs a flow in a cluster."""

import argparse
import os
import re
from typing import Any

from miniprefect.cli._errors import CommandError
from miniprefect.cli._manifests import (
    LARGEST_FILE,
    QUANTITY,
    VARIABLE,
    FlowJob,
    is_name,
    valid_name,
)
from miniprefect.cli._parser import Parser
from miniprefect.cli._values import pairs
from miniprefect.cli.run import EXECUTORS
from miniprefect.utilities.lazy import LazyModule

json = LazyModule("json")
yaml = LazyModule("yaml")


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command, which has commands of its own."""
    parser = commands.add_parser(
        "kubernetes",
        help="print manifests that run flows in a Kubernetes cluster",
        description="Print manifests for `kubectl create -f -`. Nothing is created by this command itself.",
    )
    parser.set_defaults(parser=parser)
    _add_job(parser.add_subparsers(title="commands", metavar="COMMAND"))


def _add_job(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(
        "job",
        help="print the manifest of a job that runs a flow",
        description="Print a Job that executes `miniprefect run -p FILE`, and a ConfigMap that brings FILE into the "
        "container; the image has to have miniprefect, and what the flow imports. FILE is not loaded. The exit code "
        "is 0, or 2 if something of what was given can't be used.",
    )
    parser.add_argument("file", metavar="FILE", help="the Python file that the flow is in")
    parser.add_argument("--image", required=True, metavar="IMAGE", help="the container image to run it in")
    parser.add_argument("--in-image", action="store_true", help="FILE is a path in the image: bring no ConfigMap")
    _add_run(parser)
    _add_place(parser)
    parser.add_argument(
        "-o", "--output", choices=("json", "yaml"), default="json", help="how to print it; yaml needs PyYAML"
    )
    parser.set_defaults(work=work, parser=parser)


def _add_run(parser: Parser) -> None:
    """Add the arguments that are for `miniprefect run`."""
    parser.add_argument("--flow", metavar="NAME", help="the name of the flow, if there are several in FILE")
    several: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("--param", metavar="NAME=VALUE", help="a parameter; may be given several times", **several)
    parser.add_argument(
        "--executor", metavar="|".join(EXECUTORS), help="where tasks run; dask may have an address: dask:ADDRESS"
    )


def _add_place(parser: Parser) -> None:
    """Add the arguments that say how the container is to be."""
    several: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("--name", metavar="NAME", help="the name of the job; by default it is made of the flow's")
    parser.add_argument("--namespace", metavar="NAME", help="the namespace; by default that of whoever creates the job")
    parser.add_argument("--env", metavar="NAME=VALUE", help="an environment variable; several times", **several)
    parser.add_argument(
        "--env-secret",
        metavar="SECRET",
        help="a Secret of the cluster whose keys all become environment variables; several times",
        **several,
    )
    parser.add_argument("--cpu", metavar="CPU", help="the processors to ask for, such as 2 or 500m")
    parser.add_argument("--memory", metavar="MEMORY", help="the memory to ask for and to stay below, such as 512Mi")
    parser.add_argument("--service-account", metavar="NAME", help="the service account to run as")


def work(arguments: argparse.Namespace) -> int:
    """Print the manifest."""
    manifest = _job_of(arguments).manifest()
    print(_as_yaml(manifest) if arguments.output == "yaml" else json.dumps(manifest, indent=2))
    return 0


def _job_of(arguments: argparse.Namespace) -> FlowJob:
    pairs(arguments.param, "--param")  # what `miniprefect run` would refuse is refused here
    stem = os.path.splitext(os.path.basename(arguments.file))[0]
    return FlowJob(
        name=_checked_name("--name", arguments.name) or valid_name(arguments.flow or stem),
        image=_word("--image", arguments.image),
        file=arguments.file if arguments.in_image else _key(arguments.file),
        source=None if arguments.in_image else _source(arguments.file),
        options=tuple(_run_options(arguments)),
        namespace=_checked_name("--namespace", arguments.namespace),
        env=_variables(arguments.env),
        env_secrets=tuple(str(_checked_name("--env-secret", name, dots=True)) for name in arguments.env_secret),
        resources=_resources(arguments),
        service_account=_checked_name("--service-account", arguments.service_account, dots=True),
    )


def _run_options(arguments: argparse.Namespace) -> list[str]:
    options = [f"--name={arguments.flow}"] if arguments.flow else []
    options += [f"--param={text}" for text in arguments.param]
    if arguments.executor is not None:
        kind = arguments.executor.partition(":")[0]
        if kind not in EXECUTORS:
            raise CommandError(f"--executor takes {', '.join(EXECUTORS)}, not {arguments.executor!r}.")
        options.append(f"--executor={arguments.executor}")
    return options


def _word(option: str, text: str) -> str:
    if not text or re.search(r"\s", text):
        raise CommandError(f"{option} takes a word without blanks, not {text!r}.")
    return text


def _checked_name(option: str, name: str | None, dots: bool = False) -> str | None:
    """Return a name that the user chose, which is not to be changed."""
    if name is None or is_name(name) or (dots and all(map(is_name, name.split(".")))):
        return name
    raise CommandError(
        f"{option}: {name!r} is no name for Kubernetes, which takes lower case letters, digits and hyphens between "
        f"them, 63 at most: {valid_name(name)!r}, for instance."
    )


def _key(file: str) -> str:
    """Return the name of a file as a key of a ConfigMap."""
    return re.sub(r"[^-._a-zA-Z0-9]", "_", os.path.basename(file))


def _source(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            data = stream.read()
        if len(data) > LARGEST_FILE:
            raise CommandError(
                f"{file!r} has {len(data)} bytes, and a ConfigMap holds {LARGEST_FILE} at most. "
                "Put it into the image, and name its path there with --in-image."
            )
        return data.decode()
    except FileNotFoundError:
        remedy = "To name a path in the image, add --in-image."
        raise CommandError(f"File does not exist: {file!r}. {remedy}") from None
    except OSError as error:
        raise CommandError(f"{file!r} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{file!r} is not a text in UTF-8.") from None


def _variables(given: list[str]) -> dict[str, str]:
    """Return environment variables by name; of several with one name, the last counts."""
    found = {}
    for text in given:
        name, is_there, value = text.partition("=")
        if not is_there or not VARIABLE.fullmatch(name):
            raise CommandError(f"--env takes NAME=VALUE, not {text!r}.")
        found[name] = value
    return found


def _resources(arguments: argparse.Namespace) -> dict[str, str]:
    found = {name: getattr(arguments, name) for name in ("cpu", "memory") if getattr(arguments, name) is not None}
    for name, amount in found.items():
        if not QUANTITY.fullmatch(amount):
            raise CommandError(f"--{name}: {amount!r} is no amount. 2, 0.5 and 500m are; of memory, 512Mi and 2Gi.")
    return found


def _as_yaml(manifest: dict[str, Any]) -> str:
    try:
        dumper = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda self, data: True})
    except ImportError:
        raise CommandError(
            "-o yaml needs PyYAML: pip install pyyaml. Kubernetes takes JSON as well, which is the default."
        ) from None
    dumper.add_representer(str, _text_in_yaml)  # type: ignore[attr-defined]
    return str(yaml.dump(manifest, Dumper=dumper, sort_keys=False, allow_unicode=True)).rstrip("\n")


def _text_in_yaml(dumper: Any, text: str) -> Any:
    """Have the lines of a file one below the other."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
