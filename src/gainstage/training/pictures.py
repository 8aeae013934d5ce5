# ruff: noqa: ARG002 - Lightning calls its hooks with all of their arguments
"""A look into a training while it runs: pictures and excerpts of what it mixes, and of what it sets."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import soundfile
import torch
from torch import Tensor

from gainstage.console.layout import SectionLayout
from gainstage.dsp.meter import LoudnessMeter
from gainstage.dsp.spectrum import band_matrix
from gainstage.dsp.stereo import BAND_EDGES_HZ, StereoMeter
from gainstage.report import words
from gainstage.report.atomic import whole_or_nothing
from gainstage.report.measured import Programme, Series, Spectrum, StereoBand
from gainstage.report.training_plots import Spread, mix_picture, spread_picture
from gainstage.training import loggers
from gainstage.training.taken import Taken

_LOUDNESS_LUFS = -20.0
_HEADROOM = 0.99


class Pictures(pl.Callback):
    """Pictures of one mix beside its target and of all driven parameters, and both mixes to listen to.

    They are written every so many steps and after each validation, to `pictures/` and `audio/` of the run's
    folder, and shown by W&B where that is the logger. Of each kind the last is kept, and every k-th.

    The system it looks at has `last`, a `Taken`, and `mixer.console.layout`.

    Args:
        folder: of the run.
        every_steps: steps between two looks at training.
        keep_every: of the looks that are past, every so manieth stays.
    """

    def __init__(self, folder: Path, *, every_steps: int = 500, keep_every: int = 10) -> None:
        self._folder, self._every_steps, self._keep_every = folder, every_steps, keep_every
        self._looked_step = 0
        self._count: dict[str, int] = {}
        self._before: dict[str, list[str]] = {}
        self._mix: Taken | None = None
        self._gathered: list[dict[str, tuple[Tensor, Tensor]]] = []

    def state_dict(self) -> dict[str, Any]:
        """What must be known to go on: which files are there, and how many there were."""
        return {"looked_step": self._looked_step, "count": self._count, "before": self._before}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._looked_step = state_dict["looked_step"]
        self._count, self._before = dict(state_dict["count"]), dict(state_dict["before"])

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the step just made, if it is time and if it rendered anything."""
        taken = _last(pl_module)
        is_due = trainer.global_step - self._looked_step >= self._every_steps
        if is_due and len(taken.batch.rendered) and trainer.is_global_zero:
            self._looked_step = trainer.global_step
            self._look("train", trainer, pl_module, taken, [_values(taken)])

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget the validation before."""
        self._mix, self._gathered = None, []

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the first mix, and the settings of all."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        taken = _last(pl_module)
        if self._mix is None and len(taken.batch.rendered):
            self._mix = taken
        self._gathered.append(_values(taken))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at what was validated."""
        if self._gathered:
            self._look("val", trainer, pl_module, self._mix, self._gathered)
        self._mix, self._gathered = None, []

    def _look(
        self,
        stage: str,
        trainer: pl.Trainer,
        system: pl.LightningModule,
        mix: Taken | None,
        values: list[dict[str, tuple[Tensor, Tensor]]],
    ) -> None:
        step, written = trainer.global_step, []
        if mix is not None:
            written += self._show_mix(stage, step, mix, trainer)
        for section, layout in _layout(system).items():
            parts = [part[section] for part in values if section in part]
            spreads = _spreads(layout, parts)
            if spreads:
                title = f"{section}, step {step}, {stage}: {_strips(parts)}"
                picture = spread_picture(spreads, title=title)
                written.append(self._keep("pictures", stage, step, section, "png", picture))
                self._show(trainer, f"{stage}/{section}", written[-1], title, step)
        self._clear(stage, written)

    def _show_mix(self, stage: str, step: int, taken: Taken, trainer: pl.Trainer) -> list[Path]:
        """The picture and the audio of the first rendered item."""
        rate = taken.batch.sample_rate
        song = taken.batch.song_ids[int(taken.batch.rendered[0])]
        both = torch.stack([taken.estimate[0], taken.target[0]]).detach().float().cpu()
        both = torch.nan_to_num(both, nan=0.0, posinf=0.0, neginf=0.0)
        mixes, levelled = _measured(both, rate), _levelled(both, rate)
        title = f"{words.short(song, 40)}, step {step}, {stage}"
        picture = self._keep("pictures", stage, step, "mix", "png", mix_picture(mixes, title=title))
        self._show(trainer, f"{stage}/mix", picture, title, step)
        written = [picture]
        for name, audio in zip(("estimate", "target"), levelled, strict=True):
            written.append(self._keep("audio", stage, step, name, "flac", _flac(audio, rate)))
            for logger in trainer.loggers:
                loggers.audio(logger, f"{stage}/{name}", written[-1], caption=title, step=step)
        return written

    def _keep(self, kind: str, stage: str, step: int, name: str, ending: str, content: bytes) -> Path:
        path = self._folder / kind / f"step-{step:06d}-{stage}-{name}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_or_nothing(path) as file:
            file.write(content)
        return path

    def _show(self, trainer: pl.Trainer, name: str, path: Path, caption: str, step: int) -> None:
        for logger in trainer.loggers:
            loggers.picture(logger, name, path, caption=caption, step=step)

    def _clear(self, stage: str, written: list[Path]) -> None:
        """Remove the look before this one unless it is a k-th."""
        names = [path.relative_to(self._folder).as_posix() for path in written]
        count = self._count.get(stage, 0)
        if (count - 1) % self._keep_every:
            for name in {*self._before.get(stage, [])} - {*names}:
                (self._folder / name).unlink(missing_ok=True)
        self._count[stage], self._before[stage] = count + 1, names


