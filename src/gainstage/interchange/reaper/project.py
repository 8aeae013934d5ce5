"""A mix as a REAPER project.

No REAPER was at hand: what stands here follows the text that REAPER writes, and is parsed by another's parser
in tests. Levels are linear, times in seconds; the pan law is set to 0 dB, and what pans is an effect of ours
or, in the native flavour, REAPER's balance.
"""

import hashlib
import uuid
from collections.abc import Sequence
from pathlib import Path

from gainstage.interchange.desk import MASTER, Place, Stage, Strip
from gainstage.interchange.export_report import ExportReport, Item, Verdict
from gainstage.interchange.formulas import jsfx
from gainstage.interchange.formulas.program import RAMP, Setting
from gainstage.interchange.formulas.table import programs, why_not
from gainstage.interchange.freezing import FROZEN, Live, Plan
from gainstage.interchange.levels import amplitude, strip_items
from gainstage.interchange.movement import Points, points
from gainstage.interchange.names import safe, unique
from gainstage.interchange.reaper.balance import balance
from gainstage.interchange.reaper.chunks import Chunk
from gainstage.interchange.stems import Stems, place
from gainstage.processors import Parameter
from gainstage.processors.send import Send

EFFECTS = "Effects/gainstage"
"""Where the effects lie beside the project; they belong into REAPER's own folder of that name."""

REFERENCE = "mix, for reference"
STEP = 512
_LEVELS = ("output_gain", "fader")
_OWN, _FULL = 0, 3  # modes of a receive: behind the fader, and before it but behind the effects
_SQUARE = 1
NOTE = (
    "The REAPER projects were never opened in REAPER here. For `reaper`, copy the folder Effects into the "
    "one that REAPER shows under Options, Show REAPER resource path, before you open the project."
)


def can_by_effects(strip: Strip, stage: Stage) -> bool:
    """What the flavour `reaper` does itself: all that has a formula."""
    del strip
    return stage.name == "fader" or not why_not(stage)


def can_natively(strip: Strip, stage: Stage) -> bool:
    """What the flavour `reaper-native` does itself: faders, and pans that stand still.

    Of the master it has the gain alone: frozen, it would take all faders with it. What is missing of it is
    said, and a track that is muted plays the mix with it.
    """
    if strip.section == "master":
        return True
    if stage.name == "pan":
        return strip.section == "tracks" and not stage.settings.curves
    return stage.name == "fader"


def write_project(plan: Plan, stems: Stems, folder: Path, *, native: bool = False) -> ExportReport:
    """Write the project, its audio and its effects into a folder."""
    writer = _Writer(plan, stems, folder, native=native)
    name = safe(plan.desk.session.name.strip("."), "mix")
    (folder / f"{name}.rpp").write_text(writer.project().text(), encoding="utf-8")
    return ExportReport(tuple(writer.items()), (NOTE, *plan.notes))


