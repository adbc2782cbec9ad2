# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What starts, watches and ends the nodes: graphs, launch descriptions, processes, trials."""