def _last(system: pl.LightningModule) -> Taken:
    taken = getattr(system, "last", None)
    assert isinstance(taken, Taken), "the step has not set `last`"
    return taken


def _layout(system: pl.LightningModule) -> Mapping[str, SectionLayout]:
    layout: Mapping[str, SectionLayout] = system.mixer.console.layout  # type: ignore[union-attr, assignment]
    return layout


def _values(taken: Taken) -> dict[str, tuple[Tensor, Tensor]]:
    """Section → the unit values predicted and the true ones, a row for each strip that there is."""
    batch, found = taken.batch, {}
    for section, units in taken.units.items():
        present = batch.mask if section == "tracks" else units.new_ones(units.shape[:2], dtype=torch.bool)
        known = present & batch.has_truth[:, None]
        truth = batch.truth[section][known] if section in batch.truth else units[:0, 0]
        found[section] = (units[present].float().cpu(), truth.float().cpu())
    return found


def _spreads(layout: SectionLayout, parts: list[tuple[Tensor, Tensor]]) -> list[Spread]:
    if not parts or not layout.driven:
        return []
    predicted, true = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    spreads = []
    for k, i in enumerate(layout.driven):
        column = layout.columns[i]
        row = column.parameter
        low, high = (f"{end:g}" for end in (row.low, row.high))
        suffix = f"_{row.unit.lower()}" if row.unit else ""  # the unit stands at the axis
        name = column.path.removesuffix(suffix).replace(".", " ").replace("_", " ")
        spreads.append(Spread(name, low, f"{high} {row.unit}".strip(), predicted[:, k], true[:, k]))
    return spreads


def _strips(parts: list[tuple[Tensor, Tensor]]) -> str:
    predicted, true = (sum(len(part[i]) for part in parts) for i in (0, 1))
    return f"{predicted} strips, {true} with known settings"


def _measured(both: Tensor, rate: int) -> list[Programme]:
    loudness, stereo = LoudnessMeter(2, 2, sample_rate=rate), StereoMeter(2, sample_rate=rate)
    loudness.update(both)
    stereo.update(both)
    image = stereo.result()
    bands = band_matrix(len(image.frequencies_hz), image.frequencies_hz[1], 3)
    programmes = []
    for row, name in enumerate(("estimate", "target")):
        image_of = zip(
            BAND_EDGES_HZ, BAND_EDGES_HZ[1:], image.band_width[row], image.band_correlation[row], strict=False
        )
        momentary = loudness.momentary_lufs[row].numpy()
        lufs = float(loudness.integrated_lufs[row])
        programmes.append(
            Programme(
                name=name,
                integrated_lufs=lufs if lufs > -70.0 else float("-inf"),
                range_lu=float(loudness.loudness_range_lu[row]),
                true_peak_db=float(loudness.true_peak_dbtp[row]),
                width=float(image.width[row]),
                correlation=float(image.correlation[row]),
                momentary_lufs=Series(0.4 + 0.1 * np.arange(len(momentary)), momentary),
                spectrum=Spectrum(bands @ image.power[row], 3),
                bands=tuple(StereoBand(*(float(value) for value in band)) for band in image_of),
            )
        )
    return programmes


def _levelled(both: Tensor, rate: int) -> Tensor:
    """Both at −20 LUFS, or both lower by the same amount where one would clip; silence stays."""
    meter = LoudnessMeter(2, 2, sample_rate=rate)
    meter.update(both)
    gain_db = torch.where(meter.integrated_lufs > -70.0, _LOUDNESS_LUFS - meter.integrated_lufs, 0.0)
    levelled = both * (10.0 ** (gain_db / 20.0)).to(both)[:, None, None]
    return levelled * min(1.0, _HEADROOM / max(float(levelled.abs().amax()), 1e-9))


def _flac(audio: Tensor, rate: int) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, audio.T.numpy(), rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
