"""Environments of the peers: one virtual environment each, made from bench/requirements-NAME.txt when first needed."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent


def requirements_of(name: str, device: str) -> Path:
    """Return the requirements of an environment, those for a device where there are some."""
    own = HERE / f"requirements-{name}-{device}.txt"
    return own if own.exists() else HERE / f"requirements-{name}.txt"


def python(name: str, folder: Path, device: str = "cpu") -> Path | None:
    """Return the interpreter of an environment, made if it is not there; None where it cannot be made."""
    if not name:
        return Path(sys.executable)
    requirements = requirements_of(name, device)
    name = requirements.stem.removeprefix("requirements-")
    place, interpreter = folder / name, folder / name / "bin" / "python"
    stamp = place / "made-from.txt"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return interpreter
    print(f"making the environment of {name} in {place}", flush=True)
    try:
        if not interpreter.exists():
            venv.create(place, with_pip=True)
        subprocess.run([interpreter, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{name} is absent: {error}", flush=True)
        return None
    stamp.write_text(requirements.read_text())
    return interpreter
