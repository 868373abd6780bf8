# One target per intention. The work is done by the console script `autograder` in .venv/bin; `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= digits
ARGS ?=
RUNS ?= 1
OUT ?= student_kit.zip
CLASS ?= 50
CLASS_TASKS ?= gaussian_log_density,bernoulli_log_density,sample_gaussian,kl_gaussian,kl_standard_normal,log_likelihood
SIDE_BY_SIDE ?= -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help setup system new grade batch similar regrade check test test-long test-matrix lint format validate template kit calibrate bench bench-peers results doctor clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## install everything: system packages (as root), virtual environment, this project

$(VENV)/.ready: pyproject.toml constraints.txt package-lock.json scripts/setup.sh
	@PYTHON=$(PYTHON) bash scripts/setup.sh $(VENV)
	@touch $@

new: setup ## write a small assignment to start from: make new DIR=path [ARGS=--title=...]
	$(if $(DIR),,$(error name a new folder: make new DIR=my_course))
	@$(BIN)/autograder new "$(DIR)" $(ARGS)

grade: setup ## grade one submission: make grade SUBMISSION=work.zip [DATA=mnist|digits|auto] [TRACK=toronto] [ARGS="--no-training"]
	$(if $(SUBMISSION),,$(error name what a student handed in: make grade SUBMISSION=work.zip))
	@$(BIN)/autograder grade "$(SUBMISSION)" --data $(DATA) $(if $(TRACK),--track $(TRACK)) $(ARGS)

batch: setup ## grade a whole class: make batch SUBMISSIONS=download.zip [DATA=mnist|digits|auto] [TRACK=toronto] [ARGS="--jobs 4"]
	$(if $(SUBMISSIONS),,$(error name what the class handed in: make batch SUBMISSIONS=folder-or-zip))
	@$(BIN)/autograder batch "$(SUBMISSIONS)" --data $(DATA) $(if $(TRACK),--track $(TRACK)) $(ARGS)

similar: setup ## list code that looks alike, to look at and never a verdict: make similar SUBMISSIONS=download.zip [ARGS="--also last_year.zip"]
	$(if $(SUBMISSIONS),,$(error name what the class handed in: make similar SUBMISSIONS=folder-or-zip))
	@$(BIN)/autograder similar "$(SUBMISSIONS)" $(ARGS)

regrade: setup ## compare two gradings, whose points change by which check: make regrade OLD=reports NEW=reports-new
	$(if $(and $(OLD),$(NEW)),,$(error name two folders of reports: make regrade OLD=reports NEW=reports-new))
	@$(BIN)/autograder regrade "$(OLD)" "$(NEW)" $(ARGS)

check: setup ## run the public checks on student_template/, as a student does
	@$(BIN)/autograder check student_template $(ARGS)

test: setup ## run the tests of the harness itself, two at a time [SIDE_BY_SIDE=]
	@$(BIN)/python -m pytest -m "not long and not matrix" $(SIDE_BY_SIDE) $(ARGS)

test-long: setup ## run those that take long: hundreds of submissions, many seeds, trainings
	@$(BIN)/python -m pytest -m "long and not matrix" $(SIDE_BY_SIDE) $(ARGS)

test-matrix: setup ## run the tests of the whole matrix of validation
	@$(BIN)/python -m pytest -m matrix $(ARGS)

lint: setup ## ruff and mypy (strict)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: setup ## let ruff rewrite the sources
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

validate: setup ## grade the grader: every wrong answer caught, every right one passed [RUNS=1000]
	@$(BIN)/autograder validate --runs $(RUNS) $(ARGS)

template: setup ## make student_template/ from reference/
	@$(BIN)/autograder template $(ARGS)

kit: setup ## make the student's kit: OUT=student_kit.zip [TRACK=toronto]
	@$(BIN)/autograder kit --out $(OUT) $(if $(TRACK),--track $(TRACK)) $(ARGS)

calibrate: setup ## train every right answer in many worlds: docs/calibration.md
	@$(BIN)/autograder calibrate $(ARGS)

bench: setup ## measure: sandbox start, round trip, one submission, a class of generated ones [CLASS=50] [CLASS_TASKS=a,b]
	@$(BIN)/autograder bench --class $(CLASS) --tasks $(CLASS_TASKS) $(ARGS)

bench-peers: setup ## the same twelve checks through Otter-Grader and nbgrader, installed below .bench/ [ARGS="--honest 7"]
	@$(BIN)/python scripts/bench_peers.py $(ARGS)

results: setup ## hold the reference to published figures on MNIST: docs/reference_results.md
	@$(BIN)/python scripts/reference_results.py $(ARGS)

doctor: setup ## say how submissions are isolated on this machine, and try it
	@$(BIN)/autograder doctor

clean: ## remove what `setup` and the tests made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
