# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: each is a module to run, and writes its name, flat metrics and versions as JSON."""
