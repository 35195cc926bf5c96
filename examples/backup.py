"""Shell commands as tasks: find files, take a checksum of each, pack them, and check what was packed.

    python examples/backup.py                           # packs examples/data into a new temporary folder
    python examples/backup.py ~/Documents --archive /tmp/documents.tar.gz

Each command is a task: the flow decides what runs after what, and which of them side by side. What a command writes is
its result; its exit code decides whether the task succeeds, and what it wrote last says why not.
"""

import argparse
import shlex
import tempfile
from pathlib import Path

from miniprefect import Flow, Parameter, task
from miniprefect.executors import LocalDaskExecutor
from miniprefect.tasks.shell import ShellTask

DATA = Path(__file__).parent / "data"

# Without these, bash takes no notice of a command that fails, unless it is the last one.
shell = ShellTask(helper_script="set -e -o pipefail", return_all=True)


@task
def fill_in(command, **values):
    """Put values into a command, quoted so that blanks and semicolons in them do no harm."""
    return command.format(**{name: shlex.quote(value) for name, value in values.items()})


@task
def for_each(command, files, folder):
    return [command.format(file=shlex.quote(file), folder=shlex.quote(folder)) for file in files]


@task
def check(files, checksums, packed):
    """Return the checksum of each file, if the archive has all of them."""
    if sorted(packed) != sorted(files):
        raise ValueError(f"{len(files)} files were found, and {len(packed)} are in the archive")
    return dict(zip(files, (lines[-1].split()[0] for lines in checksums), strict=True))


with Flow("backup", executor=LocalDaskExecutor(num_workers=4)) as flow:
    folder = Parameter("folder", default=str(DATA))
    archive = Parameter("archive")

    files = shell(fill_in("cd {folder}; find . -type f | sort", folder=folder), task_args={"name": "find"})
    checksums = shell.map(for_each("cd {folder}; sha256sum {file}", files, folder), task_args={"name": "checksum"})
    pack = shell(
        fill_in("tar -czf {archive} -C {folder} .", archive=archive, folder=folder), task_args={"name": "pack"}
    )
    packed = shell(
        fill_in("tar -tzf {archive} | grep -v '/$'", archive=archive),
        upstream_tasks=[pack],
        task_args={"name": "list"},
    )
    checked = check(files, checksums, packed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=str(DATA), help="what to pack (default: examples/data)")
    parser.add_argument("--archive", help="the archive (default: in a new temporary folder)")
    options = parser.parse_args()
    options.archive = options.archive or str(Path(tempfile.mkdtemp(prefix="backup-")) / "backup.tar.gz")

    state = flow.run(parameters=vars(options))
    if not state.is_successful():
        print("No backup. The log above says which command failed, and what it wrote last.")
        return 1
    for file, checksum in state.result[checked].result.items():
        print(checksum[:12], file)
    print(f"Packed into {options.archive}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
