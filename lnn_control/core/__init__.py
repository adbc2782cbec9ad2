# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of the project: data types, frames, preprocessing, safety and configuration.

Needs numpy and OpenCV at most, imports no other part of the project.
"""
