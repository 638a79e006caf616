# Every chore has one command; `make help` lists them.

GO         ?= go
# What `make test` adds to go test, e.g. TESTFLAGS='-run Users'.
TESTFLAGS  ?=
PACKAGES   ?= ./...
# A number of inputs: a time (30s) may end in "context deadline exceeded", which is no
# failure (go.dev/issue/75804).
FUZZTIME   ?= 100000x
# Has coverage guide the search. Without (FUZZGUIDE=) a target tries ten times as many
# inputs, and nothing is compiled anew: the better search of a few seconds.
FUZZGUIDE  ?= -fuzz=Fuzz
BENCH      ?= .
VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# One version for everybody; the module proxy's checksum database vouches for it.
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.1

# What dist makes, and where.
TARGETS    ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
DIST       ?= dist
# Lists the modules in a program, with their hashes; its own versions are pinned. The
# time is taken out, so that lists of the same programs are the same.
SBOM        = $(GO) tool -modfile=internal/tools/sbom.mod cyclonedx-gomod bin -json -std -noserial -version $(VERSION)

LDFLAGS     = -s -w -X github.com/scimd/scimd/internal/app.version=$(VERSION)

# As the programs are built, so are the tests, but for the race detector, which is C:
# everything is compiled once.
export CGO_ENABLED = 0

# The race detector for all but SQLite's engine, which is C in the form of Go: it
# would be eight times as slow, and its threads are SQLite's matter.
RACE        = -race -gcflags=modernc.org/...=-race=false

# Runs a command with a Postgres server that it finds or starts.
PGSERVE = $(GO) run ./internal/pgtest/pgserve --

.DEFAULT_GOAL := help
.PHONY: help build run test test-short race lint fmt fuzz bench cross dist dist-programs clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build ./scimd, static
	$(GO) build -ldflags "$(LDFLAGS)" -o scimd ./cmd/scimd

run: ## Start a server on SQLite in ./scimd-data
	$(GO) run ./cmd/scimd

test: ## Run every test, on SQLite and on Postgres
	$(PGSERVE) $(GO) test -timeout 25m $(TESTFLAGS) $(PACKAGES)

test-short: ## Run the tests with fewer repetitions
	$(MAKE) test TESTFLAGS="-short $(TESTFLAGS)"

race: ## Run every test with the race detector
	$(MAKE) test CGO_ENABLED=1 TESTFLAGS="$(RACE) $(TESTFLAGS)"

lint: ## Check formatting, go vet and staticcheck
	@unformatted="$$(gofmt -l .)"; test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

fmt: ## Format the Go files
	gofmt -w .

fuzz: ## Run each fuzz target with FUZZTIME inputs (100000x)
	@set -e; program="$$(mktemp)"; trap 'rm -f "$$program"' EXIT; \
	for dir in $$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./...); do \
		targets="$$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+).*/\1/p' "$$dir"/*_test.go)"; \
		[ -n "$$targets" ] || continue; \
		cd "$$dir"; \
		$(GO) test -c $(FUZZGUIDE) -o "$$program" .; \
		for target in $$targets; do \
			echo "$$target in $${dir#$(CURDIR)/}"; \
			"$$program" -test.run '^$$' -test.fuzz "^$$target$$" -test.fuzztime $(FUZZTIME) -test.fuzzcachedir "$$($(GO) env GOCACHE)/fuzz"; \
		done; \
	done

bench: ## Run the benchmarks, BENCH=pattern
	$(PGSERVE) $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(PACKAGES)

cross: ## Build for Linux, macOS and Windows
	@set -e; for target in linux/amd64 linux/arm64 darwin/arm64 windows/amd64; do \
		echo "$$target"; \
		GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build -o /dev/null ./cmd/scimd; \
	done

dist: dist-programs ## Build for six platforms into dist/, with checksums and lists of what is in them
	@set -e; for program in $(DIST)/scimd-*; do $(SBOM) "$$program" | grep -v '^    "timestamp": ' >"$$program.cdx.json"; done
	cd $(DIST) && { command -v sha256sum >/dev/null && sha256sum scimd-* || shasum -a 256 scimd-*; } >SHA256SUMS

# The same sources, VERSION and Go make the same bytes, whoever builds them wherever.
dist-programs:
	rm -rf $(DIST)
	@set -e; for target in $(TARGETS); do \
		os=$${target%/*} arch=$${target#*/} end=; [ $$os != windows ] || end=.exe; \
		echo "$(DIST)/scimd-$$os-$$arch$$end"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o "$(DIST)/scimd-$$os-$$arch$$end" ./cmd/scimd; \
	done

clean: ## Remove what build and dist made
	rm -rf scimd dist
