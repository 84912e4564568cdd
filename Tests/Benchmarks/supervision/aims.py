"""What rbotd aims at, beside what was measured: a short table to read before the figures."""

from __future__ import annotations

Figures = dict[str, float]

# At least so much.
RATES = (
    ("POST /orders, 32 connections", "post_gateway_32_per_s", "/s", 25_000.0),
    ("orders over the Unix socket, 64 under way", "desk_64_per_s", "/s", 40_000.0),
)


def table(figures: Figures) -> list[str]:
    """A line for each aim whose figures are there: what, measured, aim, and whether it is met."""
    lines = []
    for what, key, unit, aim in RATES:
        if key in figures:
            verdict = "met" if figures[key] >= aim else "MISSED"
            lines.append(f"  {what:44} {figures[key]:8,.0f} {unit:2}  aim {aim:6,.0f}  {verdict}")
    for what, key, unit, aim in (
        ("kill -9 to running, backoff 0 / bare loop", "ratio_rbotd_no_backoff_to_bare", "x", 2.0),
        ("kill -9 to running, by default / bare loop", "ratio_rbotd_default_to_bare", "x", 2.0),
        ("many workers running / bare loop", "ratio_fleet_rbotd_to_bare", "x", 2.0),
        ("rbotctl start", "command_rbotd_*_start_ms", "ms", 15.0),
        ("rbotctl stop", "command_rbotd_*_stop_ms", "ms", 15.0),
        ("rbotctl status", "command_rbotd_*_status_ms", "ms", 15.0),
        ("rbotd's processor with idle workers", "idle_*_cpu_percent", "%", 0.3),
        ("rbotd's memory with them", "idle_*_memory_mb", "MB", 40.0),
        ("POST /orders p50, one connection", "post_gateway_1_p50_us", "us", 400.0),
        ("POST /orders p99, one connection", "post_gateway_1_p99_us", "us", 1_500.0),
        ("order over the Unix socket, p50", "desk_1_p50_us", "us", 300.0),
        ("order over the Unix socket, p99", "desk_1_p99_us", "us", 1_000.0),
        ("the gateway ready after", "gateway_ready_ms", "ms", 500.0),
        ("its memory under load", "gateway_memory_loaded_mb", "MB", 40.0),
    ):
        found = matching(figures, key)
        if found is not None:
            verdict = "met" if found < aim else "MISSED"
            lines.append(f"  {what:44} {found:8.2f} {unit:2}  aim {aim:5.1f}  {verdict}")
    return lines


def matching(figures: Figures, key: str) -> float | None:
    """The figure of that name, where a ``*`` stands for a number."""
    start, _, end = key.partition("*")
    for name, value in figures.items():
        if name == key:
            return value
        middle = name[len(start) : len(name) - len(end)] if end else ""
        if end and name.startswith(start) and name.endswith(end) and middle.isdigit():
            return value
    return None
