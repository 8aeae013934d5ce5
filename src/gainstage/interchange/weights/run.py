"""A folder of stems → the settings of a console, by the graphs that lie beside this file.

    python run.py STEMS --out session.json [--roles roles.json] [--loudness -20]

It needs numpy, soundfile and onnxruntime (or torch, beside hear.pt2 and set.pt2), and soxr if the stems have
other rates than the network; nothing of gainstage. `gainstage render session.json --stems STEMS --out
mix.wav` plays what it wrote; so does whoever dials in the numbers. roles.json says what plays in which file,
{"Audio 07": "kick"}; without it the words of a file's name are compared with the names of the roles.

Each track is brought to −23 LUFS, heard in sections, and set beside all others; what that takes stands in
tables.json. The level of the whole mix is not set: gainstage measures a render for that.
"""

import argparse
import json
import math
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

Audio = NDArray[np.float32]  # (2, samples)
Array = NDArray[Any]

HERE = Path(__file__).resolve().parent
SUFFIXES = {".wav", ".flac", ".ogg", ".aif", ".aiff", ".mp3"}
BLOCK = 1 << 17  # of the convolution that weights the audio


class OnnxGraphs:
    """The graphs in onnxruntime."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        self._hear, self._set = (
            onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
            for name in ("hear", "set")
        )

    def hear(self, audio: Audio) -> tuple[Array, Array]:
        """A section, (tracks, 2, samples) → what is added up, and what is kept where it is largest."""
        sums, largest = self._hear.run(["sums", "largest"], {"audio": audio})
        return sums, largest

    def set(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """Section of the console → unit values, (songs, strips, parameters)."""
        names = [output.name for output in self._set.get_outputs()]
        return dict(zip(names, self._set.run(names, inputs), strict=True))


class TorchGraphs:
    """The graphs in torch."""

    def __init__(self, folder: Path) -> None:
        import torch

        self._torch = torch
        extra = {"gainstage.json": ""}
        self._hear = torch.export.load(folder / "hear.pt2").module()
        self._set = torch.export.load(folder / "set.pt2", extra_files=extra).module()
        self._outputs = json.loads(extra["gainstage.json"])["outputs"]

    def hear(self, audio: Audio) -> tuple[Array, Array]:
        """As in `OnnxGraphs`."""
        with self._torch.inference_mode():
            sums, largest = self._hear(self._torch.from_numpy(audio))
        return sums.numpy(), largest.numpy()

    def set(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """As in `OnnxGraphs`."""
        given = [self._torch.from_numpy(value) for value in inputs.values()]
        with self._torch.inference_mode():
            found = self._set(*given[:5], tuple(given[5:]))
        return {name: value.numpy() for name, value in zip(self._outputs, found, strict=True)}


# Gain staging: as loud as the active blocks of 400 ms, by the K-weighting of BS.1770 and percentiles


def k_weighting(table: dict[str, Any], sample_rate: int) -> list[tuple[Array, Array]]:
    """The two biquads at any rate: back to the analogue prototype of the table, and forward again."""
    sections = []
    for b, a in table["sections"]:
        analogue = [(c[0] - c[1] + c[2], 2 * (c[0] - c[2]), c[0] + c[1] + c[2]) for c in (b, a)]
        corner = math.sqrt(analogue[1][2] / analogue[1][0])
        hz = math.atan(corner) * table["sample_rate"] / math.pi
        s = corner / math.tan(math.pi * hz / sample_rate)
        digital = []
        for c in analogue:
            a2, a1, a0 = c[0] * s * s, c[1] * s, c[2]
            digital.append(np.array([a2 + a1 + a0, 2 * (a0 - a2), a2 - a1 + a0]))
        sections.append((digital[0] / digital[1][0], digital[1] / digital[1][0]))
    return sections


def impulse_response(sections: list[tuple[Array, Array]], length: int) -> Array:
    """Of biquads in series; numpy has no recursive filter, and these have died away long before the end."""
    signal = [1.0] + [0.0] * (length - 1)
    for b, a in sections:
        s1 = s2 = 0.0
        for n, x in enumerate(signal):
            y = b[0] * x + s1
            s1, s2 = b[1] * x - a[1] * y + s2, b[2] * x - a[2] * y
            signal[n] = y
    return np.array(signal)


def block_power(audio: Audio, sample_rate: int, staging: dict[str, Any]) -> Array:
    """Mean power of the weighted blocks of 400 ms, one each 100 ms, both channels together."""
    taps = impulse_response(k_weighting(staging["k_weighting"], sample_rate), sample_rate // 4)
    size = 1 << (BLOCK + len(taps) - 1).bit_length()
    spectrum = np.fft.rfft(taps, size)
    hop = (sample_rate + 5) // 10
    weighted = np.zeros((2, audio.shape[1] + size))
    for start in range(0, audio.shape[1], BLOCK):
        block = audio[:, start : start + BLOCK].astype(np.float64)
        weighted[:, start : start + size] += np.fft.irfft(np.fft.rfft(block, size) * spectrum, size)
    hops = audio.shape[1] // hop
    power = np.mean(weighted[:, : hops * hop].reshape(2, hops, hop) ** 2, axis=2).sum(axis=0)
    return np.convolve(power, np.full(4, 0.25), mode="valid") if hops >= 4 else power[:0]


def trim_db(audio: Audio, sample_rate: int, staging: dict[str, Any]) -> float | None:
    """The gain that stages a track; None if it is silent."""
    power = block_power(audio, sample_rate, staging)
    if len(power):
        gate = 10 ** ((staging["gate_lufs"] - staging["offset_db"]) / 10)
        audible = np.sort(power[power > gate])
        if not len(audible):
            return None
        loud = audible[int((len(audible) - 1) * staging["active_percentile"] + 0.5)]
        active = audible[audible >= loud * 10 ** (-staging["active_lu"] / 10)]
        trim = staging["target_lufs"] - (staging["offset_db"] + 10 * math.log10(active.mean()))
    else:  # shorter than a block
        peak_db = 20 * math.log10(max(float(np.abs(audio).max(initial=0.0)), 1e-10))
        if peak_db <= staging["gate_lufs"]:
            return None
        trim = staging["target_peak_db"] - peak_db
    return float(min(max(trim, staging["lowest_trim_db"]), staging["highest_trim_db"]))


# Audio


def resampled(audio: Audio, from_rate: int, to_rate: int) -> Audio:
    """Another rate, rounded to `length_at`."""
    if from_rate == to_rate:
        return audio
    try:
        import soxr
    except ImportError:
        sys.exit(f"run.py: {from_rate} Hz must become {to_rate} Hz for the network: pip install soxr")
    converted: Audio = soxr.resample(audio.T, from_rate, to_rate, quality="VHQ").T
    length = length_at(audio.shape[1], from_rate, to_rate)
    return np.pad(converted, ((0, 0), (0, max(length - converted.shape[1], 0))))[:, :length]


def length_at(samples: int, from_rate: int, to_rate: int) -> int:
    """Samples at another rate."""
    return (2 * samples * to_rate + from_rate) // (2 * from_rate)


def read(path: Path) -> tuple[Audio, int]:
    """A file with two channels, a mono file in both."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if audio.shape[1] > 2:
        sys.exit(f"run.py: {path} has {audio.shape[1]} channels; split it into mono or stereo files")
    if not np.isfinite(audio).all():
        sys.exit(f"run.py: {path} has samples that are not finite; export it again")
    return np.ascontiguousarray(np.broadcast_to(audio.T, (2, len(audio)))), rate


