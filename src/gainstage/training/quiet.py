"""Lightning without its chatter: advertisements, device lists, and warnings that nobody here can act on."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_NOT_OURS = (
    r".*isinstance\(treespec, LeafSpec\)",  # Lightning against a newer torch
    r".*does not have many workers",  # a song may be cheaper to read than a process to feed
    r"Checkpoint directory .* exists and is not empty",  # that is what resuming is
    r"Experiment logs directory .* exists and is not empty",  # earlier metrics were put aside
    r"You.re resuming from a checkpoint that ended before the epoch ended",  # its loader begins at the step
    r"The dirpath has changed",  # a run may go on in another folder
    r".*GPU available but not used",
    r"The number of training batches .* is smaller than the logging interval",
)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Within the block Lightning says only what matters; other people's warnings pass as they are."""
    loggers = [logging.getLogger(f"pytorch_lightning{part}") for part in ("", ".utilities.rank_zero")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        for message in _NOT_OURS:
            warnings.filterwarnings("ignore", message=message)
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
