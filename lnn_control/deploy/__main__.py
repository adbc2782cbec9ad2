# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Exports in a process of its own: `python -m lnn_control.deploy CHECKPOINT OUTPUT TARGET`.

Who flies without torch asks for it this way and never loads torch.
"""

import sys
from pathlib import Path

from lnn_control.deploy.export import Order, export_checkpoint


def main(arguments: list[str]) -> int:
    """Export and return the exit code; what went wrong is the last line on stderr."""
    checkpoint, output, target = arguments
    try:
        export_checkpoint(Path(checkpoint), Path(output), Order(target))
    except (ValueError, OSError, ImportError) as error:
        print(' '.join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
