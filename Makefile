# 成长 Chengzhang. `make up` and `make test` are all it takes; both set up .venv/ themselves.
PYTHON ?= python3
BIN := .venv/bin
BOOTSTRAP := $(PYTHON) deploy/local/bootstrap.py
COMPILE := CUSTOM_COMPILE_COMMAND="make pins" $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe \
	--build-deps-for editable --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help up down status test tests test-containers check audit bench faults schemas pins run-environment dev-environment

help: ## this list · 本列表
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: run-environment ## set up, start everything, show a sample year · 安装、启动、演示
	@$(BIN)/python -m deploy.local.cli up

down: ## stop everything, keep the data · 停止，保留数据
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local.cli down; else echo "Nothing is installed, so nothing runs."; fi

status: run-environment ## what runs, and where · 查看状态
	@$(BIN)/python -m deploy.local.cli status || case $$? in 1 | 3) ;; *) exit 1 ;; esac # stopped is no failure of make's

# Side by side: much of what tests do is waiting.
test: dev-environment ## check, and all tests, on the real Kafka and PostgreSQL · 检查与全部测试
	@$(MAKE) --no-print-directory --jobs=2 check tests

# A file's tests stay together, in the order of tests/support/pace.py. What they start again and again is compiled once,
# whatever the caller's shell says. After that many minutes nothing more begins, and what did not run is named.
WITHIN ?= 45
tests: dev-environment
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile \
		--no-loadscope-reorder $(addprefix --within=,$(WITHIN))

# All that look at no server's process or files. Images: TEST_POSTGRES_IMAGE, TEST_KAFKA_IMAGE.
test-containers: dev-environment ## tests on Kafka and PostgreSQL in containers; needs Docker · 容器测试
	@$(BIN)/python -m pytest --containers --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

check: dev-environment ## style, types, layers · 代码检查
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

audit: dev-environment ## whether anything pinned is known to be vulnerable · 核对已知漏洞
	@$(BIN)/python -m deploy.local.servers.advisories

bench: dev-environment ## measure; writes .local/bench.json · 性能测量
	@$(BIN)/python -m tests.bench

faults: dev-environment ## random kills under load, many seeds · 故障测试
	@$(BIN)/python -m tests.faults

schemas: dev-environment ## generate the published schemas · 生成模式文件
	@$(BIN)/python -m schemas.generate
	@$(BIN)/python -m tests.contract.generate
	@$(BIN)/python -m tests.contract.reference

pins: dev-environment ## renew the pinned versions and hashes · 更新依赖
	@$(COMPILE) --output-file requirements.txt pyproject.toml
	@$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	@$(BIN)/python -m deploy.local.servers.jars

run-environment:
	@$(BOOTSTRAP)

dev-environment:
	@$(BOOTSTRAP) --dev
