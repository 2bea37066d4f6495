# make build | check | test | bench | compare | soak | faults | fuzz | demo | tidy

SHELL := /bin/bash
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tocsin
# The tools of deploy/ci/install.sh live outside the tree.
export PATH := $(CACHE)/bin:$(PATH)
export TOCSIN_PEERS := $(CACHE)/peers
FUZZTIME ?= 60s
SOAKTIME ?= 1h
BASE ?= HEAD~1
PAIRS ?= 25
# Of the tests of the program as a whole, -race runs those in which one process does several
# things at a time. Words, files, disks and kills show it nothing that packages' tests do not.
RACED := Commands|Commanded|ThreeProcessesShare|ShareOut|PutOnTheList|ThroughTheAPI|ThreeCarriers|TestServe|TestDemo|Mended|NoRedis|RunningCampaign|Gateway|SecondSignal

# What takes longest is begun first.
LONG := ./cmd/tocsin ./dispatcher ./dispatcher/ledger ./dispatcher/pace ./providers/providertest

.PHONY: build check test race-packages race-program bench compare soak faults fuzz demo tidy tools lint

build:
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/tocsin ./cmd/tocsin

tools:
	deploy/ci/install.sh

lint: tools
	@bad=$$(gofumpt -l .); if [ -n "$$bad" ]; then echo "not formatted, run gofumpt -w on:"; echo "$$bad"; exit 1; fi
	go vet ./...
	staticcheck ./...

# What to run before a commit. It is to be under two minutes; on two shared cores, with nothing
# cached, it took seven.
check: lint
	go test -short ./...

# Everything: what it needs is installed when absent.
test: lint
	deploy/ci/fuzz.sh 1s
	cd providers/peers && go vet ./... && staticcheck ./... && go test -count=1 ./...
	$(MAKE) -j2 --output-sync=line race-program race-packages
	go test -p 3 -timeout 80m $(LONG) ./...

race-packages:
	go test -race -short -timeout 80m $(filter-out ./cmd/%,$(LONG)) $$(go list ./... | grep -v /cmd/)

race-program:
	go test -race -short -timeout 80m -run '$(RACED)' ./cmd/tocsin

# The program's figures, with a table at the end; then those of its parts.
bench:
	go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./cmd/tocsin
	go test -run '^$$' -bench . -benchmem -timeout 30m $$(go list ./... | grep -v /cmd/)

# The program's CPU time side by side with that of another commit: make compare BASE=COMMIT
compare:
	deploy/ci/compare.sh $(BASE) $(PAIRS)

# The kill loop, and storms from new seeds, for SOAKTIME each.
soak:
	TOCSIN_SOAK=$(SOAKTIME) go test -run Soak -v -timeout 0 ./...

# The matrix of faults, with counts; written to deploy/faults.md.
faults: tools
	go run ./deploy/faults

fuzz:
	deploy/ci/fuzz.sh $(FUZZTIME)

demo:
	go run ./cmd/tocsin demo

tidy:
	go mod tidy
	cd providers/peers && go mod tidy
	gofumpt -w .
