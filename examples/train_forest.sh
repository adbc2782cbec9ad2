#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
# Trains the shipped policy forest_cfc: behaviour cloning, then four rounds of DAgger, all in the
# summer forest. About 80 minutes on two free cores. Run from the project's root, in .venv.
set -eu
lnn-control collect --output data/forest/expert --episodes 320 --hold 3 --labels none
lnn-control train --data data/forest --output runs/forest/bc --epochs 6 --schedule one_cycle --averaging 0
lnn-control collect --output data/forest/dagger1 --episodes 120 --first-seed 100000 --hold 3 --policy runs/forest/bc --labels none
lnn-control train --data data/forest --output runs/forest/dagger1 --init runs/forest/bc --epochs 4 --seed 1 --schedule one_cycle --averaging 0
lnn-control collect --output data/forest/dagger2 --episodes 160 --first-seed 200000 --hold 3 --policy runs/forest/dagger1 --labels none
lnn-control train --data data/forest --output runs/forest/dagger2 --init runs/forest/dagger1 --epochs 6 --seed 2 --schedule one_cycle --averaging 0
lnn-control collect --output data/forest/dagger3 --episodes 200 --first-seed 300000 --hold 3 --policy runs/forest/dagger2 --labels none
lnn-control train --data data/forest --output runs/forest/dagger3 --init runs/forest/dagger2 --epochs 6 --seed 3 --schedule one_cycle --averaging 0
lnn-control collect --output data/forest/dagger4 --episodes 200 --first-seed 400000 --hold 3 --policy runs/forest/dagger3 --labels none
lnn-control train --data data/forest --output runs/forest/forest_cfc --init runs/forest/dagger3 --epochs 5 --seed 4 --schedule one_cycle --averaging 0