def hear(graphs: Any, audio: Audio, cut: dict[str, int]) -> tuple[Array, Array]:
    """A staged track at the network's rate, section by section: sums over all, and what is largest."""
    half, step = cut["fft_size"] // 2, cut["section_samples"]
    audio = np.pad(audio, ((0, 0), (half, half)))
    start, sums, largest = 0, None, None
    while True:
        is_last = audio.shape[1] - half - start < step + 2 * half
        end = audio.shape[1] if is_last else start + step - cut["hop"] + 2 * half
        more, top = graphs.hear(np.ascontiguousarray(audio[None, :, start:end]))
        sums = more if sums is None else sums + more
        largest = top if largest is None else np.maximum(largest, top)
        if is_last:
            return sums[0], largest[0]
        start += step


# Settings


def role_of(stem: str, roles: list[str], given: dict[str, str]) -> str:
    """What plays in a file: as it is given, else the longest role all of whose words are in its name."""
    if stem in given:
        return given[stem]
    words = set("".join(c if c.isalnum() else " " for c in stem.casefold()).split())
    known = [role for role in roles if set(role.split("_")) <= words]
    if not known:
        print(f"run.py: '{stem}' is taken for 'other'; say what it is with --roles", file=sys.stderr)
    return max(known, key=len, default="other")