class _Writer:
    """Writes one project."""

    def __init__(self, plan: Plan, stems: Stems, folder: Path, *, native: bool) -> None:
        self.plan, self.stems, self.folder, self.native = plan, stems, folder, native
        self.rate = plan.desk.session.sample_rate
        self.strips = [live for live in plan.strips if live.strip.place != MASTER]
        plain = (safe(live.strip.name, live.strip.section.rstrip("s")) for live in self.strips)
        names = unique(plain, taken=[REFERENCE])
        self.names = dict(zip((live.strip.place for live in self.strips), names, strict=True))
        self.order: dict[Place, int] = {live.strip.place: i for i, live in enumerate(self.strips)}
        (folder / "audio").mkdir()

    def project(self) -> Chunk:
        root = Chunk(("REAPER_PROJECT", 0.1, "7.0/gainstage", 0))
        root.line("PANLAW", 1)
        root.line("SAMPLERATE", self.rate, 1, 0)
        root.line("TEMPO", self.plan.desk.session.tempo_bpm or 120.0, 4, 4)
        root.line("MASTER_NCH", 2, 2)
        master = self.plan[MASTER]
        gain, moving = self._fader(master)
        root.line("MASTER_VOLUME", gain, 0, -1, -1, 1)
        self._effects(root.chunk("MASTERFXLIST"), master)
        self._envelope(root, "MASTERVOLENV2", moving)
        for live in self.strips:
            self._track(root.chunk("TRACK", self._identity(live.strip.place)), live)
        if self._dropped:
            self._reference(root.chunk("TRACK", self._identity(("reference", 0))))
        return root

    @property
    def _dropped(self) -> list[Stage]:
        """What the native flavour leaves out of the master."""
        chain = self.plan[MASTER].strip.chain if self.native else ()
        return [stage for stage in chain if stage.name not in _LEVELS and not stage.does_nothing]

    def _reference(self, track: Chunk) -> None:
        track.line("NAME", REFERENCE)
        track.line("MUTESOLO", 1, 0, 0)
        track.line("MAINSEND", 1, 0)
        self._audio(track, REFERENCE, self.stems.mix, 0)

    def _track(self, track: Chunk, live: Live) -> None:
        strip, settings = live.strip, live.strip.settings
        gain, moving = self._fader(live)
        pan, makeup = balance(live) if self.native else (0.0, 1.0)
        switches = [(round(time * self.rate), 0.0 if on else 1.0) for time, on in settings.mute_curve]
        track.line("NAME", self.names[strip.place])
        track.line("VOLPAN", gain * makeup, pan, 1, -1, 1)
        track.line("MUTESOLO", int(strip.mute or (settings.mute and not switches)), 0, 0)
        track.line("IPHASE", int(settings.inverted and live.tap is None))
        track.line("NCHAN", 4)
        track.line("MAINSEND", int(self.plan.feeds(live) == MASTER), 0)
        self._receives(track, strip.place)
        self._envelope(track, "VOLENV2", [(at, level * makeup) for at, level in moving])
        if switches:
            start = [(0, 0.0 if settings.mute else 1.0)] if switches[0][0] > 0 else []
            self._envelope(track, "MUTEENV", [*start, *switches], _SQUARE)
        if not self.native:
            self._effects(track.chunk("FXCHAIN"), live)
        self._item(track, live)

    def _receives(self, track: Chunk, to: Place) -> None:
        """What other tracks send here: group and master feeds, and sends."""
        if to[0] not in ("groups", "returns") or not self.plan.is_fed(to):
            return
        for live in self.strips:
            source = self.order[live.strip.place]
            if self.plan.feeds(live) == to:
                track.line("AUXRECV", source, _OWN, 1.0, 0, 0, 0, 0, 0, 0, -1.0, 0, -1, "")
            for send in live.strip.sends:
                if ("returns", send.to) != to:
                    continue
                row = Send.table[0]
                gain = amplitude(send.settings.values[row.name], row)
                mode, channel = (_FULL, 2) if send.pre_fader else (_OWN, 0)
                track.line("AUXRECV", source, mode, gain, 0, 0, 0, 0, channel, 0, -1.0, 0, -1, "")
                self._envelope(track, "AUXVOLENV", self._gains(send.settings.curves.get(row.name), row))

    def _effects(self, chain: Chunk, live: Live) -> None:
        """All processors but the fader as one effect; those behind it come before it, as gains may."""
        stages = [s for s in (*live.strip.before, *live.strip.after) if s.name != "fader"]
        if self.native or not stages:
            return
        made = programs(stages, live.channels)
        behind = {stage.name for stage in live.strip.after}
        first_behind = next((stage.name for stage in stages if stage.name in behind), "")
        text = jsfx.effect(made, "Gainstage", keep_before=first_behind)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        effects = self.folder / EFFECTS
        effects.mkdir(parents=True, exist_ok=True)
        (effects / f"{digest}.jsfx").write_text(text, encoding="ascii")
        settings = [setting for program in made for setting in program.settings]
        values = [f"{setting.value:.10g}" for setting in settings]
        chain.line("BYPASS", 0, 0, 0)
        effect = chain.chunk("JS", f"gainstage/{digest}.jsfx", "")
        effect.children.append((" ".join([*values, *["-"] * (jsfx.MOST_SLIDERS - len(values))]),))
        self._parameters(chain, live, settings)

    def _parameters(self, chain: Chunk, live: Live, settings: Sequence[Setting]) -> None:
        curves = {
            (stage.name, name): curve
            for stage in live.strip.chain
            for name, curve in stage.settings.curves.items()
        }
        for i, setting in enumerate(settings):
            curve = curves.get((setting.processor, setting.parameter.name))
            if curve:
                row = setting.parameter
                found = points(curve, row, rate=self.rate, num_samples=self.stems.num_samples, step=RAMP)
                early = [(max(at - RAMP, 0), value) for at, value in found]
                self._envelope(chain, "PARMENV", early, head=(i, row.low, row.high, 0.5))

    def _item(self, track: Chunk, live: Live) -> None:
        path = self.stems.of(live)
        late = getattr(live.strip.settings, "delay_samples", 0) if live.tap is None else 0
        if path is not None:
            self._audio(track, self.names[live.strip.place], path, late)

    def _audio(self, track: Chunk, name: str, path: Path, late: int) -> None:
        file = f"audio/{name}.wav"
        place(path, self.folder / file)
        item = track.chunk("ITEM")
        item.line("POSITION", late / self.rate)
        item.line("LENGTH", (self.stems.num_samples - late) / self.rate)
        item.line("LOOP", 0)
        item.line("FADEIN", 1, 0, 0, 1, 0, 0, 0)
        item.line("FADEOUT", 1, 0, 0, 1, 0, 0, 0)
        item.line("NAME", name)
        item.chunk("SOURCE WAVE").line("FILE", file)

    def _envelope(
        self,
        parent: Chunk,
        name: str,
        found: Points,
        shape: int = 0,
        head: tuple[float | int, ...] = (),
    ) -> None:
        if not found:
            return
        envelope = parent.chunk(name, *head)
        envelope.line("ACT", 1, -1)
        envelope.line("VIS", 1, 1, 1)
        if name in ("VOLENV2", "AUXVOLENV", "MASTERVOLENV2"):
            envelope.line("VOLTYPE", 1)
        for at, value in found:
            envelope.line("PT", at / self.rate, value, shape)

    def _fader(self, live: Live) -> tuple[float, Points]:
        fader = live.strip.fader
        if fader is None:
            gains = [s.values["gain_db"] for s in live.strip.chain if s.name == "output_gain"]
            return float(10.0 ** (sum(gains) / 20.0)) if self.native else 1.0, []
        row = fader.processor.table[0]
        return amplitude(fader.values[row.name], row), self._gains(fader.settings.curves.get(row.name), row)

    def _gains(self, curve: list[tuple[float, float]] | None, row: Parameter) -> Points:
        if not curve:
            return []
        found = points(curve, row, rate=self.rate, num_samples=self.stems.num_samples, step=STEP)
        return [(at, amplitude(value, row)) for at, value in found]

    def _identity(self, place_: Place) -> str:
        """The same for the same strip of the same session, so that an export twice gives the same text."""
        name = f"{self.plan.desk.session.name}/{place_[0]}/{place_[1]}"
        return f"{{{str(uuid.uuid5(uuid.NAMESPACE_URL, name)).upper()}}}"

    def items(self) -> list[Item]:
        target = "reaper-native" if self.native else "reaper"
        found = []
        for live in self.plan.strips:
            found += strip_items(self.plan, live, target, moves="REAPER joins the points by straight lines")
            if live.strip.section == FROZEN:
                continue
            for stage in (*live.strip.before, *live.strip.after):
                verdict, note = _said_of(live, stage, native=self.native)
                found.append(Item(target, live.strip.label, stage.name.replace("_", " "), verdict, note))
        return found


def _said_of(live: Live, stage: Stage, *, native: bool) -> tuple[Verdict, str]:
    if native and live.strip.section == "master":
        if stage.name == "output_gain":
            return Verdict.EXACT, "the master's volume"
        if stage.does_nothing:
            return Verdict.EXACT, "does nothing"
        return Verdict.DROPPED, "set it by hand, or use another target; the muted track holds the mix with it"
    if native:
        return Verdict.EXACT, "REAPER's balance at a pan law of 0 dB; the fader makes up for our law"
    if stage.settings.curves:
        return Verdict.APPROXIMATE, "JSFX; moves by automation"
    fader = live.strip.fader
    behind = stage in live.strip.after and fader is not None and bool(fader.settings.curves)
    if behind and stage.name == "width":
        return Verdict.APPROXIMATE, "JSFX, which REAPER runs before the moving fader"
    return Verdict.EXACT, "JSFX"
