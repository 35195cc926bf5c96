"""Run the blocks of one page of the documents, in this process and in the current directory.

`python page_runner.py PATTERN` reads {"page": NAME, "steps": [BLOCK...]} as JSON on standard input; a block
has the fields of `tests.test_documents.Block`. Commands that match PATTERN are passed over. This file imports
nothing of the suite or of miniprefect: a page sees what a reader's own script would see.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

Step = dict[str, Any]


def run_python(step: Step, page: str, namespace: dict[str, Any]) -> None:
    """Execute a block, in which tracebacks and what `inspect` reads are to show the lines of the page."""
    code = compile("\n" * (step["line"] - 1) + step["text"], page, "exec")
    if step["verb"] != "fails":
        exec(code, namespace)
        return
    try:
        exec(code, namespace)
    except BaseException as error:
        if step["argument"] not in [cls.__name__ for cls in type(error).__mro__]:
            raise
    else:
        sys.exit(f"{page}:{step['line']} was to raise {step['argument']} and raised nothing")


def run_commands(step: Step, page: str, passed_over: str) -> None:
    """Execute the lines of a block that begin with "$ "."""
    for line in step["text"].splitlines():
        command = line.removeprefix("$ ")
        if command == line or re.search(passed_over, command):
            continue
        code = subprocess.run(command, shell=True).returncode
        if code:
            sys.exit(f"{page}:{step['line']} ended with exit code {code}: {command}")


def main(passed_over: str) -> None:
    """Take the steps one after the other."""
    task = json.load(sys.stdin)
    # The page is the main module: its functions pickle, and its names are not those of this file.
    page = sys.modules["__main__"] = ModuleType("__main__")
    for step in task["steps"]:
        if step["verb"] == "file":
            Path(step["argument"]).write_text(step["text"])
        elif step["language"] == "python":
            run_python(step, task["page"], page.__dict__)
        else:
            run_commands(step, task["page"], passed_over)


if __name__ == "__main__":
    sys.path[0] = ""  # as in a script in the current directory
    main(sys.argv[1])
