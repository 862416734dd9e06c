# Everything runs in .venv, made by uv from uv.lock. uv itself is fetched by pip when there is none.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --frozen
# The system's certificates, which pip uses too, so that both work behind a company's proxy.
export UV_SYSTEM_CERTS := 1
# Compiled modules are kept, whatever the caller's habit: without them every start takes seconds more.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: train test pytest test-all figures gallery evidence wheel docs-test matrix lint types
train: .venv/ready
	$(RUN) jgan train experiments/dcgan.py --out runs/dcgan

WORKERS := 2

# Types are checked while the tests begin.
test: lint
	$(MAKE) --jobs=2 types pytest

pytest: .venv/ready
	$(RUN) pytest -n $(WORKERS)

# Every system under every law; before a release. Groups of tests are kept with a hash of what they depend on, so
# a run that was interrupted goes on where it stopped, and a later one runs what has changed.
test-all: lint types
	$(RUN) pytest -n $(WORKERS) -m "full or not full" --record=benchmarks/results/test-all.json

# The results of all experiments, kept in benchmarks/results/catalogue.csv: runs what is missing or stale, for
# hours at low priority; interrupted, it goes on where it stopped. Then the tables of the documents are written.
evidence: .venv/ready
	$(RUN) python -m benchmarks.evidence
	$(RUN) python -m benchmarks.evidence --tables

# The figures of the literature in docs/figures, each with its closed form over the measurement: a minute or two each.
FIGURES := dirac_gallery bilinear consensus step_limits limit_cycles runge_kutta drift lookahead time_scales \
	path_angle attention equivariance
figures: .venv/ready
	mkdir -p docs/figures
	for name in $(FIGURES); do $(RUN) python experiments/figures/$$name.py --out docs/figures/$$name.png || exit 1; done

# The pictures of docs/gallery.md, from the trainings that `make evidence` left, and the page itself.
gallery: .venv/ready
	$(RUN) python -m benchmarks.gallery

# Builds wheel and sdist, installs each in an environment of its own, and uses them outside the checkout.
wheel: .venv/ready
	$(RUN) python -m benchmarks.wheel

# Runs every command line and every Python block of README.md and docs/*.md; interrupted, it goes on where it stopped.
docs-test: .venv/ready
	$(RUN) python -m benchmarks.docs_test

# A quick subset of the tests on each Python with the oldest and the newest packages that pyproject.toml allows.
matrix: .venv/ready
	$(RUN) python -m benchmarks.matrix

lint: .venv/ready
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: .venv/ready
	$(RUN) mypy

.venv/ready: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen
	touch $@

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet uv
