# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Compiles an exported C program into a library, once: it is kept in the user's cache."""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from lnn_control.policies.backends.deployment import Deployment, DeploymentError

SOURCE = 'lnn_policy.c'
FLAGS = ('-std=c99', '-ffp-contract=off', '-shared', '-fPIC')
"""Without contraction every computer gives the same bits."""
# Measured with gcc 12 on an AMD EPYC: with -O3 a step of the shipped policy takes three times as
# long, in 8 bits six times. Before gcc 12 -O2 does not vectorise by itself.
FOR_THIS_COMPUTER = ('-O2', '-ftree-vectorize', '-march=native')
_COMPILERS = ('cc', 'gcc', 'clang')


def find_cache() -> Path:
    """Return the folder for what can be made again, by XDG's convention."""
    base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(base) / 'lnn_control'


def find_compiler() -> list[str]:
    """Return the command of a C compiler: that of $CC, else the first one there is.

    :raises DeploymentError: if there is none.
    """
    chosen = shlex.split(os.environ.get('CC', ''))
    for words in [chosen] if chosen else [[name] for name in _COMPILERS]:
        if shutil.which(words[0]) is not None:
            return words
    wanted = shlex.join(chosen) if chosen else ', '.join(_COMPILERS)
    raise DeploymentError(
        f'backend c needs a C compiler, found none of {wanted}: sudo apt install gcc, or use '
        'backend onnx'
    )


def compile_library(
    folder: Path, deployment: Deployment, optimisation: tuple[str, ...] = FOR_THIS_COMPUTER
) -> Path:
    """Return the library of an exported program, compiled if it is not in the cache.

    :param optimisation: flags of the compiler that change the speed and not the bits.
    :raises DeploymentError: if the program was changed, or does not compile.
    """
    sources = [deployment.check_file(folder, name) for name in _list_sources(deployment)]
    compiler = [*find_compiler(), *FLAGS, *optimisation]
    library = find_cache() / 'libraries' / f'{_make_key(sources, compiler)}.so'
    if not library.is_file():
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
            made = Path(scratch) / library.name
            _compile(compiler, folder / SOURCE, made)
            made.replace(library)
    return library


def _list_sources(deployment: Deployment) -> list[str]:
    names = [name for name in deployment.files if name.startswith('lnn_')]
    return sorted({SOURCE, *names})


def _make_key(sources: list[Path], compiler: list[str]) -> str:
    """Return a name for what these sources give here: another computer may have other words."""
    content = hashlib.sha256()
    for part in (*compiler, platform.machine(), _describe_processor()):
        content.update(part.encode() + b'\0')
    for path in sources:
        content.update(path.read_bytes() + b'\0')
    return content.hexdigest()[:32]


def _describe_processor() -> str:
    """Return what the processor can do, as Linux says it."""
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8', errors='replace').splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(('flags', 'Features'))), '')


def _compile(compiler: list[str], source: Path, library: Path) -> None:
    command = [*compiler, '-o', str(library), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise DeploymentError(
            f'{shlex.join(command)} failed: {lines[-1] if lines else done.returncode}'
        )
