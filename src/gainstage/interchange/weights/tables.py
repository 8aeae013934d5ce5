"""What a program needs beside the graphs, as plain values: cuts, roles, ranges, gain staging, sessions.

All of it is read from the code at export; nothing is written twice.
"""

from typing import Any

from gainstage.console.console import Console
from gainstage.console.session import CONVENTIONS, FORMAT, VERSION
from gainstage.dsp import gain_staging, gating, k_weighting
from gainstage.interchange.weights.graphs import driven
from gainstage.models.mixer import Mixer
from gainstage.models.network_engineer import bypassed_if_silent, section_samples
from gainstage.roles import ROLES, group_of

TABLES = "tables.json"


def tables(mixer: Mixer, *, network: str) -> dict[str, Any]:
    """The tables of a mixer.

    Args:
        mixer: the network.
        network: how sessions call it.
    """
    front, console = mixer.front.settings, mixer.console
    return {
        "network": network,
        "audio": {
            "sample_rate": front.sample_rate,
            "fft_size": front.fft_size,
            "hop": front.hop,
            "section_samples": section_samples(front),
        },
        "roles": list(ROLES),
        "groups": {role: group_of(role) for role in ROLES},
        "sections": {section: _section(console, section) for section in driven(console.layout)},
        "gain_staging": _gain_staging(),
        "session": {
            "format": FORMAT,
            "version": VERSION,
            "conventions": CONVENTIONS,
            "console": console.spec.model_dump(mode="json"),
            "bypassed_if_silent": list(bypassed_if_silent(console)),
        },
    }


def _section(console: Console, section: str) -> dict[str, Any]:
    """The driven parameters of a section, in the order of its unit values, and its buses."""
    layout = console.layout[section]
    columns = [layout.columns[i] for i in layout.driven]
    buses = {"groups": console.spec.group_names, "returns": console.spec.return_names, "master": ["master"]}
    return {
        "strips": buses.get(section),
        "columns": [
            {
                "processor": column.processor,
                "parameter": column.parameter.name,
                "unit": column.parameter.unit,
                "low": column.parameter.low,
                "high": column.parameter.high,
                "scale": column.parameter.scale.value,
                "meaning": column.parameter.meaning,
            }
            for column in columns
        ],
    }


def _gain_staging() -> dict[str, Any]:
    return {
        "target_lufs": gain_staging.TARGET_LUFS,
        "target_peak_db": gain_staging.TARGET_PEAK_DB,
        "lowest_trim_db": gain_staging.LOWEST_TRIM_DB,
        "highest_trim_db": gain_staging.HIGHEST_TRIM_DB,
        "active_lu": gain_staging.ACTIVE_LU,
        "active_percentile": gain_staging.ACTIVE_PERCENTILE,
        "gate_lufs": gating.ABSOLUTE_GATE_LUFS,
        "offset_db": gating.OFFSET_DB,
        "k_weighting": {"sample_rate": k_weighting.TABLE_RATE, "sections": k_weighting.TABLE},
    }
