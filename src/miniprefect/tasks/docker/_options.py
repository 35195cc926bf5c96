"""Turn options, by the names that they have in Python scripts, into what the Engine's API takes."""

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

# Options of host_config whose names in the API are not just the same in CamelCase.
_RENAMED = {
    "cgroupns": "CgroupnsMode",
    "cpu_rt_period": "CPURealtimePeriod",
    "cpu_rt_runtime": "CPURealtimeRuntime",
    "device_read_bps": "BlkioDeviceReadBps",
    "device_read_iops": "BlkioDeviceReadIOps",
    "device_write_bps": "BlkioDeviceWriteBps",
    "device_write_iops": "BlkioDeviceWriteIOps",
    "dns_opt": "DnsOptions",
    "mem_limit": "Memory",
    "mem_reservation": "MemoryReservation",
    "mem_swappiness": "MemorySwappiness",
    "memswap_limit": "MemorySwap",
    "read_only": "ReadonlyRootfs",
    "uts_mode": "UTSMode",
}

_OTHERS = """
    auto_remove binds blkio_weight blkio_weight_device cap_add cap_drop cgroup_parent cpu_count cpu_percent cpu_period
    cpu_quota cpu_shares cpuset_cpus cpuset_mems device_cgroup_rules device_requests devices dns dns_search extra_hosts
    group_add init ipc_mode isolation kernel_memory links log_config mounts nano_cpus network_mode oom_kill_disable
    oom_score_adj pid_mode pids_limit port_bindings privileged publish_all_ports restart_policy runtime security_opt
    shm_size storage_opt sysctls tmpfs ulimits userns_mode volume_driver volumes_from
""".split()  # noqa: SIM905 - a list of them would be fifty lines

_API_NAMES = {**{name: camel_case for name in _OTHERS for camel_case in [name.title().replace("_", "")]}, **_RENAMED}

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)b?", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def host_config(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what limits and connects a container, as the API takes it.

    Args:
        options: by names such as ``mem_limit``, ``binds``, ``network_mode``; names that the API itself has, such as
            ``Memory``, are left as they are.

    Raises:
        TypeError: there is no such option.
        ValueError: a size can't be read.
    """
    config: dict[str, Any] = {}
    for name, value in options.items():
        if not name[:1].isupper() and name not in _API_NAMES:
            raise TypeError(f"host_config has no option {name!r}. It has {', '.join(sorted(_API_NAMES))}.")
        convert = _CONVERSIONS.get(name)
        config[_API_NAMES.get(name, name)] = convert(value) if convert is not None and value is not None else value
    return {"NetworkMode": "default", **config}


def words(command: str | list[str] | None) -> list[str] | None:
    """Return a command as a list; text is split as a shell does."""
    return shlex.split(command) if isinstance(command, str) else command


def pairs(given: Any, between: str = "=") -> Any:
    """Return a dict as a list such as ``["A=1"]``; a name without a value stands alone."""
    if not isinstance(given, Mapping):
        return given
    return [str(name) if value is None else f"{name}{between}{value}" for name, value in given.items()]


def keys(given: Any) -> dict[str, Any]:
    """Return a name, or a list of names, as a dict with empty values."""
    return {name: {} for name in ([given] if isinstance(given, str) else given)}


def ports(given: Any) -> dict[str, Any]:
    """Return ports such as ``[80, (53, "udp")]`` as a dict with empty values."""
    return {_port(*one) if isinstance(one, tuple) else _port(one): {} for one in given}


def filters(given: Mapping[str, Any] | None) -> dict[str, list[str]] | None:
    """Return filters with a list of texts each, or None for none."""
    if not given:
        return None
    lists = {name: value if isinstance(value, list | tuple) else [value] for name, value in given.items()}
    return {name: [str(one).lower() if isinstance(one, bool) else str(one) for one in lists[name]] for name in lists}


def size(given: Any) -> int:
    """Return bytes: of a number, or of text such as "512m" or "1.5g"."""
    if not isinstance(given, str):
        return int(given)
    match = _SIZE.fullmatch(given.strip())
    if match is None:
        raise ValueError(f"{given!r} is no size. Write a number of bytes, or one with b, k, m, g or t, such as '512m'.")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def _port(number: Any, protocol: str = "tcp") -> str:
    return str(number) if "/" in str(number) else f"{number}/{protocol}"


def _binds(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    places = {source: {"bind": place} if isinstance(place, str) else place for source, place in given.items()}
    return [f"{source}:{place['bind']}:{place.get('mode', 'rw')}" for source, place in places.items()]


def _port_bindings(given: Mapping[Any, Any]) -> dict[str, list[dict[str, str]]]:
    """Return for each port of the container where it is on the host: a number, (address, number), or a list of them."""
    return {
        _port(*inside) if isinstance(inside, tuple) else _port(inside): [
            _binding(outside) for outside in (outsides if isinstance(outsides, list) else [outsides])
        ]
        for inside, outsides in given.items()
    }


def _binding(outside: Any) -> dict[str, str]:
    address, number = (*outside, None)[:2] if isinstance(outside, tuple) else ("", outside)
    return {"HostIp": str(address), "HostPort": "" if number is None else str(number)}


def _device(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    outside, inside, rights = [*given.split(":"), "", ""][:3]
    return {"PathOnHost": outside, "PathInContainer": inside or outside, "CgroupPermissions": rights or "rwm"}


def _tmpfs(given: Any) -> Any:
    if isinstance(given, Mapping):
        return given
    return {path: how for path, _, how in (one.partition(":") for one in given)}


def _titled(given: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name[:1].upper()}{name[1:]}": value for name, value in given.items()}


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "binds": _binds,
    "devices": lambda given: [_device(one) for one in given],
    "extra_hosts": lambda given: pairs(given, ":"),
    "group_add": lambda given: [str(one) for one in given],
    "kernel_memory": size,
    "links": lambda given: pairs(given, ":"),
    "log_config": _titled,
    "mem_limit": size,
    "mem_reservation": size,
    "memswap_limit": size,
    "port_bindings": _port_bindings,
    "shm_size": size,
    "sysctls": lambda given: {name: str(value) for name, value in given.items()},
    "tmpfs": _tmpfs,
    "ulimits": lambda given: [{"Hard": None, **_titled(one)} for one in given],
    "volumes_from": lambda given: given.split(",") if isinstance(given, str) else given,
}
