"""The wheel holds the shipped bank: installed alone, `adaptest init` gives every byte of it."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv

import pytest

from adaptest.bank.shipped import shipped_files

pytestmark = pytest.mark.slow  # builds a wheel and an environment


def run(*command, cwd):
    alone = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ADAPTEST_"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**alone, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(root, tmp_path_factory):
    """The Python of an empty environment with our wheel; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    alone = [] if importlib.util.find_spec("hatchling") is None else ["--no-build-isolation"]
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", *alone, "--wheel-dir", folder, root),
        cwd=folder,
    )
    (wheel,) = folder.glob("adaptest-*.whl")
    venv.create(folder / "env", with_pip=False)
    scripts = "Scripts" if os.name == "nt" else "bin"
    python = folder / "env" / scripts / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"),
        wheel,
        cwd=folder,
    )
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    with open(os.path.join(site, "borrowed.pth"), "w", encoding="utf-8") as borrowed:  # noqa: PTH118, PTH123 (a .pth line)
        borrowed.write("\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}) + "\n")
    return python


def test_the_installed_package_is_the_wheels(installed, root, tmp_path):
    where = run(installed, "-c", "import adaptest; print(adaptest.__file__)", cwd=tmp_path).strip()
    assert os.path.realpath(where).startswith(os.path.realpath(installed.parents[1]))
    assert not os.path.realpath(where).startswith(os.path.realpath(root))


def test_init_lays_out_every_byte_of_the_shipped_bank(installed, root, tmp_path):
    command = "from adaptest.cli.main import main; main(['init', 'w'])"
    run(installed, "-c", command, cwd=tmp_path)
    laid_out = {
        path.relative_to(tmp_path / "w").as_posix(): path.read_bytes()
        for path in (tmp_path / "w").rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    assert laid_out == {name: (root / name).read_bytes() for name in shipped_files(root)}
    assert len(laid_out) > 50


def test_the_installed_program_updates_its_own_workspace(installed, tmp_path):
    for arguments in (
        ["init", "w"],
        ["init", "w", "--update"],
        ["--workspace", "w", "bank", "show", "peer-support"],
    ):
        run(installed, "-c", f"from adaptest.cli.main import main; main({arguments!r})", cwd=tmp_path)
