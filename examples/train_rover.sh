#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
# Trains the shipped policy rover_ncp. Some 55 minutes on two free cores; killed, it goes on. Run
# from the project's root, in .venv.
set -eu
lnn-control dagger --task drive_to_target --renderer gl --budget-minutes 25 --validate-episodes 50 --output runs/rover/first
lnn-control dagger --task drive_to_target --init runs/rover/first --data runs/rover/first/episodes --first-seed 20000 --renderer gl --learning-rate 0.004 --budget-minutes 26 --flying-share 0.75 --validate-episodes 50 --output runs/rover/rover_ncp
