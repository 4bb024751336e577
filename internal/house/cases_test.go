package house_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const casesPage = "docs/security-cases.md"

var (
	caseID   = regexp.MustCompile(`\b(?:SIG|OWN|INP|NET|TEN|SPM|CRD|REL)-\d\d\b`)
	caseTest = regexp.MustCompile("`([a-z0-9/]+) (Test[A-Za-z0-9_]+)`")
)

// A case is worth something only while a test holds it: each test that the page names
// exists and says the case's id, each test that says an id stands in that case's row, and
// a case without a test says what it comes with.
func TestSecurityCasesHaveTheirTests(t *testing.T) {
	t.Parallel()
	said := testsByCase(t)
	listed := map[string]bool{}
	for _, row := range caseRows(t) {
		id, named := row[0], caseTest.FindAllStringSubmatch(row[2], -1)
		if listed[id] {
			t.Errorf("%s: %s has two rows", casesPage, id)
		}
		listed[id] = true
		if len(named) == 0 && !strings.Contains(row[2], "not built yet: comes with ") {
			t.Errorf("%s: %s names no test, nor what it comes with", casesPage, id)
		}
		var tests []string
		for _, n := range named {
			test := n[1] + " " + n[2]
			if slices.Contains(tests, test) {
				t.Errorf("%s: %s names %s twice", casesPage, id, test)
			}
			if !slices.Contains(said[id], test) {
				t.Errorf("%s: %s names %s, which does not exist or does not say the id", casesPage, id, test)
			}
			tests = append(tests, test)
		}
		for _, test := range said[id] {
			if !slices.Contains(tests, test) {
				t.Errorf("%s says %s: name it in the row of that case in %s", test, id, casesPage)
			}
		}
	}
	for id, tests := range said {
		if !listed[id] {
			t.Errorf("%v say %s, which has no row in %s", tests, id, casesPage)
		}
	}
}

// caseRows are the rows of the page's tables: id, what holds, tests.
func caseRows(t *testing.T) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(casesPage)))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) == 3 && caseID.MatchString(cells[0]) {
			rows = append(rows, []string{strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])})
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no rows", casesPage)
	}
	return rows
}

// testsByCase finds the tests that say an id: in their name, their comment or their body.
func testsByCase(t *testing.T) map[string][]string {
	t.Helper()
	said := map[string][]string{}
	for _, file := range goFiles(t) {
		dir := filepath.ToSlash(filepath.Dir(file.path))
		if !file.isTest() || dir == "internal/house" {
			continue
		}
		for _, d := range file.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") {
				continue
			}
			start := fn.Pos()
			if fn.Doc != nil {
				start = fn.Doc.Pos()
			}
			text := file.text[file.set.Position(start).Offset:file.set.Position(fn.End()).Offset]
			for _, id := range caseID.FindAllString(string(text), -1) {
				if test := dir + " " + fn.Name.Name; !slices.Contains(said[id], test) {
					said[id] = append(said[id], test)
				}
			}
		}
	}
	return said
}