def physical(unit: float, row: dict[str, Any]) -> float:
    """A value in [0, 1] on the parameter's scale, in its unit."""
    low, high, share = row["low"], row["high"], min(max(unit, 0.0), 1.0)
    if share in (0.0, 1.0):
        return float(high if share else low)
    if row["scale"] == "log":
        value = math.exp(math.log(low) + (math.log(high) - math.log(low)) * share)
    elif row["scale"] == "ratio":
        value = 1 / (1 - ((1 - 1 / low) + (1 / low - 1 / high) * share))
    else:
        value = low + (high - low) * share
    return float(min(max(value, low), high))


def named(units: Array, columns: list[dict[str, Any]]) -> dict[str, Any]:
    """One strip's unit values as the processors of a session."""
    processors: dict[str, Any] = {}
    for unit, row in zip(units, columns, strict=True):
        values = processors.setdefault(row["processor"], {"values": {}})["values"]
        values[row["parameter"]] = physical(float(unit), row)
    return processors


@dataclass
class Track:
    """A stem as it is read, and what was heard of it: nothing if it is silent."""

    path: Path
    role: str
    channels: int
    trim_db: float | None = None
    heard: tuple[Array, Array] | None = None


def listen(paths: list[Path], graphs: Any, tables: dict[str, Any], given: dict[str, str]) -> list[Track]:
    """Hear every stem up to the end of the longest: how much of a song it plays is part of what is heard."""
    net, rate = tables["audio"]["sample_rate"], console_rate(paths)
    length, tracks = song_length(paths, net), []
    for path in paths:
        audio, own = read(path)
        channels = 1 if np.array_equal(audio[0], audio[1]) else 2
        track = Track(path, role_of(path.stem, tables["roles"], given), channels)
        track.trim_db = trim_db(resampled(audio, own, rate), rate, tables["gain_staging"])
        if track.trim_db is not None:
            staged = resampled(audio, own, net) * np.float32(10 ** (track.trim_db / 20))
            staged = np.pad(staged, ((0, 0), (0, length - staged.shape[1])))
            track.heard = hear(graphs, staged, tables["audio"])
        tracks.append(track)
    return tracks


def console_rate(paths: list[Path]) -> int:
    """The most frequent rate of the stems, at least 44.1 kHz."""
    rates: Counter[int] = Counter(soundfile.info(path).samplerate for path in paths)
    return max(44100, max(rates, key=lambda rate: (rates[rate], rate)))


def song_length(paths: list[Path], rate: int) -> int:
    """Samples of the longest stem at a rate."""
    infos = [soundfile.info(path) for path in paths]
    longest: int = max(length_at(info.frames, info.samplerate, rate) for info in infos)
    return longest


def decide(graphs: Any, tracks: list[Track], lufs: float, tables: dict[str, Any]) -> dict[str, Array]:
    """Section → (strips, parameters) in [0, 1]; `tracks` are those that are not silent."""
    heard = [track.heard for track in tracks if track.heard is not None]
    inputs: dict[str, Array] = {
        "sums": np.stack([sums for sums, _ in heard])[None],
        "largest": np.stack([largest for _, largest in heard])[None],
        "mask": np.ones((1, len(heard)), dtype=bool),
        "roles": np.array([[tables["roles"].index(track.role) for track in tracks]], dtype=np.int64),
        "target_loudness_lufs": np.array([lufs], dtype=np.float32),
    }
    for name, section in tables["sections"].items():  # what a person has locked would stand here
        shape = (1, len(section["strips"] or heard), len(section["columns"]))
        inputs[f"locked_{name}"] = np.zeros(shape, dtype=bool)
        inputs[f"held_{name}"] = np.zeros(shape, dtype=np.float32)
    return {name.removeprefix("units_"): units[0] for name, units in graphs.set(inputs).items()}


