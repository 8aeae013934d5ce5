"""A folder of stems → a mix, the settings behind it, and a report."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gainstage.console.session import TEMPO_BPM, Session
from gainstage.console.session_blend import interpolate, neutral_of
from gainstage.console.session_match import match
from gainstage.console.spec import ConsoleSpec, named
from gainstage.data.audio_error import AudioFileError
from gainstage.mixing.deliver import (
    DEFAULT_MAX_LIMITING_DB,
    Delivery,
    check_delivery,
    deliver,
    undelivered,
    with_delivery,
)
from gainstage.mixing.engineers import decide
from gainstage.mixing.hear import hear_folder
from gainstage.mixing.held import Held
from gainstage.mixing.network import Network, decide_by_network, load_network
from gainstage.mixing.normalised import hear_normalised
from gainstage.mixing.passes import audition, limited, write_mix
from gainstage.mixing.render import Progress, silent_progress
from gainstage.mixing.report import describe_mix, loudest_passage, write_report
from gainstage.mixing.sessions import session_from_decision, with_tail
from gainstage.mixing.staging import staged_folder
from gainstage.normalise import EffectStatistics
from gainstage.report.mix_result import MixResult

DEFAULT_LUFS = -20.0
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Mixed:
    """What a mix came to.

    Args:
        session: as it was written.
        result: everything that was decided and measured.
        delivery: loudness and true peak reached.
        folder: where mix.wav, session.json, mix.md and report.html are.
    """

    session: Session
    result: MixResult
    delivery: Delivery
    folder: Path


def mix(
    stems: Path | str,
    out: Path | str,
    *,
    engineer: str = "rules",
    loudness_lufs: float = DEFAULT_LUFS,
    max_limiting_db: float = DEFAULT_MAX_LIMITING_DB,
    roles: Path | str | Mapping[str, str] | None = None,
    style: int | None = None,
    tail: bool = True,
    report: bool = True,
    console: ConsoleSpec | None = None,
    checkpoint: Path | str | None = None,
    session: Path | str | None = None,
    keep_locks: bool = False,
    amount: float = 1.0,
    tempo_bpm: float | None = None,
    normalise: EffectStatistics | Path | str | None = None,
    progress: Progress = silent_progress,
) -> Mixed:
    """Mix a folder of stems.

    The song is read three times: to hear it, to measure the mix, and to render it from the session that was
    written. Memory does not grow with its length.

    Args:
        stems: folder of wav, flac, ogg, mp3 or aiff files, mono or stereo, of any rates and lengths.
        out: folder for mix.wav, session.json, mix.md and report.html.
        engineer: `rules` (listens and decides), `sum` (the plain sum) or the baseline
            `equal_loudness_panned`.
        loudness_lufs: integrated loudness wanted, at −1 dBTP or less.
        max_limiting_db: the largest momentary gain reduction of the limiter that this may take; where it
            would take more, the mix stays softer.
        roles: `file stem: role` as a mapping or a YAML file, for what names do not say.
        style: seed of the engineer's taste; None is the centre of all.
        tail: let returns ring out after the last stem ends.
        report: write report.html.
        console: the console to mix on; the default one, or the checkpoint's, if not given.
        checkpoint: of a trained network that sets the console instead of the engineer; exported weights or
            ONNX files do as well.
        session: a session of these stems, edited by hand.
        keep_locks: what is locked in that session stands as it is there; a network is told so and sets the
            rest to suit, the rules set everything and then yield.
        amount: how much of the decision is taken, 0 … 1: from that session, or from the plain sum without
            one.
        tempo_bpm: of the song, 1 … 1000, kept in the session: rides then have their knots on its beats. None:
            that of the given session, if it has one.
        normalise: statistics of effects, or `built_in`: the stems are normalised first, into the folder
            `normalised` of the results, and the session is one of those. A network that was trained on
            normalised stems wants the statistics that they were normalised with.
        progress: told how far the work is.

    Raises:
        ValueError: the stems, the roles or the place for the results cannot be used; one sentence says why.
        OSError: writing failed; nothing half-written is left.
    """
    stems, out = Path(stems), Path(out)
    edited = Session.load(session) if session is not None else None
    if keep_locks and edited is None:
        raise ValueError("locks are kept from a session; say which one")
    if edited is not None and not keep_locks and amount == 1.0:
        raise ValueError(
            "say what the session is for: to keep its locks, or to mix part of the way from it (an amount "
            "below 1)"
        )
    if tempo_bpm is not None and not TEMPO_BPM[0] <= tempo_bpm <= TEMPO_BPM[1]:
        raise ValueError(
            f"a tempo of {tempo_bpm:g} lies outside {TEMPO_BPM[0]:g} … {TEMPO_BPM[1]:g} beats a minute"
        )
    if console is None and checkpoint is None and edited is not None:
        console = edited.console
    network = load_network(Path(checkpoint), console=console) if checkpoint is not None else None
    spec = console or (network.engineer.console.spec if network else named("default"))
    if "output_gain" not in {part.name for part in spec.master}:
        raise ValueError(
            "this console has no output_gain on its master, by which a mix is brought to its loudness; "
            "add it behind the others: master: […, output_gain]"
        )
    try:
        with staged_folder(out) as folder:
            if normalise is None:
                heard = hear_folder(stems, roles=roles, progress=progress)
            else:
                heard, stems = hear_normalised(stems, folder, normalise, roles=roles, progress=progress)
            held = Held.of(edited, heard) if edited and keep_locks else None
            heard = held.with_roles(heard) if held else heard
            if network is None:
                decision = decide(engineer, heard, style=style)
            else:
                decision = decide_by_network(
                    network.engineer, heard, stems, loudness_lufs=loudness_lufs, progress=progress, held=held
                )
            decided = session_from_decision(heard, decision, spec)
            if network is not None:
                decided = _by_checkpoint(decided, network)
            if held is not None:
                kept = held.put_into(decided, decision)
                decided, decision = kept.session, kept.decision
                heard = replace(heard, warnings=(*heard.warnings, *held.warnings, *kept.warnings))
            decided = with_tail(decided) if tail else decided
            if amount != 1.0:
                decided = _part_of_the_way(edited or neutral_of(decided), decided, amount)
            tempo = float(tempo_bpm) if tempo_bpm else edited.tempo_bpm if edited else None
            decided = decided.model_copy(update={"tempo_bpm": tempo})
            # what was put together is checked as a whole
            decided = Session.from_json(undelivered(decided).to_json())
            auditioned = audition(decided, stems, folder, with_sum=report, progress=progress)
            delivery = deliver(
                auditioned.mix.loudness,
                target_lufs=loudness_lufs,
                limited=limited(decided, stems, auditioned.mix_file, progress=progress),
                max_limiting_db=max_limiting_db,
            )
            if auditioned.mix_file is not None:
                auditioned.mix_file.unlink()  # it is as large as the mix, for which there must be room
            decided = _delivered(decided, delivery, loudness_lufs)
            decided.save(folder / "session.json")
            passage = loudest_passage(auditioned, decided, folder) if report else None
            final = write_mix(
                folder / "session.json", stems, folder / "mix.wav", passage=passage, progress=progress
            )
            checked = check_delivery(delivery, final.loudness)
            heard = replace(heard, warnings=(*heard.warnings, *checked))
            result = describe_mix(
                heard,
                decided,
                decision,
                auditioned,
                final,
                delivery,
                stems=stems,
                mix_file=folder / "mix.wav",
                passage=passage,
            )
            write_report(result, folder, html=report)
    except (OSError, AudioFileError) as error:
        cause = error.__cause__ if isinstance(error, AudioFileError) else error
        if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
            raise OSError(f"{out}: the disk is full; free some space and mix again") from error
        raise
    return Mixed(decided, result, delivery, out)


def _part_of_the_way(start: Session, decided: Session, amount: float) -> Session:
    """The session at an amount from where it starts.

    Raises:
        ValueError: they have other tracks, or another console; the sentence says how to go on.
    """
    found = match(start, decided)
    for strips, places, which in (
        (start.tracks, found.removed["tracks"], "is not among the stems"),
        (decided.tracks, found.added["tracks"], "is not in the session"),
    ):
        if places:
            raise ValueError(
                f"there is no way from '{start.name}' to a mix of other tracks: '{strips[places[0]].name}' "
                f"{which}; give exactly its stems, or all of the decision (an amount of 1)"
            )
    try:
        return interpolate(start, decided, amount)
    except ValueError as error:
        raise ValueError(
            f"there is no way from '{start.name}' to this mix: {error}, or take all of the decision "
            "(an amount of 1)"
        ) from None


def _by_checkpoint(session: Session, network: Network) -> Session:
    """The session with the file whose network decided."""
    checkpoint = {"file": network.file, "sha256_begins": network.digest, "steps": network.step}
    return session.model_copy(update={"provenance": session.provenance | {"checkpoint": checkpoint}})


def _delivered(session: Session, delivery: Delivery, target_lufs: float) -> Session:
    """The session with its output gain and with what was measured."""
    reached = {
        "target_lufs": target_lufs,
        "loudness_lufs": delivery.loudness_lufs if delivery.loudness_lufs > float("-inf") else None,
        "true_peak_dbtp": round(delivery.true_peak_dbtp, 3),
        "limiting_db": round(delivery.limiting_db, 2),
        "delivery": delivery.sentence,
    }
    session = with_delivery(session, delivery.output_gain_db, delivery.ceiling_dbtp)
    return session.model_copy(update={"provenance": session.provenance | reached})
