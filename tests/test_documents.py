"""Every code block of README.md and docs/ runs, and every link between the documents leads somewhere.

The blocks of a page run in their order, in a process and a working directory of the page's own, in which
`examples/` is the repository's. A comment on the line before a block says what to do with it:

    ```python     is executed; all python blocks of a page share one namespace
    ```console    is only shown

    <!-- fails: ErrorName -->    the python block must raise that error
    <!-- file: name.py -->       the block, of any language, is written to that file
    <!-- skip: reason -->        the block is only shown
    <!-- run -->                 the lines of the console block that begin with "$ " are executed

README.md marks the two commands that .ci/run executes word for word with `<!-- run -->` and `<!-- test -->`;
commands that install, or that run this suite, are left to it.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
RUNNER = Path(__file__).with_name("page_runner.py")
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
PAGE_NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]
LEFT_TO_CI = re.compile(r"\bpip install\b|\bpytest\b")
SECONDS_FOR_A_PAGE = 300


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `line` is that of its first line of text."""

    language: str
    text: str
    line: int
    verb: str = ""
    argument: str = ""


FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>[\w-]*).*?\n(?P<text>.*?)^(?P=fence) *$", re.DOTALL | re.M)
COMMENT = re.compile(r"<!-- (?P<verb>\w+)(?:: *(?P<argument>[^\n]*?))? -->\n\Z")


def blocks_of(page: str) -> Iterator[Block]:
    """The fenced blocks of a page with what the comment just before each says."""
    for fence in FENCE.finditer(page):
        comment = COMMENT.search(page, 0, fence.start())
        line = page.count("\n", 0, fence.start("text")) + 1
        block = Block(fence["language"], fence["text"], line)
        yield Block(**{**asdict(block), **comment.groupdict("")}) if comment else block


def steps_of(page: str) -> Iterator[Block]:
    """The blocks of a page that do something."""
    for block in blocks_of(page):
        is_command = block.language in ("console", "sh") and block.verb == "run"
        if block.verb == "file" or is_command or (block.language == "python" and block.verb != "skip"):
            yield block


def environment(folder: Path) -> dict[str, str]:
    """The environment of a reader who has installed the package: `python` and `miniprefect` are at hand."""
    commands = folder / ".commands"
    commands.mkdir()
    for name, arguments in (("python", ""), ("miniprefect", " -m miniprefect")):
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{arguments} "$@"\n')
        script.chmod(0o755)
    path = os.pathsep.join([str(commands), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY / "src")}


def run_page(name: str, page: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the blocks of a page in a process whose working directory is `folder`."""
    if (REPOSITORY / "examples").exists():
        (folder / "examples").symlink_to(REPOSITORY / "examples")
    task = {"page": name, "steps": [asdict(step) for step in steps_of(page)]}
    return subprocess.run(
        [sys.executable, "-W", "error", RUNNER, LEFT_TO_CI.pattern],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder),
        timeout=SECONDS_FOR_A_PAGE,
    )


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_the_code_of_the_page_runs(page: Path, tmp_path: Path) -> None:
    done = run_page(str(page), page.read_text(encoding="utf-8"), tmp_path)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-5000:]}"


def test_the_readme_has_code_and_the_two_commands() -> None:
    blocks = list(blocks_of(PAGES[0].read_text(encoding="utf-8")))
    assert any(block.language == "python" and block.verb != "skip" for block in blocks)
    for verb in ("run", "test"):
        commands = [block.text for block in blocks if block.verb == verb and LEFT_TO_CI.search(block.text)]
        assert len(commands) == 1, f"README.md must mark one installing block with <!-- {verb} -->"


# Links

LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)(?: \"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.M)


def prose_of(page: str) -> str:
    """A page without its code, in blocks or in a line."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", page))


def anchors_of(page: str) -> set[str]:
    """The anchors of a page's headings, made as forges make them."""
    headings = HEADING.findall(FENCE.sub("", page))
    texts = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts}


def broken_links(page: Path) -> list[str]:
    """The links of a page to files or headings of the repository that are not there."""
    targets = [match["target"] for match in LINK.finditer(prose_of(page.read_text(encoding="utf-8")))]
    return [target for target in targets if not re.match(r"\w+:", target) and not leads_somewhere(page, target)]


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether the file that `target` names is there, and the heading in it."""
    name, _, anchor = target.partition("#")
    file = page.parent / name if name else page
    return file.exists() and (not anchor or anchor in anchors_of(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_the_links_of_the_page_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_every_page_is_linked_to() -> None:
    targets = {
        (page.parent / match["target"].partition("#")[0]).resolve()
        for page in PAGES
        for match in LINK.finditer(prose_of(page.read_text(encoding="utf-8")))
    }
    assert not [str(page) for page in PAGES[1:] if page.resolve() not in targets]


# The runner itself, on made-up pages

SAID = "\n```python\nimport pathlib\nassert pathlib.Path('said.txt').read_text() == 'made\\n'\n```\n"
PAGE = """# Title

```python
x = 1
```

<!-- fails: ValueError -->
```python
raise ValueError(x)
```

<!-- file: made.py -->
```python
print("made")
```

<!-- skip: needs the moon -->
```python
import moon
```

<!-- run -->
```console
$ python made.py > said.txt
what it says
$ pip install . && false
```

```console
$ false
```
"""


def test_blocks_are_read_with_their_comments() -> None:
    verbs = [(block.language, block.verb, block.argument, block.line) for block in blocks_of(PAGE)]
    assert verbs == [
        ("python", "", "", 4),
        ("python", "fails", "ValueError", 9),
        ("python", "file", "made.py", 14),
        ("python", "skip", "needs the moon", 19),
        ("console", "run", "", 24),
        ("console", "", "", 30),
    ]


def test_a_page_runs_in_order_and_in_its_folder(tmp_path: Path) -> None:
    done = run_page("page.md", PAGE + SAID, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("\n```python\n1 / 0\n```\n", 'page.md", line 3'),
        ("<!-- fails: KeyError -->\n```python\n1 / 0\n```\n", "ZeroDivisionError"),
        ("<!-- fails: KeyError -->\n```python\nx = 1\n```\n", "raised nothing"),
        ("<!-- run -->\n```console\n$ exit 3\n```\n", "exit code 3: exit 3"),
        ("```python\nimport warnings\nwarnings.warn('careful')\n```\n", "careful"),
    ],
)
def test_a_page_that_does_not_run_is_reported(page: str, complaint: str, tmp_path: Path) -> None:
    done = run_page("page.md", page, tmp_path)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("# The `other` page!\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md) [b](other.md#the-other-page) [c](https://example.org) `[d](code.md)`\n"
        "[e](#here)\n# Here\n"
        "[f](missing.md) [g](other.md#nowhere)\n"
    )
    assert broken_links(page) == ["missing.md", "other.md#nowhere"]
