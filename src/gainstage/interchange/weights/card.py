"""The model card: what a network hears and sets, on what it was trained, how good it is, and its limits."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from gainstage.console.layout import SectionLayout
from gainstage.console.session_words import label, processor_label
from gainstage.interchange.weights.graphs import driven
from gainstage.interchange.weights.onnx_file import OPSET
from gainstage.interchange.weights.parity import Parity, lines
from gainstage.models.checkpoint import TrainedMixer
from gainstage.report.markdown import bullets, escaped, table
from gainstage.roles import ROLES

FREE = "built_in"
"""The source of songs that belong to nobody: weights trained on them carry our own licence."""

_METRICS = ("sum_difference", "af")
_LIMITS = (
    "It sets one number for a whole song: nothing moves in time.",
    "It hears levels of mel bands: narrow resonances, comb filters and timing are lost on it.",
    "A role that is told wrongly is believed.",
    "It has heard the kind of songs named above and no other; what it makes of others must be listened to.",
    "Mono and stereo tracks only; frequencies above half its rate are not heard.",
)


def card(
    trained: TrainedMixer,
    *,
    name: str,
    formats: Sequence[str],
    parity: Sequence[Parity],
    training: Mapping[str, Any] | None,
    evaluation: Mapping[str, Any] | None,
) -> str:
    """The card as Markdown, with the header that the hub reads.

    Args:
        trained: the network.
        name: how it is called.
        formats: that were written.
        parity: how near they come.
        training: the config of the run, if it is known.
        evaluation: its summary, if there is one.
    """
    source = _of(training, "data", "songs", "source")
    parts = [
        *_header("apache-2.0" if source == FREE else "other"),
        f"# {escaped(name)}",
        "",
        "A network that hears the tracks of a song and sets a mixing console (equaliser, compressor, fader, "
        "pan and whatever else its console has) in dB, Hz and ms. Made with Gainstage.",
        *_use(formats),
        *_hears(trained),
        *_sets(trained),
        *_trained_on(trained, training),
        *_quality(evaluation),
        *_parity(formats, parity),
        *_licence(source),
        "## Limits",
        "",
        *bullets(_LIMITS),
    ]
    return "\n".join(parts) + "\n"


def _header(licence: str) -> list[str]:
    tags = [f"- {tag}" for tag in ("audio", "music", "mixing", "multitrack")]
    return ["---", f"license: {licence}", "library_name: gainstage", "tags:", *tags, "---", ""]


def _use(formats: Sequence[str]) -> list[str]:
    said = ["", "## Use", "", "`DIR` is the folder of this card, `song` a folder of stems.", ""]
    if "safetensors" in formats:
        said += [
            "```bash",
            "gainstage mix song --checkpoint DIR --out mixed",
            "```",
            "",
            "```python",
            "from gainstage.models.checkpoint import TrainedMixer",
            "",
            'mixer = TrainedMixer.from_pretrained("DIR").mixer  # a torch module',
            "```",
            "",
        ]
    needs = {"onnx": "numpy soundfile onnxruntime", "pt2": "numpy soundfile torch"}
    for format_ in (f for f in formats if f in needs):
        said += [
            f"Without gainstage ({needs[format_]}; soxr for stems of other rates than the network's):",
            "",
            "```bash",
            f"python DIR/{format_}/run.py song --out session.json",
            "```",
            "",
        ]
    return said


def _hears(trained: TrainedMixer) -> list[str]:
    front = trained.mixer.front.settings
    return [
        "## What it hears",
        "",
        f"Every track, brought to −23 LUFS, at {front.sample_rate} Hz, mono or stereo: levels in "
        f"{front.bands} mel bands of mid, side and balance, {front.sample_rate / front.hop:.1f} times a "
        "second, and how it stands beside the others. Any number of tracks and any length. It is told "
        f"roles ({', '.join(ROLES).replace('_', ' ')}), the loudness to mix for, and what is locked.",
        "",
    ]


def _sets(trained: TrainedMixer) -> list[str]:
    rows = []
    for section in driven(trained.mixer.console.layout):
        layout = trained.mixer.console.layout[section]
        rows += [[section, *row] for row in _rows(layout)]
    return [
        "## What it sets",
        "",
        *table(["section", "processor", "parameter", "range"], rows),
        "",
        "What these filters, pan law and compressor are is said in every session (`conventions`).",
        "",
    ]


def _rows(layout: SectionLayout) -> list[list[str]]:
    columns = [layout.columns[i] for i in layout.driven]
    return [
        [processor_label(column.processor), label(column.parameter), column.parameter.range_text()]
        for column in columns
    ]


def _trained_on(trained: TrainedMixer, training: Mapping[str, Any] | None) -> list[str]:
    said = [f"{trained.step} steps, {sum(p.numel() for p in trained.mixer.parameters()):,} parameters."]
    if training is None:
        said.append("Its training's config was not beside the checkpoint, so its data is not known here.")
    else:
        root = _of(training, "data", "songs", "root")
        songs = f"Songs: {_of(training, 'data', 'songs', 'source')}"
        said.append(songs + (f" ({PurePath(str(root)).name})" if root else "") + ".")
        losses = {name: part.get("weight") for name, part in (_of(training, "loss", "audio") or {}).items()}
        losses["settings"] = _of(training, "loss", "settings_weight")
        weights = ", ".join(f"{loss} {weight:g}" for loss, weight in losses.items() if weight is not None)
        said.append(f"Losses and their weights: {weights}; seed {training.get('seed')}.")
        said.append(f"Most that was locked: {_of(training, 'task', 'most_locked')} of the settings.")
    return ["## What it was trained on", "", *bullets(said), ""]


def _quality(evaluation: Mapping[str, Any] | None) -> list[str]:
    said = ["## How good it is", ""]
    if evaluation is None:
        return [*said, "Not evaluated yet: `gainstage evaluate checkpoint=…` does it.", ""]
    found = {(row["system"], row["metric"]): row for row in evaluation["summary"]}
    metrics = [name for name in _METRICS if ("network", name) in found]
    rows = [
        [system.replace("_", " "), *(_median(found.get((system, name))) for name in metrics)]
        for system in evaluation["systems"]
        if any((system, name) in found for name in metrics)
    ]
    said += table(["system", *metrics], rows, numbers=range(1, 1 + len(metrics)))
    count = evaluation["num_songs"]
    return [*said, "", f"Medians over {count} test song(s); less is nearer to the song's own mix.", ""]


def _median(row: Mapping[str, Any] | None) -> str:
    return "" if row is None or row["median"] is None else f"{row['median']:.3g}"


def _parity(formats: Sequence[str], parity: Sequence[Parity]) -> list[str]:
    said = ["## Parity", "", "Largest difference of a unit value to the checkpoint, by tracks × seconds:", ""]
    said += [*lines(parity), ""]
    if "onnx" in formats:
        said += [f"ONNX opset {OPSET}; inputs and outputs are described in `onnx/tables.json`.", ""]
    return said


def _licence(source: Any) -> list[str]:
    ours = "These weights are under Apache-2.0, as is the program."
    theirs = (
        "The program is under Apache-2.0. What may be done with the weights depends on the terms of the "
        "songs on which they were trained: look at them before you hand the weights on."
    )
    return ["## Licence", "", ours if source == FREE else theirs, ""]


def _of(config: Mapping[str, Any] | None, *keys: str) -> Any:
    """A value of a nested mapping; None where there is none."""
    found: Any = config
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
