# What a clone offers. `make help` lists the targets; README.md explains them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

LAB_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mothership-hcp
export LAB_CACHE
BASE_PYTHON ?= python3
# Keyed by what is in it: a second clone finds it ready, a changed requirement makes a new one.
VENV := $(LAB_CACHE)/venv-$(shell sha256sum requirements-dev.txt | cut -c1-12)
export PATH := $(VENV)/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
BUNDLE ?= .lab/bundle
ARGS ?=
# DISTRIBUTION sets both; what is not set is left to the lab's variables file (kubeadm). k0s needs LAB_K0S=/path/to/k0s.
DISTRIBUTION ?=
MOTHERSHIP_DISTRIBUTION ?= $(DISTRIBUTION)
CLUSTER_DISTRIBUTION ?= $(DISTRIBUTION)
DISTRIBUTION_ARGS = $(if $(MOTHERSHIP_DISTRIBUTION),--mothership-distribution $(MOTHERSHIP_DISTRIBUTION)) \
  $(if $(CLUSTER_DISTRIBUTION),--cluster-distribution $(CLUSTER_DISTRIBUTION))

.PHONY: help venv bundle lab-up lab-down lab-status demo demo-down site status reset check-distribution \
  test lint test-unit test-integration test-sanity test-molecule bench bench-control-plane bench-kine bench-footprint bench-failover bench-neighbour

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

venv: $(VENV)/.complete

# The name has the requirements' checksum in it; their date, which is new in each clone, does not matter.
$(VENV)/.complete: | requirements-dev.txt
	@mkdir -p $(LAB_CACHE)
	exec 9>$(VENV).lock; flock 9
	if [ ! -e $@ ]; then
	  echo "Python environment: installing into $(VENV) (about a minute)"
	  $(BASE_PYTHON) lab/environment.py $(VENV) requirements-dev.txt
	fi

check-distribution:
	@$(BASE_PYTHON) -m lab.distribution

bundle: check-distribution venv ## Build every component and image of the lab (cached; 20 to 35 minutes when cold)
	@python -m lab.bundle --output $(BUNDLE)

lab-up: venv ## Boot the lab's machines and write lab/inventory/ (DISTRIBUTION=k0s is kept there)
	@python -m lab.distribution --without-binary
	python -m lab.machines up --bundle $(BUNDLE) $(DISTRIBUTION_ARGS)

lab-down: venv ## Remove the lab's machines
	@python -m lab.machines down

lab-status: venv ## Say how the lab's machines are
	@python -m lab.machines status

demo: bundle lab-up site ## From nothing to a hosted cluster with a backup (DISTRIBUTION=k0s LAB_K0S=FILE)

demo-down: lab-down ## Remove what demo made; caches stay
	@rm -rf artifacts

# Another inventory in ARGS needs no lab.
LAB_IS_UP = $(if $(filter -i% --inventory%,$(ARGS)),:,[ -e lab/inventory/hosts.yml ] || { echo "error: the lab is not up: \
  there is no lab/inventory/hosts.yml. What to do: make lab-up" >&2; exit 2; })

site: venv ## Run site.yml on the lab that is up; ARGS="--check --diff" is passed on
	@$(LAB_IS_UP)
	ansible-playbook mothership.hcp.site $(ARGS)

status: venv ## Show clusters, workers, databases and backups of the lab
	@$(LAB_IS_UP)
	ansible-playbook mothership.hcp.status $(ARGS)

reset: venv ## Undo site.yml on the lab's machines; needs ARGS="-e mothership_confirm=mothership"
	@$(LAB_IS_UP)
	ansible-playbook mothership.hcp.reset $(ARGS)

lint: venv ## ruff, mypy, import-linter, yamllint, ansible-lint, changelog
	ruff check .
	ruff format --check .
	(cd .collections && mypy --config-file ../pyproject.toml -p ansible_collections.mothership.hcp.plugins)
	mypy lab tests
	PYTHONPATH=.collections lint-imports --config tests/lint/importlinter.ini
	yamllint -s .
	antsibull-changelog lint
	ansible-lint

test-unit: venv ## Unit tests: no network, no cluster
	@pytest -q tests/unit

test-integration: bundle ## Rooms against a real kube-apiserver, kine and PostgreSQL
	@pytest -q tests/integration

test-sanity: venv ## ansible-test sanity on a copy at the path it demands
	@python tests/sanity_run.py

test-molecule: bundle ## The whole run in the lab: create, converge, idempotence, verify, destroy
	@pytest -q -s tests/molecule

test: ## Everything that CI runs, ending in a pytest summary
	@$(MAKE) --no-print-directory venv
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-sanity
	@$(MAKE) --no-print-directory bundle
	@pytest -q tests/unit
	@pytest -q -s tests/integration tests/molecule

bench: bundle ## Figures and ratios, ours and peers', from one run
	@python -m tests.bench.apply_objects

bench-kine: bundle ## Releases of kine under several replicas, into docs/kine-versions.md (an hour or two; ARGS="--rounds 3")
	@python -m tests.bench.kine_versions --output docs/kine-versions.md --json .lab/kine-versions.json $(ARGS)

bench-footprint: venv ## On a lab or site: connections, WAL, growth and memory of its hosted clusters (10 minutes)
	@python -m tests.bench.footprint $(ARGS)

bench-failover: venv ## On the lab of lab/postgresql_ha: writes while the primary is lost (ARGS="--fault kill")
	@python -m tests.bench.failover $(ARGS)

bench-neighbour: venv ## On a site with two hosted clusters: one floods, the other is measured (ARGS="--flooder tenant-a")
	@python -m tests.bench.noisy_neighbour $(ARGS)

bench-control-plane: venv ## On a lab with a hosted k0s cluster: seconds until three replicas are Ready
	@python -m tests.bench.control_plane_ready $(ARGS)

