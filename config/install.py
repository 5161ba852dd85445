"""Makes the virtual environment that the Makefile asks for. Standard library only: nothing is installed yet.

python3 config/install.py VENV TORCH_INDEX [EXTRA ...]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FREE_BYTES = 3 * 2**30
"""2.0 GB of packages on Linux with the CPU build of torch (measured), and room for the downloads."""


def main(venv: Path, torch_index: str, extras: list[str]) -> None:
    """Make `venv` where it is missing and install the pinned dependencies with these extras into it."""
    python = venv / "bin" / "python"
    free = shutil.disk_usage(ROOT).free
    if not python.exists() and free < FREE_BYTES:
        sys.exit(f"{free / 2**20:.0f} MiB free for {venv}, at least {FREE_BYTES / 2**20:.0f} MiB are needed.")
    if not python.exists():
        say(f"making {venv} with Python {sys.version.split()[0]}")
        if subprocess.run([sys.executable, "-m", "venv", str(venv)], check=False).returncode:
            sys.exit("The virtual environment could not be made; on Debian and Ubuntu: apt-get install python3-venv")
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    install_torch(pip, python, torch_index)
    say("installing the pinned packages (a minute or two)")
    if not shown([*pip, "-c", str(ROOT / "constraints.txt"), *requirements(extras)]):
        sys.exit("pip could not install the packages; its message above says which one and why.")


def requirements(extras: list[str]) -> list[str]:
    """The project's dependencies and those of these extras, as pyproject.toml states them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]


def install_torch(pip: list[str], python: Path, index: str) -> None:
    """Install the pinned torch, on Linux from PyTorch's own index first: the general one's brings gigabytes of CUDA."""
    pin = next(line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("torch=="))
    if torch_build(python).split("+")[0] != pin.removeprefix("torch=="):
        say(f"installing {pin}" + (f", asking {index} too" if index else ""))
        # One short attempt: where that index is out of reach pip goes on with the others at once.
        extra = ["--extra-index-url", index, "--retries", "0", "--timeout", "15"] if index else []
        is_done = shown([*pip, *extra, pin])
        if not is_done and extra:
            say(f"{index} does not serve; going on without it")
            is_done = shown([*pip, pin])
        if not is_done:
            sys.exit(f"pip could not install {pin}; its message above says why.")
    build = torch_build(python)
    kind = "the CPU build" if "+cpu" in build else "the general build; on Linux it brings CUDA, some gigabytes"
    say(f"torch {build}: {kind if sys.platform == 'linux' and '+cu' not in build else 'as asked for'}")


def shown(pip: list[str]) -> bool:
    """Run pip with its hundreds of lines as one that moves (a terminal) or none (a log); all of its end if it fails."""
    lines: list[str] = []
    count = 0
    with subprocess.Popen(pip, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            lines.append(line)
            count += line.startswith("Collecting ")
            if sys.stdout.isatty():
                sys.stdout.write(f"\r\033[K   {count:3} packages  {line.strip()[:60]}")
                sys.stdout.flush()
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K")
    if process.returncode:
        sys.stdout.write("".join(lines[-25:]))
    return process.returncode == 0


def torch_build(python: Path) -> str:
    """The installed torch's version, such as 2.13.0+cpu; empty when there is none."""
    code = "import importlib.metadata as m\ntry: print(m.version('torch'))\nexcept m.PackageNotFoundError: pass"
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def say(message: str) -> None:
    """Print one line of progress at once, also into a pipe."""
    sys.stdout.write(f"== {message}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    except KeyboardInterrupt:
        sys.exit("\nstopped; the next make goes on from here")
