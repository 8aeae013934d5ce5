"""What does the console spend its time on, and what does it cost when everything is off?

Four items of eight mono tracks of five seconds on the `basic` console at the settings where networks begin,
two threads: medians forward and with gradients to all settings, and the share of each operator in a profile
of one call. Then 16 stereo tracks of 30 s with everything bypassed, beside the plain sum. Printed, not kept:
run it before and after a change. From the repository's root:

    python -m benchmarks.console_profile
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from benchmarks.contest import median, prepare, take_turns
from torch.profiler import ProfilerActivity, profile

from gainstage.console.console import Console
from gainstage.console.spec import named

RATE, TOP = 44_100, 8


def shares(run: Callable[[], object]) -> str:
    """The operators that take the most, in percent of all that is computed."""
    with profile(activities=[ProfilerActivity.CPU]) as found:
        run()
    times = {event.key: event.self_cpu_time_total for event in found.key_averages()}
    total = sum(times.values())
    first = sorted(times, key=lambda name: -times[name])[:TOP]
    return ", ".join(f"{name} {100.0 * times[name] / total:.0f} %" for name in first)


def busy() -> dict[str, Callable[[], object]]:
    """Forward, and with gradients."""
    console = Console(named("basic"))
    neutral, tracks = console.neutral(batch=4, tracks=8), 0.1 * torch.randn(4, 8, 2, 5 * RATE)
    starts = {s: layout.starts().expand_as(neutral.values[s]) for s, layout in console.layout.items()}
    mono = torch.zeros(4, 8, dtype=torch.bool)

    def forward(values: dict[str, torch.Tensor]) -> torch.Tensor:
        return console.render(tracks, replace(neutral, values=values), sample_rate=RATE, is_stereo=mono).mix

    def both() -> None:
        leaves = {section: value.clone().requires_grad_() for section, value in starts.items()}
        forward(leaves).sum().backward()

    return {"forward": partial(forward, starts), "with gradients": both}


def idle(name: str) -> dict[str, Callable[[], object]]:
    """Everything bypassed, and the plain sum."""
    console, tracks = Console(named(name)), 0.1 * torch.randn(1, 16, 2, 30 * RATE)
    off = console.neutral(batch=1, tracks=16)
    off = replace(off, bypass={section: torch.ones_like(bypass) for section, bypass in off.bypass.items()})
    return {
        f"{name}, bypassed": lambda: console.render(tracks, off, sample_rate=RATE).mix,
        "plain sum": lambda: tracks.sum(1),
    }


def main() -> None:
    prepare()
    for name, times in take_turns(busy(), repeats=7).items():
        print(f"{name}: {median(times):.0f} ms; {shares(busy()[name])}")
    for console in ("basic", "default"):
        times = take_turns(idle(console), repeats=7)
        print("; ".join(f"{name} {median(found):.1f} ms" for name, found in times.items()))


if __name__ == "__main__":
    main()
