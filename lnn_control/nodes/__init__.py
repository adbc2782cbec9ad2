# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 nodes: thin shells that convert, store and publish. The only place that imports rclpy."""
