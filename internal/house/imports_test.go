package house_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "rookery/"

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath   string
	Name         string
	Dir          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string // of the code, not of its tests
}

func TestImportRings(t *testing.T) {
	t.Parallel()
	for _, pkg := range packages(t) {
		from := pkg.path()
		if isOutside(from) || len(pkg.GoFiles) == 0 {
			continue // tests may import what they test
		}
		ring := ringOf(from)
		if ring < 0 {
			t.Errorf("%s is in no ring: add it to the table in internal/house/rings_test.go", from)
			continue
		}
		for _, imported := range pkg.Imports {
			to, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			if complaint := judge(from, to); complaint != "" {
				t.Errorf("%s imports %s: %s", from, to, complaint)
			}
		}
	}
}

// judge says what is wrong with an import between two of our packages.
func judge(from, to string) string {
	switch {
	case isOutside(to):
		return "that is for tests alone"
	case differentTrees(from, to):
		return "the trees federation, api and dashboard never import one another"
	}
	here, there := ringOf(from), ringOf(to)
	switch {
	case there < 0:
		return "that is in no ring"
	case there < here:
		return ""
	case there > here:
		return "ring " + rings[there].name + " comes after ring " + rings[here].name
	}
	for _, pair := range inRing {
		if matches(pair.from, from) && matchesAny(pair.to, to) {
			return ""
		}
	}
	return "both are in ring " + rings[here].name + " and the pair is not listed in inRing"
}

// The judge itself is tested, since a rule that never fires looks kept.
func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, to string
		allowed  bool
	}{
		{"internal/store", "internal/pg", true},
		{"internal/pg", "internal/store", false},
		{"internal/pg", "internal/safehttp", false},
		{"internal/social/status", "internal/social/notify", true},
		{"internal/social/notify", "internal/social/status", false},
		{"internal/social/status", "internal/social", true},
		{"internal/social", "internal/social/status", false},
		{"api/v1", "api/render", true},
		{"api/v1", "federation/outbox", false},
		{"dashboard/site", "api/render", false},
		{"dashboard/site", "api/entity", true},
		{"api/render", "federation/vocab", true},
		{"cmd/rookery", "dashboard", true},
		{"cmd/rookery", "internal/testkit", false},
		{"internal/store", "internal/testkit/throwaway", false},
		{"internal/store", "nowhere", false},
	}
	for _, tt := range tests {
		if complaint := judge(tt.from, tt.to); (complaint == "") != tt.allowed {
			t.Errorf("judge(%s, %s) = %q, want allowed %t", tt.from, tt.to, complaint, tt.allowed)
		}
	}
}

func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	for _, pkg := range packages(t) {
		if isOutside(pkg.path()) {
			continue
		}
		for _, library := range libraries {
			if matchesAny(library.only, pkg.path()) {
				continue
			}
			for _, imported := range pkg.Imports {
				if imported == library.module || strings.HasPrefix(imported, library.module+"/") {
					t.Errorf("%s imports %s: %s", pkg.path(), imported, library.reason)
				}
			}
		}
	}
}

// The table must stay readable as truth: no package twice, no pair that the
// trees forbid, none between rings.
func TestTheTableIsSound(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, ring := range rings {
		for _, pkg := range ring.packages {
			if before, twice := seen[pkg]; twice {
				t.Errorf("%s is in the rings %s and %s", pkg, before, ring.name)
			}
			seen[pkg] = ring.name
		}
	}
	for _, pair := range inRing {
		for _, to := range pair.to {
			if differentTrees(pair.from, to) {
				t.Errorf("pair %s, %s joins two trees", pair.from, to)
			}
			if here, there := ringOf(example(pair.from)), ringOf(example(to)); here != there || here < 0 {
				t.Errorf("pair %s, %s is not within one ring", pair.from, to)
			}
		}
	}
}

// example makes a path of a pattern: any package below a tree will do.
func example(pattern string) string {
	switch pattern {
	case "federation/*":
		return "federation/inbox"
	case "api/*":
		return "api/v1"
	}
	return strings.Replace(pattern, "*", "any", 1)
}

// ringOf returns the number of a package's ring, or -1. A name wins over a
// pattern.
func ringOf(pkg string) int {
	for number, ring := range rings {
		if slices.Contains(ring.packages, pkg) {
			return number
		}
	}
	for number, ring := range rings {
		if matchesAny(ring.packages, pkg) {
			return number
		}
	}
	return -1
}

// differentTrees tells whether both are edges (ring 4) of two different trees.
func differentTrees(from, to string) bool {
	one, two := treeOf(from), treeOf(to)
	return one != "" && two != "" && one != two
}

func treeOf(pkg string) string {
	if ringOf(example(pkg)) != 4 {
		return ""
	}
	top, _, _ := strings.Cut(pkg, "/")
	if slices.Contains(trees, top) {
		return top
	}
	return ""
}

func isOutside(pkg string) bool { return matchesAny(outside, pkg) }

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, pkg) })
}

func matches(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(pkg, below)
	}
	return pattern == pkg
}

func (p listed) path() string { return strings.TrimPrefix(p.ImportPath, module) }

// packages asks the go command, so that build constraints count as they do in
// a build.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg listed
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		// npm packages sometimes carry Go files.
		if strings.HasPrefix(pkg.ImportPath, module) && !strings.Contains(pkg.ImportPath, "/node_modules/") {
			all = append(all, pkg)
		}
	}
	if len(all) == 0 {
		t.Fatal("go list found no package")
	}
	return all
}
