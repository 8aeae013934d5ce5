"""Settings as plain values, and mixers built from them."""

import json
from typing import Any

import pytest

from gainstage.models.settings import MixerSettings, settings_from
from tests.models.scene import SETTINGS


def test_plain_values_are_json_and_come_back() -> None:
    for settings in (SETTINGS, MixerSettings()):
        plain = settings.plain()
        assert settings_from(json.loads(json.dumps(plain))) == settings
        assert settings_from(plain) == settings
    assert settings_from(SETTINGS.plain()) != MixerSettings()


def test_a_mixer_is_built_as_its_settings_say() -> None:
    mixer = SETTINGS.build()
    assert mixer.front.settings == SETTINGS.encoder.front
    assert [stage.out_channels for stage in mixer.encoder.stages] == [16, 24]
    assert mixer.encoder.from_view.out_features == 16
    assert len(mixer.controller.layers) == 2
    assert mixer.controller.drop.p == SETTINGS.controller.dropout
    assert mixer.console.spec == SETTINGS.console


def changed(path: str, value: Any) -> dict[str, Any]:
    plain = SETTINGS.plain()
    *parts, last = path.split(".")
    place = plain
    for part in parts:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return plain


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("controller", None, "'controller' is missing"),
        ("console", None, "'console' is missing"),
        ("encoder.front.hop", "wide", "hop"),
        ("encoder.attention", 8, "'encoder.attention' is not known"),
        ("encoder.front.scale", "bark", "'encoder.front.scale' is not known"),
        ("genre", 3, "'genre' is not known"),
        ("console.tracks", ["no such thing"], "no such thing"),
        ("console.colour", "red", "colour"),
    ],
)
def test_what_cannot_be_built_is_refused(path: str, value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        settings_from(changed(path, value))


@pytest.mark.parametrize("plain", [None, 3, [], "mixer"])
def test_what_is_no_mapping_is_refused(plain: Any) -> None:
    with pytest.raises(ValueError, match="MixerSettings"):
        settings_from(plain)


def test_a_number_that_came_later_stands_at_its_default() -> None:
    found = settings_from(changed("controller.dropout", None))
    assert found.controller.dropout == MixerSettings().controller.dropout
