"""What is imported when it is first used."""

import subprocess
import sys

import pytest

from miniprefect.utilities.lazy import FilledLater, LazyModule, imported_later

RARELY_USED = ("asyncio", "difflib", "json", "pathlib", "pickle", "random")
OURS = ("miniprefect.core.applying", "miniprefect.core.operators")


def test_a_name_is_found_where_it_is_said_to_be() -> None:
    find = imported_later("made.up", {"dumps": "json:dumps", "tool": "json.tool:"})
    assert find("dumps").__module__ == "json"
    assert find("tool").__name__ == "json.tool"
    with pytest.raises(AttributeError, match=r"module 'made\.up' has no attribute 'loads'"):
        find("loads")


def test_a_lazy_module_stands_for_the_module() -> None:
    assert LazyModule("json").dumps([1]) == "[1]"
    assert repr(LazyModule("json")) == "<lazy module json>"


def test_a_dict_that_is_filled_later_lacks_what_its_module_does_not_put_in() -> None:
    with pytest.raises(KeyError, match="x"):
        FilledLater("json")["x"]


def test_importing_the_package_leaves_out_what_few_scripts_use() -> None:
    program = f"import sys; sys.path[:] = {sys.path!r}; import miniprefect; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert {"miniprefect", "miniprefect.core.flow"} <= {*done.stdout.split()}
    assert {*RARELY_USED, *OURS}.isdisjoint(done.stdout.split())
