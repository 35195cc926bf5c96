"""Schedules: when a flow runs by itself, with `Flow(..., schedule=...)`.

schedules.py    Schedule, and short ways to make one: IntervalSchedule, CronSchedule, RRuleSchedule
clocks.py       where events come from
filters.py      which of them count
adjustments.py  when they take place instead
"""

from miniprefect.schedules import adjustments, clocks, filters, schedules
from miniprefect.schedules.schedules import (
    CronSchedule,
    IntervalSchedule,
    OneTimeSchedule,
    RRuleSchedule,
    Schedule,
    UnionSchedule,
)

__all__ = [
    "CronSchedule",
    "IntervalSchedule",
    "OneTimeSchedule",
    "RRuleSchedule",
    "Schedule",
    "UnionSchedule",
    "adjustments",
    "clocks",
    "filters",
    "schedules",
]
