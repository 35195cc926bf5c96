"""Tasks that start and watch flow runs on Prefect's server: they can be made and bound, and fail when run."""

from miniprefect.tasks.prefect.flow_run import (
    StartFlowRun,
    create_flow_run,
    get_task_run_result,
    wait_for_flow_run,
)
from miniprefect.tasks.prefect.flow_run_cancel import CancelFlowRun
from miniprefect.tasks.prefect.flow_run_rename import RenameFlowRun

__all__ = [
    "CancelFlowRun",
    "RenameFlowRun",
    "StartFlowRun",
    "create_flow_run",
    "get_task_run_result",
    "wait_for_flow_run",
]
