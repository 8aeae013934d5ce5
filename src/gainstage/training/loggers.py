"""Where the numbers of a training go: a CSV file in the run's folder, or Weights & Biases."""

import os
import threading
from pathlib import Path
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.request import urlopen

from pytorch_lightning.loggers import CSVLogger, WandbLogger

METRICS = "metrics.csv"


def csv(folder: Path, *, every_rows: int = 20) -> CSVLogger:
    """Logs to `metrics.csv`. One that is there already is kept as `metrics-1.csv`, `-2`, …: a run goes on.

    Args:
        folder: of the run.
        every_rows: how often the file is written; a killed process loses at most so many rows.
    """
    before = folder / METRICS
    if before.is_file():
        number = 1 + len(list(folder.glob("metrics-*.csv")))
        before.rename(folder / f"metrics-{number}.csv")
    return CSVLogger(folder, name="", version="", flush_logs_every_n_steps=every_rows)


class Wandb(WandbLogger):
    """Logs to Weights & Biases, online where that works at once, else offline; it never asks and never waits.

    All files lie in the run's folder. The run ends with the training, so that nothing is left to upload
    behind the program's back.

    Args:
        folder: of the run.
        project: to which the run belongs.
        name: of the run; that of the folder by default.
        mode: `auto` tries; `online` and `offline` insist. The variable WANDB_MODE has the last word.
    """

    def __init__(
        self,
        folder: Path,
        *,
        project: str = "gainstage",
        name: str | None = None,
        mode: Literal["auto", "online", "offline"] = "auto",
    ) -> None:
        import wandb

        wanted = os.environ.get("WANDB_MODE") or mode
        reason = _why_not_online() if wanted == "auto" else None
        chosen = ("offline" if reason else "online") if wanted == "auto" else wanted
        chosen = "offline" if chosen == "dryrun" else chosen
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._reason, self._mode = folder, reason, chosen
        settings = wandb.Settings(
            silent=True, quiet=True, console="off", disable_git=True, save_code=False, init_timeout=30
        )
        super().__init__(
            name=name or folder.name, save_dir=folder, project=project, mode=chosen, settings=settings
        )
        self._wandb_init.pop("anonymous", None)  # Lightning hands it on, and wandb warns of it
        try:
            self.experiment.id  # noqa: B018 - a key that is refused should be known now, not in an hour
        except wandb.Error as error:
            if wanted != "auto":
                raise ValueError(f"Weights & Biases cannot be used online: {_short(error)}") from None
            self._reason, self._mode = _short(error), "offline"
            self._wandb_init["mode"] = "offline"

    @property
    def sentence(self) -> str:
        """Where the numbers go and, where they stay here, why and how to upload them later."""
        if self._mode != "offline":
            return f"logging to Weights & Biases ({self._mode})"
        why = f" ({self._reason})" if self._reason else ""
        return (
            f"logging to Weights & Biases offline{why}; "
            f"upload it later with `wandb sync {self._folder}/wandb/offline-run-*`"
        )

    def finalize(self, status: str) -> None:
        """End the run with the training."""
        super().finalize(status)
        if self._experiment is not None:
            self._experiment.finish(exit_code=0 if status == "success" else 1)
            self._experiment = None


def _short(error: Exception) -> str:
    return " ".join(str(error).split()).partition(": {")[0][:120]  # what follows is a server's own page


def _why_not_online(seconds: float = 6.0) -> str | None:
    """What speaks against logging online, found out within some seconds; None if nothing does."""
    found: list[str | None] = []
    asking = threading.Thread(target=lambda: found.append(_ask()), daemon=True)
    asking.start()
    asking.join(seconds)  # a name server that does not answer can take minutes
    return found[0] if found else "its server does not answer"


def _ask() -> str | None:
    import wandb

    try:
        settings = wandb.setup(settings=wandb.Settings(silent=True)).settings
        if not wandb.login(prompt=False, verify=False):
            return "nobody is logged in: `wandb login` does that"
        address = str(settings.base_url)
        try:
            urlopen(address, timeout=4).close()
        except HTTPError:
            pass  # an answer all the same
        except OSError:
            return f"{address} cannot be reached"
    except wandb.Error as error:
        return _short(error)
    return None


def picture(logger: Any, name: str, path: Path, *, caption: str, step: int) -> None:
    """Show a picture where the logger can: that is W&B; the file itself is for all the others."""
    if isinstance(logger, Wandb):
        import wandb

        logger.log_metrics({name: wandb.Image(str(path), caption=caption)}, step)  # type: ignore[dict-item]


def audio(logger: Any, name: str, path: Path, *, caption: str, step: int) -> None:
    """Let people hear audio where the logger can."""
    if isinstance(logger, Wandb):
        import wandb

        logger.log_metrics({name: wandb.Audio(str(path), caption=caption)}, step)  # type: ignore[dict-item]
