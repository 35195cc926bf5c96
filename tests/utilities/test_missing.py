"""The advice for what miniprefect lacks."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from miniprefect.utilities.missing import OTHERWISE, advice_for, missing_names


@pytest.mark.parametrize(
    ("module", "advice"),
    [
        ("tasks.aws", "boto3"),
        ("tasks.aws.s3", "boto3"),
        ("tasks.airtable.airtable", "the vendor's own"),
        ("tasksome", OTHERWISE),
        ("backend.tenant", "flow.run()"),
    ],
)
def test_the_longest_prefix_gives_the_advice(module: str, advice: str) -> None:
    assert advice in advice_for(module)


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Return a function that makes a module which lacks names."""

    def pretend(name: str, **names: str) -> ModuleType:
        module = ModuleType(name)
        monkeypatch.setattr(module, "__getattr__", missing_names(name, names), raising=False)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return pretend


def test_importing_a_listed_name_gives_the_advice(pretended: Any) -> None:
    pretended("miniprefect.x", Name="Use Other.")
    with pytest.raises(ImportError, match=r"^miniprefect does not have miniprefect\.x\.Name\. Use Other\.$"):
        exec("from miniprefect.x import Name")


def test_importing_it_after_hundreds_of_names_does_too(pretended: Any) -> None:
    pretended("miniprefect.x", Name="Use Other.").there = 1
    many = ", ".join(f"there as name_{number}" for number in range(300))
    with pytest.raises(ImportError, match="Use Other"):
        exec(f"from miniprefect.x import {many}, Name")


def test_a_listed_name_is_not_there(pretended: Any) -> None:
    module = pretended("miniprefect.x", Name="Use Other.")
    assert not hasattr(module, "Name")
    assert getattr(module, "Name", None) is None
    with pytest.raises(AttributeError, match=r"^module 'miniprefect\.x' has no attribute 'Name'\. Use Other\.$"):
        _ = module.Name


def test_a_missing_module_of_a_package_is_one_too(pretended: Any) -> None:
    tasks, root = pretended("miniprefect.tasks"), pretended("miniprefect")
    assert not hasattr(tasks, "aws")
    with pytest.raises(ImportError, match=r"miniprefect\.tasks\.aws\. .*boto3"):
        exec("from miniprefect.tasks import aws")
    with pytest.raises(AttributeError, match=r"flow\.run\(\)"):
        _ = root.agent


def test_names_that_are_imported_at_their_first_use_are_there() -> None:
    import miniprefect.executors as executors

    assert executors.ThreadExecutor.__name__ in executors.__all__


def test_any_other_name_is_what_it_is_in_any_module(pretended: Any) -> None:
    module = pretended("miniprefect.x", Name="Use Other.")
    with pytest.raises(AttributeError, match=r"^module 'miniprefect\.x' has no attribute 'nope'$"):
        _ = module.nope
    with pytest.raises(ImportError, match="cannot import name 'nope'"):
        exec("from miniprefect.x import nope")
