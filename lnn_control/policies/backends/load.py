# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The policy of an exported folder, whatever it was exported to."""

from pathlib import Path

from lnn_control.policies.backends.deployment import read_manifest
from lnn_control.policies.policy import Policy


def load_deployment(folder: Path | str) -> Policy:
    """Return a policy that flies an exported program.

    :raises DeploymentError: if it is broken or cannot run here; the message says what is missing.
    """
    folder = Path(folder)
    # Each is imported only where it is flown: one needs onnxruntime, the other a compiler.
    if read_manifest(folder).target == 'onnx':
        from lnn_control.policies.backends.onnx_policy import OnnxPolicy

        return OnnxPolicy(folder)
    from lnn_control.policies.backends.c_policy import CPolicy

    return CPolicy(folder)
