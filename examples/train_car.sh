#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
# Trains the shipped policy car_ncp. Some 60 minutes on two free cores; killed, it goes on. Run from
# the project's root, in .venv.
set -eu
lnn-control dagger --task keep_lane --renderer gl --budget-minutes 20 --validate-episodes 20 --output runs/car/first
lnn-control dagger --task keep_lane --init runs/car/first --data runs/car/first/episodes --first-seed 10000 --renderer gl --budget-minutes 30 --validate-episodes 20 --output runs/car/car_ncp
