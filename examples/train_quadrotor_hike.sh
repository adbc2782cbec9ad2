#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
# Trains the shipped policies quadrotor_hike, from quadrotor_ncp, and quadrotor_follow, from that one.
# Some 75 minutes on two free cores; killed, it goes on. Run from the project's root, in .venv.
set -eu
lnn-control collect --policy quadrotor_ncp --first-seed 300000 --episodes 130 --renderer gl --output data/quadrotor/forest
lnn-control collect --policy quadrotor_ncp --world varied_forest --task-option max_distance=20 --first-seed 310000 --episodes 90 --renderer gl --allow-untrained --output data/quadrotor/varied
lnn-control dagger --task hike --init quadrotor_ncp --data data/quadrotor/forest --data data/quadrotor/varied --hold 1.5 --first-seed 320000 --renderer gl --learning-rate 0.004 --budget-minutes 35 --flying-share 0.75 --validate-episodes 20 --output runs/quadrotor/quadrotor_hike
lnn-control dagger --task follow_target --init runs/quadrotor/quadrotor_hike --data data/quadrotor/forest --data data/quadrotor/varied --data runs/quadrotor/quadrotor_hike/episodes --first-seed 340000 --renderer gl --learning-rate 0.004 --budget-minutes 24 --flying-share 0.75 --validate-episodes 20 --output runs/quadrotor/quadrotor_follow
