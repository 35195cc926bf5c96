"""Attributes that are looked up when a task has none of its own by the name.

They stand in the classes of tasks in place of a `__getattr__`: with one, Python takes several times as long to read any
attribute of any task, and the engine reads many.
"""

from typing import Any


class OfFunction:
    """Be an attribute that a task has from its function, and a class of tasks has of its own or not at all.

    Args:
        *of_class: what the class has, if anything.
    """

    def __init__(self, *of_class: Any) -> None:
        self.of_class = of_class

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, task: Any, owner: type) -> Any:
        if task is not None:
            return task.run if self.name == "__wrapped__" else getattr(task.run, self.name)
        if not self.of_class:
            raise AttributeError(f"type object '{owner.__name__}' has no attribute '{self.name}'")
        return self.of_class[0]


class _MadeByInit:
    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, task: Any, owner: type) -> Any:
        if task is None:
            return self
        raise AttributeError(
            f"'{owner.__name__}' object has no attribute '{self.name}': call `super().__init__(...)` in `__init__`."
        )


def made_by_init() -> Any:
    """Be an attribute that every task has of its own: only a class that forgot to call `Task.__init__` comes here."""
    return _MadeByInit()
