# Everything works on a fresh Debian or Ubuntu machine with Go and Node: what is
# missing is installed first (deploy/dev/need.sh), as root or with sudo by apt.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Where need.sh puts Postgres for an ordinary user; the system's comes first.
export PATH := $(PATH):$(CURDIR)/.rookery/postgres/bin
# No VCS stamp: a clone of another user's would make git, and so go build, fail.
export GOFLAGS ?= -buildvcs=false

# Tools run at pinned versions, from the module proxy, outside go.mod.
GOLANGCI    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.8.0
COMPOSE     := github.com/compose-spec/compose-go/v2/cmd@v2.16.2

# What to test, and more flags for go test: make test PKG=./internal/pg ARGS=-v
PKG  ?= ./...
ARGS ?=
# How long each fuzz target runs, and how long each end-to-end suite may take.
FUZZTIME ?= 30s

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Install what is missing and run the demo (rookery dev)
	@deploy/dev/need.sh postgres
	bin/rookery dev

.PHONY: build
build: ## Build bin/rookery
	go build -trimpath -o bin/rookery ./cmd/rookery

.PHONY: test
test: ready-test gofmt vet ## Install what is missing and run all tests
	@go build -o bin/testrun ./internal/testkit/cmd/testrun
	@bin/testrun -timeout 12m $(ARGS) $(PKG)

.PHONY: ready-test
ready-test:
	@deploy/dev/need.sh postgres
	@deploy/dev/need.sh --try chromium clients smtpd pebble apache nginx caddy peers

.PHONY: check
check: gofmt vet lint test ## gofmt, vet, golangci-lint and all tests: before each commit

.PHONY: gofmt
gofmt:
	@bad=$$(find . \( -name node_modules -o -name '.?*' -o -name bin \) -prune -o -name '*.go' -print0 | xargs -0r gofmt -l); \
	if [ -n "$$bad" ]; then printf 'not formatted (gofmt -w):\n%s\n' "$$bad" >&2; exit 1; fi

.PHONY: vet
vet:
	@go vet $(PKG)

.PHONY: lint
lint: ## Run golangci-lint (its first build takes some minutes)
	go run $(GOLANGCI) run $(PKG)