def session(folder: Path, graphs: Any, tables: dict[str, Any], given: dict[str, str], lufs: float) -> Any:
    """The session of a folder of stems."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not paths:
        sys.exit(f"run.py: {folder} holds no stems ({', '.join(sorted(SUFFIXES))})")
    tracks = listen(paths, graphs, tables, given)
    heard = [track for track in tracks if track.heard is not None]
    if not heard:
        sys.exit(f"run.py: all stems of {folder} are silent")
    units, form, rate = decide(graphs, heard, lufs, tables), tables["session"], console_rate(paths)
    strips: dict[str, Any] = {"master": [{"name": "master"}]}
    for kind in ("group", "return"):
        strips[f"{kind}s"] = [{"name": name} for name in form["console"][f"{kind}_names"]]
    for name, section in tables["sections"].items():
        for strip, row in zip(strips.get(name, []), units[name], strict=False):  # tracks are no buses
            strip["processors"] = named(row, section["columns"])
    ring = [seconds for strip in strips["returns"] for seconds in decays(strip)]
    rows = iter(units["tracks"])
    return {
        "format": form["format"],
        "version": form["version"],
        "name": folder.resolve().name,
        "sample_rate": rate,
        "num_samples": song_length(paths, rate),
        "tail_samples": round(rate * (max(ring) + 0.5)) if ring else 0,
        "console": form["console"],
        "conventions": form["conventions"],
        "tracks": [strip_of(track, None if track.heard is None else next(rows), tables) for track in tracks],
        **strips,
        "master": strips["master"][0],
        "provenance": {"engineer": tables["network"], "target_lufs": lufs},
    }


def strip_of(track: Track, units: Array | None, tables: dict[str, Any]) -> dict[str, Any]:
    """A track of the session; a silent one is left alone."""
    group, form = tables["groups"][track.role], tables["session"]
    processors: dict[str, Any] = {name: {"bypass": True} for name in form["bypassed_if_silent"]}
    if units is not None:
        processors = named(units, tables["sections"]["tracks"]["columns"])
        processors["trim"] = {"values": {"gain_db": track.trim_db}}
    return {
        "name": track.path.stem,
        "file": track.path.name,
        "role": track.role,
        "channels": track.channels,
        "group": group if group in form["console"]["group_names"] else None,
        "processors": processors,
    }


def decays(strip: dict[str, Any]) -> list[float]:
    """How long a return rings, in seconds."""
    values = [part["values"] for part in strip.get("processors", {}).values()]
    return [value for part in values for name, value in part.items() if name.endswith("_s")]


def main() -> None:
    """Parse, decide, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("stems", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="the session to write")
    parser.add_argument("--roles", type=Path, help='JSON, {"file without suffix": "role"}')
    parser.add_argument("--loudness", type=float, default=-20.0, help="LUFS that the mix is made for")
    asked = parser.parse_args()
    tables = json.loads((HERE / "tables.json").read_text(encoding="utf-8"))
    given = json.loads(asked.roles.read_text(encoding="utf-8")) if asked.roles else {}
    if wrong := sorted(set(given.values()) - set(tables["roles"])):
        sys.exit(f"run.py: {asked.roles}: '{wrong[0]}' is no role; there are {', '.join(tables['roles'])}")
    graphs = OnnxGraphs(HERE) if (HERE / "hear.onnx").is_file() else TorchGraphs(HERE)
    document = session(asked.stems, graphs, tables, given, asked.loudness)
    asked.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{asked.out}: {len(document['tracks'])} tracks by {tables['network']}")


if __name__ == "__main__":
    main()
