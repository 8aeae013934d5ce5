"""A folder of stems → a mix, the settings behind it, and a report."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gainstage.console.session import Session
from gainstage.console.session_blend import interpolate, neutral_of
from gainstage.console.spec import ConsoleSpec, named
from gainstage.data.audio_error import AudioFileError
from gainstage.mixing.deliver import DEFAULT_MAX_LIMITING_DB, Delivery, deliver, undelivered, with_delivery
from gainstage.mixing.engineers import decide
from gainstage.mixing.hear import hear_folder
from gainstage.mixing.held import Held
from gainstage.mixing.network import decide_by_network
from gainstage.mixing.normalised import hear_normalised
from gainstage.mixing.passes import audition, limited, write_mix
from gainstage.mixing.render import Progress, silent_progress
from gainstage.mixing.report import describe_mix, loudest_passage, write_report
from gainstage.mixing.sessions import session_from_decision
from gainstage.mixing.staging import staged_folder
from gainstage.models.checkpoint import TrainedMixer, load_mixer
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
        checkpoint: of a trained network that sets the console instead of the engineer.
        session: a session of these stems, edited by hand.
        keep_locks: what is locked in that session stands as it is there; a network is told so and sets the
            rest to suit, the rules set everything and then yield.
        amount: how much of the decision is taken, 0 … 1: from that session, or from the plain sum without
            one.
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
    if console is None and checkpoint is None and edited is not None:
        console = edited.console
    trained = load_mixer(Path(checkpoint), console=console) if checkpoint is not None else None
    spec = console or (trained.settings.console if trained else named("default"))
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
            if trained is None:
                decision = decide(engineer, heard, style=style)
            else:
                decision = decide_by_network(
                    trained, heard, stems, loudness_lufs=loudness_lufs, progress=progress, held=held
                )
            decided = session_from_decision(heard, decision, spec, tail=tail)
            if trained is not None:
                decided = _by_checkpoint(decided, trained)
            if held is not None:
                decided, decision = held.put_into(decided), held.told(decision)
                heard = replace(heard, warnings=(*heard.warnings, *held.warnings))
            if amount != 1.0:
                decided = interpolate(edited or neutral_of(decided), decided, amount)
            # what was put together is checked as a whole
            decided = Session.from_json(undelivered(decided).to_json())
            auditioned = audition(decided, stems, folder if report else None, progress=progress)
            delivery = deliver(
                auditioned.mix.loudness,
                target_lufs=loudness_lufs,
                limited=limited(decided, stems, progress=progress),
                max_limiting_db=max_limiting_db,
            )
            decided = _delivered(decided, delivery, loudness_lufs)
            decided.save(folder / "session.json")
            passage = loudest_passage(auditioned, decided, folder) if report else None
            final = write_mix(
                folder / "session.json", stems, folder / "mix.wav", passage=passage, progress=progress
            )
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


def _by_checkpoint(session: Session, trained: TrainedMixer) -> Session:
    """The session with the file whose network decided."""
    checkpoint = {"file": trained.path.name, "sha256_begins": trained.digest, "steps": trained.step}
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
