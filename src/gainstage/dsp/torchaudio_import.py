"""torchaudio's Python part, also where its compiled part cannot be loaded.

The wheels of torchaudio that package indexes serve link against CUDA libraries and against one version of
torch, so beside a CPU build of torch a plain `import torchaudio` raises OSError. What Gainstage uses of it
(resampling, mel filters, transforms) is pure Python on tensors and needs none of that. This module imports
torchaudio as it is where that works, and else once more with its compiled extension declared absent, a state
that torchaudio knows. It is the only module that imports torchaudio; all others write
`from gainstage.dsp.torchaudio_import import functional, transforms`.
"""

import importlib
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any, NoReturn

_EXTENSION = "torchaudio._extension"


def _without_extension() -> ModuleType:
    """A stand-in for `torchaudio._extension` that says: there is no compiled part."""

    def fail_if_no_align(function: Callable[..., Any]) -> Callable[..., NoReturn]:
        def refuse(*_: Any, **__: Any) -> NoReturn:
            raise RuntimeError(
                f"{function.__name__} needs torchaudio's compiled part: install its build for this torch"
            )

        return refuse

    stand_in = module_from_spec(ModuleSpec(_EXTENSION, loader=None))
    vars(stand_in).update(_IS_TORCHAUDIO_EXT_AVAILABLE=False, fail_if_no_align=fail_if_no_align)
    return stand_in


def _import_torchaudio() -> ModuleType:
    try:
        return importlib.import_module("torchaudio")
    except (ImportError, OSError, RuntimeError):  # absent; not loadable; built for another CUDA
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]  # the half that was imported before it failed
        sys.modules[_EXTENSION] = _without_extension()
        try:
            return importlib.import_module("torchaudio")
        except ImportError:
            del sys.modules[_EXTENSION]
            raise


torchaudio: Any = _import_torchaudio()
functional: Any = torchaudio.functional
transforms: Any = torchaudio.transforms
