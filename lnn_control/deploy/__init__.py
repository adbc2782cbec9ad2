# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A checkpoint as a program that flies without torch: ONNX or C, manifest and test vectors."""
