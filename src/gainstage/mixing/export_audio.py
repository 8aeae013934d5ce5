"""A session and its stems → the audio of an export, in memory that does not grow with length."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import torch
from torch import Tensor

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.session import Session
from gainstage.console.spec import SECTIONS
from gainstage.data.wav_file import WavWriter, write_wav
from gainstage.interchange.desk import Desk, Place
from gainstage.interchange.freezing import INPUT, Tap
from gainstage.interchange.stems import Stems
from gainstage.mixing.measure import ProgrammeMeter
from gainstage.mixing.render import BLOCK, Block, Progress, render_blocks

_ECHOING = ("reverb", "delay")


def export_audio(
    desk: Desk, stems: Path, folder: Path, taps: Iterable[Tap], *, progress: Progress
) -> tuple[Stems, ProgrammeMeter]:
    """Render everything that an export may need, each file from the song's start and of one length.

    Args:
        desk: the session.
        stems: the folder of its stems.
        folder: where the files go.
        taps: the signals inside strips that are wanted.
        progress: told how far the work is.

    Returns:
        The files, and what was measured on the mix.
    """
    session = desk.session
    rate, wanted = session.sample_rate, list(dict.fromkeys(taps))
    meter = ProgrammeMeter(1, sample_rate=rate)
    buses = [strip.place for section in ("groups", "returns") for strip in desk.section(section)]
    fed = [place for place in buses if _is_fed(desk, place)]
    files = Stems(
        mix=folder / "mix.wav",
        dry=tuple(folder / f"dry {i}.wav" for i in range(len(session.tracks))),
        wet=tuple(folder / f"wet {i}.wav" for i in range(len(session.tracks))),
        buses={place: folder / f"{place[0]} {place[1]}.wav" for place in fed},
        taps={tap: folder / f"tap {i}.wav" for i, tap in enumerate(wanted)},
        responses=_responses(desk, folder),
        num_samples=desk.num_samples,
        sample_rate=rate,
    )
    with ExitStack() as stack:

        def writer(path: Path, channels: int) -> WavWriter:
            return stack.enter_context(WavWriter(path, sample_rate=rate, channels=channels))

        mix = writer(files.mix, 2)
        dry = [writer(path, t.channels) for path, t in zip(files.dry, session.tracks, strict=True)]
        wet = [writer(path, 2) for path in files.wet]
        bus = {place: writer(path, 2) for place, path in files.buses.items()}
        for block in render_blocks(session, stems):
            meter.update(block.mix)
            mix.write(block.mix[0].numpy())
            _write_dry(block, dry, desk.num_samples)
            for file, audio in zip(wet, block.tracks, strict=True):
                file.write(audio.numpy())
            for (section, i), file in bus.items():
                file.write(block.buses(section)[i].numpy())
            progress("rendering", min(block.start_sample + BLOCK, desk.num_samples), desk.num_samples)
    if wanted:
        _write_taps(desk, stems, files, progress=progress)
    return files, meter


def _is_fed(desk: Desk, place: Place) -> bool:
    section, index = place
    if section == "groups":
        return any(strip.to == place for strip in desk.strips)
    return any(send.to == index for strip in desk.strips for send in strip.sends)


def _write_dry(block: Block, files: list[WavWriter], num_samples: int) -> None:
    length = min(block.stems.shape[-1], max(num_samples - block.start_sample, 0))
    for file, audio in zip(files, block.stems, strict=True):
        file.write(audio[: file.channels, :length].numpy())


def _write_taps(desk: Desk, stems: Path, files: Stems, *, progress: Progress) -> None:
    """A pass more, in which every processor runs by itself and is listened to."""
    session = desk.session
    late = _lateness(session)
    heard: dict[Tap, Tensor] = {}
    rows_of = {section: len(session.strips_of(section)) for section in SECTIONS}
    firsts = _first_processors(desk)

    def meter(section: str, name: str, rows: Tensor, dry: Tensor, wet: Tensor) -> None:
        for row, before, after in zip(rows.tolist(), dry, wet, strict=True):
            index = row % rows_of[section]
            if (section, index, name) in files.taps:
                heard[section, index, name] = after
            if name == firsts.get((section, index)) and (section, index, INPUT) in files.taps:
                heard[section, index, INPUT] = before

    with ExitStack() as stack:
        writers: dict[Tap, WavWriter] = {}
        for block in render_blocks(session, stems, meter=meter):
            for tap, path in files.taps.items():
                section, index, name = tap
                if tap not in heard:  # nothing runs on this bus
                    heard[tap] = block.rendered.strips[section].unmuted().signals()[0, index]
                audio = block.in_time(heard.pop(tap), late[section, name])
                if tap not in writers:
                    rate, channels = files.sample_rate, len(audio)
                    writers[tap] = stack.enter_context(WavWriter(path, sample_rate=rate, channels=channels))
                writers[tap].write(audio.numpy())
            done = min(block.start_sample + BLOCK, desk.num_samples)
            progress("freezing", done, desk.num_samples)


def _first_processors(desk: Desk) -> dict[Place, str]:
    return {strip.place: strip.chain[0].name for strip in desk.strips if strip.chain}


def _lateness(session: Session) -> dict[tuple[str, str], int]:
    """(section, processor) → by how many samples its output is late; `INPUT`: what comes into the section."""
    console = Console(session.console)
    bypass = session_parameters(session, console).bypass
    late = 0
    found: dict[tuple[str, str], int] = {}
    for section in SECTIONS:
        found[section, INPUT] = late
        for column, (name, processor) in enumerate(console.strips[section].items()):
            if not bool(bypass[section][0, :, column].all()):
                late += processor.latency_samples(session.sample_rate)
            found[section, name] = late
    return found


def _responses(desk: Desk, folder: Path) -> dict[Tap, Path]:
    """Impulse responses of what rings, wet alone, of strips that are heard."""
    found: dict[Tap, Path] = {}
    for strip in desk.strips:
        for stage in strip.chain:
            if stage.name not in _ECHOING or stage.does_nothing:
                continue
            values = {**stage.values, "mix": 1.0}
            controls = torch.tensor(
                [[[values[row.name] for row in stage.processor.table]]], dtype=torch.float64
            )
            rate = desk.session.sample_rate
            seconds = stage.processor.tail_seconds(controls)
            impulse = torch.zeros(1, 2, round(seconds * rate) + 1)
            impulse[..., 0] = 1.0
            state = stage.processor.initial_state(1, 2, sample_rate=rate, device=impulse.device)
            with torch.inference_mode():
                response, _ = stage.processor.render(impulse, controls, state, sample_rate=rate)
            path = folder / f"response {len(found)}.wav"
            write_wav(path, response[0].numpy(), sample_rate=rate)
            found[strip.section, strip.index, stage.name] = path
    return found
