"""The wheel carries all that the product needs and works without the source; the sdist is the source."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def run(*command: str | Path, at: Path) -> str:
    """Run a command that sees neither the source tree nor our settings; return what it prints."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HITL_"))
    }
    found = subprocess.run(
        list(map(str, command)), cwd=at, env=environment, capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, f"{found.stdout}\n{found.stderr}"
    return found.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is under version control, so that no leftovers get in."""
    source = tmp_path_factory.mktemp("source")
    for name in files_below(ROOT):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    return source


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source."""
    return built("wheel", source, tmp_path_factory.mktemp("wheel"))


def built(kind: str, source: Path, out: Path) -> Path:
    run(sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", out, source, at=out)
    return next(out.glob("hitl_vault-*"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment with the wheel; a path file lends it our dependencies."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    target = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", at=home).strip()
    )
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, at=home)
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}
    (target / "dependencies.pth").write_text("".join(f"{path}\n" for path in sorted(ours)))
    return python


def carried(wheel: Path, folder: str) -> set[str]:
    prefix = f"hitl_vault/_data/{folder}/"
    names = zipfile.ZipFile(wheel).namelist()
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def files_below(folder: Path) -> set[str]:
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", at=folder)
    return {name for name in filter(None, listed.split("\0")) if (folder / name).is_file()}


@pytest.mark.parametrize("folder", ["templates", "vault"])
def test_the_wheel_carries_every_template_and_the_whole_sample_vault(wheel: Path, folder: str) -> None:
    assert carried(wheel, folder) == files_below(ROOT / folder) != set()


def test_the_wheel_carries_the_type_marker_and_nothing_but_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "hitl_vault/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"hitl_vault"}


def test_the_source_distribution_is_the_whole_source(source: Path, tmp_path: Path) -> None:
    with tarfile.open(built("sdist", source, tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert files_below(ROOT) <= names <= files_below(ROOT) | {"PKG-INFO"}


def test_the_installed_package_is_the_one_in_use_and_knows_its_version(installed: Path, work: Path) -> None:
    code = "import hitl_vault, importlib.metadata as m; print(hitl_vault.__file__, m.version('hitl-vault'))"
    file, version = run(installed, "-c", code, at=work).split()
    assert Path(file).is_relative_to(installed.parents[1])
    assert run(installed.with_name("hitl"), "--version", at=work).split()[-1] == version


def test_part_of_the_suite_passes_against_the_installed_wheel(installed: Path, work: Path) -> None:
    """Every test that is marked `wheel`, copied to where the source tree cannot be seen."""
    tests = shutil.copytree(ROOT / "tests", work / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", work)
    options = ("-q", "-p", "no:cacheprovider", "-m", "wheel", "-o", "pythonpath=tests")
    marked = [path for path in tests.rglob("test_*.py") if "mark.wheel" in path.read_text("utf-8")]
    said = run(installed, "-m", "pytest", *options, *marked, at=work)
    assert " passed" in said
    assert " skipped" not in said
