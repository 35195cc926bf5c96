"""Collections, under the path that they have in Prefect."""

from miniprefect.core.builtin import Dict, List, Set, Tuple, VarArgsTask

__all__ = ["Dict", "List", "Set", "Tuple", "VarArgsTask"]
