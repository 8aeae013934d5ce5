"""Execute every notebook from top to bottom, each in an empty folder, and say how long it took.

    python scripts/run_notebooks.py [NOTEBOOK …]

The notebooks themselves are not changed. They run on the Python that runs this script, whatever kernels are
registered on the machine; a cell that raises ends the run with its traceback.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
CELL_SECONDS = 900


class ThisPython(KernelSpecManager):
    """Whatever kernel a notebook names, it gets this Python."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        launch = [sys.executable, "-m", "ipykernel_launcher", "--log-level=ERROR", "-f", "{connection_file}"]
        return KernelSpec(argv=launch, display_name=kernel_name, language="python")


class Kernel(AsyncKernelManager):
    """A kernel that is that Python."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(kernel_spec_manager=ThisPython(), **settings)


def execute(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_manager_class=Kernel,
            resources={"metadata": {"path": folder}},
        ).execute()


def main(arguments: list[str]) -> None:
    paths = [Path(argument) for argument in arguments] or sorted(NOTEBOOKS.glob("*.ipynb"))
    for path in paths:
        started = time.monotonic()
        print(f"notebook {path.name} …", flush=True)
        try:
            execute(path)
        except CellExecutionError as error:
            sys.exit(f"notebook {path.name} failed:\n{error}")
        print(f"notebook {path.name}: {time.monotonic() - started:.0f} s", flush=True)
    print(f"notebooks: {len(paths)} executed")


if __name__ == "__main__":
    main(sys.argv[1:])
