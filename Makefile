# `make help` lists what there is. Needs Python 3.10 or newer with venv.
PYTHON ?= python3
VENV ?= .venv
# An index with a CPU build of torch, a tenth of the size of the usual one: empty for pip's own.
TORCH_INDEX ?=
TORCH := torch==2.13.0
# Where ROS 2 is sourced its own rclpy is used, otherwise the pip wheels.
WITHOUT_ROS := liquid,sim,imitation,data,report,gl,deploy,cluster,tune,mavlink
EXTRAS := $(if $(ROS_DISTRO),$(WITHOUT_ROS),all),test,dev
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -q
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench lint docs

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## build .venv with everything in it (2 minutes, once)

demo: $(STAMP) ## fly shipped policies over ROS 2: to targets in four worlds, then behind a person
	@$(VENV)/bin/lnn-control demo
	@$(VENV)/bin/lnn-control demo --task follow_target --scene forest/winter/2000067

test: $(STAMP) ## run the tests
	@$(VENV)/bin/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal

bench: $(STAMP) ## run the benchmarks
	@set -e; for name in cells data deploy memories simulator training; do echo "$$name"; $(VENV)/bin/python -m benchmarks.$$name; done

lint: $(STAMP) ## check style and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy lnn_control sim

docs: $(STAMP) ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict
	@echo 'Open site/index.html'

$(STAMP): setup.py constraints.txt
	@command -v '$(PYTHON)' >/dev/null || { echo 'lnn_control needs Python 3.10 or newer, there is no $(PYTHON): make setup PYTHON=/path/to/python3' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "lnn_control needs Python 3.10 or newer, $(PYTHON) is $$('$(PYTHON)' -c 'import platform; print(platform.python_version())'): make setup PYTHON=python3.12" >&2; exit 1; }
	@[ -x $(VENV)/bin/pip ] || '$(PYTHON)' -m venv $(VENV) || { echo 'cannot make a virtual environment: sudo apt install python3-venv' >&2; exit 1; }
	@echo 'Installing into $(VENV), about 2 minutes; up to 10 more where pybullet must be compiled'
	@$(VENV)/bin/python -c 'import torch, sys; sys.exit("torch==" + torch.__version__.partition("+")[0] != "$(TORCH)")' 2>/dev/null || $(PIP) install -c constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH) || { echo 'cannot install $(TORCH): see the lines above; another index: make setup TORCH_INDEX=<address>' >&2; exit 1; }
	@# Where pybullet has no wheel (Python 3.12 and newer) it is compiled, with numpy only if that is there.
	@$(PIP) install -c constraints.txt numpy setuptools
	@$(PIP) install -c constraints.txt --no-build-isolation pybullet || { echo 'pybullet has no wheel for this Python and does not compile: sudo apt install g++ python3-dev, or make setup PYTHON=python3.11' >&2; exit 1; }
	@$(PIP) install -c constraints.txt -e '.[$(EXTRAS)]'
	@$(VENV)/bin/python -c 'import cv2' || { echo 'OpenCV does not load, see the line above. If libGL.so.1 or libgthread is missing: sudo apt install libgl1 libglib2.0-0' >&2; exit 1; }
	@touch $@
