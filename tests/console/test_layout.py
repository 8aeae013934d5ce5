"""Layouts: columns in table order, units and physical values there and back, both ends reached."""

import pytest
import torch

from gainstage.console.console import Console
from gainstage.console.layout import END_LOGIT, logit_from_unit, unit_from_logit
from gainstage.console.spec import SECTIONS, ConsoleSpec, named


@pytest.fixture
def console() -> Console:
    return Console(named("basic"))


@pytest.mark.parametrize("section", SECTIONS)
def test_units_and_physical_values_round_trip(console: Console, section: str) -> None:
    layout = console.layout[section]
    units = torch.rand(3, 2, len(layout.driven), dtype=torch.float64)
    units[0, 0], units[0, 1] = 0.0, 1.0
    physical = layout.to_physical(units, layout.defaults().expand(3, 2, -1))
    assert torch.allclose(layout.to_unit(physical), units, atol=1e-6)
    low = torch.tensor([layout.columns[i].parameter.low for i in layout.driven], dtype=torch.float64)
    high = torch.tensor([layout.columns[i].parameter.high for i in layout.driven], dtype=torch.float64)
    assert torch.equal(physical[0, 0, list(layout.driven)], low)
    assert torch.equal(physical[0, 1, list(layout.driven)], high)


def test_what_is_not_driven_is_left_alone(console: Console) -> None:
    layout = console.layout["tracks"]
    trim = layout.index("trim", "gain_db")
    assert trim not in layout.driven
    assert layout.index("compressor", "makeup_db") not in layout.driven
    base = layout.defaults().expand(1, 1, -1).clone()
    base[..., trim] = 17.0
    physical = layout.to_physical(torch.rand(1, 1, len(layout.driven)), base)
    assert physical[0, 0, trim] == 17.0


def test_sends_are_columns_of_the_tracks(console: Console) -> None:
    layout = console.layout["tracks"]
    assert layout.columns[layout.index("send_reverb", "level_db")].parameter.off_at_low
    assert layout.width == sum(len(p.table) for p in layout.processors.values())


def test_start_logits_begin_at_the_starts(console: Console) -> None:
    for layout in console.layout.values():
        units = unit_from_logit(layout.start_logits())
        physical = layout.to_physical(units[None, None], layout.defaults()[None, None])[0, 0]
        driven = list(layout.driven)
        assert torch.allclose(physical[driven], layout.starts()[driven], rtol=1e-9, atol=1e-9)


def test_both_ends_are_reached_and_the_clamp_passes_gradient() -> None:
    logit = torch.tensor([-END_LOGIT - 2, -END_LOGIT, 0.0, END_LOGIT, END_LOGIT + 2], requires_grad=True)
    unit = unit_from_logit(logit)
    assert unit.tolist() == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-6)
    unit.sum().backward()
    assert logit.grad is not None
    assert (logit.grad > 0).all()
    assert torch.allclose(
        unit_from_logit(logit_from_unit(torch.tensor([0.0, 0.3, 1.0]))).float(), torch.tensor([0, 0.3, 1])
    )


def test_an_unknown_parameter_is_named(console: Console) -> None:
    with pytest.raises(ValueError, match=r"tracks has no parameter 'fader\.colour'"):
        console.layout["tracks"].index("fader", "colour")


def test_a_console_with_a_wrong_part_says_which(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.yaml"
    path.write_text("tracks: [trim, {name: pan, settings: {lwa: sine}}]")
    with pytest.raises(ValueError, match=r"mine\.yaml: tracks\[1\] 'pan': pan has no setting 'lwa'"):
        ConsoleSpec.load(path)
    path.write_text("tracks: [trim, phaser]")
    with pytest.raises(ValueError, match="there is no processor 'phaser'"):
        ConsoleSpec.load(path)


def test_what_stands_bypassed_on_a_bus_is_not_named_there() -> None:
    """Naming it in a session would switch it on: a hall behind the delay."""
    layout = Console(named("default")).layout["returns"]
    on_hall, on_delay = (layout.named(layout.starts(), bus) for bus in ("reverb", "delay"))
    assert "reverb" in on_hall
    assert "reverb" not in on_delay
    assert on_delay.keys() <= on_hall.keys()
