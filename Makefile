# The commands of the course. `make help` prints the sentence behind each ##.

PYTHON ?= python3
PORT ?= 8888
ARGS ?=
TORCH_INDEX ?=

RUN := .venv/bin/python
INSTALLED := .venv/installed

# See scripts/install for what the stamp holds.
ifneq ($(shell test -x $(RUN) && cat $(INSTALLED)),$(CURDIR))
.PHONY: $(INSTALLED)
endif

.PHONY: help lab test check breaks grade site benchmark data picture clean

help: ## Print this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1 \t/p' Makefile | expand -t 16
	@echo
	@echo 'Options: PORT=8889 (lab), ARGS=... (handed on: ARGS=--no-browser, ARGS="-k maml"),'
	@echo '         PYTHON=/path/to/python3.12 and TORCH_INDEX=https://download.pytorch.org/whl/cpu (first install)'

lab: data ## Open the lectures in JupyterLab
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(RUN) -m jupyterlab --port=$(PORT) --ServerApp.root_dir=. \
		--LabApp.default_url=/lab/tree/lectures $(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS)

test: data ## Run every test
	$(RUN) -m pytest -n auto --dist loadscope $(ARGS)

check: $(INSTALLED) ## Check style and types
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy

breaks: $(INSTALLED) ## Break the library line by line; a test must notice each
	$(RUN) scripts/breaks.py $(ARGS)

grade: data ## Grade the sample class and print the gradebook
	$(RUN) -m autograder grade $(ARGS)

site: data ## Execute the lectures and build the site in build/site/html
	$(RUN) site/build.py $(ARGS)

benchmark: data ## Compare the speed of a meta-iteration with its peers'
	$(RUN) -m benchmarks maml $(ARGS)

data: $(INSTALLED) ## Get Omniglot, or draw the glyphs that stand in for it
	$(RUN) -m metakit data

picture: data ## Draw the README's pictures again
	$(RUN) scripts/picture.py

clean: ## Remove .venv; data and results stay
	rm -rf build/site .venv .pytest_cache .ruff_cache .mypy_cache

$(INSTALLED): pyproject.toml constraints.txt
	@scripts/install "$(PYTHON)" "$(TORCH_INDEX)"
