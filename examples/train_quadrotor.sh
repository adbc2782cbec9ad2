#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
# Trains the shipped policy quadrotor_ncp: in the summer forest, then in forests of varied shapes and
# colours and from farther away. Under two hours on two free cores; killed, it goes on. Run from the
# project's root, in .venv.
set -eu
lnn-control dagger --budget-minutes 45 --output runs/quadrotor/first
lnn-control dagger --init runs/quadrotor/first --data runs/quadrotor/first/episodes --world varied_forest --task-option max_distance=20 --first-seed 100000 --learning-rate 0.004 --budget-minutes 50 --flying-share 1 --output runs/quadrotor/quadrotor_ncp