.PHONY: bench
bench: ## Run the benchmarks of all packages against a Postgres of their own
	@deploy/dev/need.sh postgres
	@go build -o bin/testrun ./internal/testkit/cmd/testrun
	@bin/testrun -run '^$$' -bench . -benchmem -timeout 60m $(ARGS) $(PKG)

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (30s)
	@set -e; for dir in $$(go list -f '{{.Dir}}' $(PKG)); do \
		for target in $$(find "$$dir" -maxdepth 1 -name '*_test.go' -exec sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' {} +); do \
			echo "== $${dir#$(CURDIR)/} $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$dir"; \
		done; \
	done

# The suites against foreign software. Their cores run in `make test` too; these
# run all of it: tests named TestE2E<Suite>…, with ROOKERY_E2E=full.
.PHONY: e2e-fedify
e2e-fedify: ## Federation with a real foreign server (Fedify on Node)
	@deploy/dev/need.sh postgres node
	@$(MAKE) --no-print-directory e2e SUITE=Fedify

.PHONY: e2e-sso
e2e-sso: ## Single sign-on with a real OpenID Connect provider (oidc-provider on Node)
	@deploy/dev/need.sh postgres node
	@$(MAKE) --no-print-directory e2e SUITE=SSO

.PHONY: e2e-clients
e2e-clients: ## Mastodon clients: toot, Mastodon.py, masto.js
	@deploy/dev/need.sh postgres node clients
	@$(MAKE) --no-print-directory e2e SUITE=Clients

.PHONY: e2e-browser
e2e-browser: ## All pages in a real browser (Chromium)
	@deploy/dev/need.sh postgres chromium
	@$(MAKE) --no-print-directory e2e SUITE=Browser

.PHONY: e2e-gallery
e2e-gallery: ## Each page by itself: both schemes, all widths, German (pictures: SCREENS=folder)
	@deploy/dev/need.sh postgres node chromium
	@go build -o bin/testrun ./internal/testkit/cmd/testrun
	@ROOKERY_E2E=full bin/testrun -count=1 -timeout 30m -run '^TestGallery' $(ARGS) ./dashboard/assets

.PHONY: e2e-console
e2e-console: ## A company's first day in a real browser (pictures of all pages: SCREENS=docs/screens)
	@deploy/dev/need.sh postgres node chromium smtpd pebble
	@$(MAKE) --no-print-directory e2e SUITE=Console $(if $(SCREENS),SCREENS=$(abspath $(SCREENS)))

.PHONY: e2e-billing
e2e-billing: ## Billing: all cases against the stand-in for Stripe (Stripe's test mode: ROOKERY_TEST_STRIPE_KEY=sk_test_…), a purchase in a browser, and a foreign server that watches the end
	@deploy/dev/need.sh postgres node chromium
	go test -count=1 $(if $(ROOKERY_TEST_STRIPE_KEY),-p 1 -parallel 1 -timeout 4h -v) ./billing/... ./internal/testkit/billingtest/...
	@$(MAKE) --no-print-directory e2e SUITE=Billing

.PHONY: e2e-staff
e2e-staff: ## The pages of the platform's staff in a real browser (pictures: SCREENS=folder)
	@deploy/dev/need.sh postgres node chromium
	@$(MAKE) --no-print-directory e2e SUITE=Staff $(if $(SCREENS),SCREENS=$(abspath $(SCREENS)))

.PHONY: e2e-faults
e2e-faults: ## Power cuts and restarts: nothing that was accepted is lost
	@deploy/dev/need.sh postgres
	@$(MAKE) --no-print-directory e2e SUITE='(Crash|Shutdown)'

.PHONY: e2e-tls
e2e-tls: ## Domains and certificates: Pebble, its DNS server, two edges and a worker
	@deploy/dev/need.sh postgres node pebble
	@$(MAKE) --no-print-directory e2e SUITE=TLS

.PHONY: load-tls
load-tls: ## Handshakes of N names (10000): heap, rate, floods and a storage that hangs
	@deploy/dev/need.sh postgres
	@go build -o bin/testrun ./internal/testkit/cmd/testrun
	@ROOKERY_LOAD_TLS=$(or $(N),10000) bin/testrun -count=1 -v -timeout 30m -run '^TestLoadTLS$$' $(ARGS) ./tenant/certs

.PHONY: e2e-proxies
e2e-proxies: ## The examples of deploy/proxy in front of the product: nginx, Apache, Caddy
	@deploy/dev/need.sh postgres apache nginx caddy
	@$(MAKE) --no-print-directory e2e SUITE=Proxies

.PHONY: e2e-image
e2e-image: ## The steps of the Dockerfile and what they make, in an empty root (as root, without Docker)
	@deploy/dev/need.sh postgres
	@$(MAKE) --no-print-directory e2e SUITE=Image

.PHONY: compose-check
compose-check: ## Have deploy/docker/compose.yaml read by Docker Compose's own library
	@go run $(COMPOSE) --no-interpolation deploy/docker/compose.yaml >/dev/null

# A suite without tests must not look like one that passes.
.PHONY: e2e
e2e: build
	@go build -o bin/testrun ./internal/testkit/cmd/testrun
	@grep -rqE '^func TestE2E$(SUITE)' --include='*_test.go' --exclude-dir=node_modules . || \
		{ echo "no test named TestE2E$(SUITE)… exists" >&2; exit 1; }
	@ROOKERY_E2E=full bin/testrun -count=1 -timeout 30m -run '^TestE2E$(SUITE)' $(ARGS) $(PKG)

.PHONY: govulncheck
govulncheck: ## Look for known vulnerabilities in what we call (a copy of the list: ARGS="-db file://…")
	go run $(GOVULNCHECK) $(ARGS) ./...

.PHONY: licences
licences: ## List the licences of all libraries in the binary
	@go run ./internal/testkit/cmd/licences ./cmd/rookery
