package house_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const billingCases = 48

var billingRow = regexp.MustCompile(`^\| (\d+) \| [^|]+ \| ([^|]+) \|$`)

// Each case of billing stands once in docs/billing.md, with tests that exist.
func TestBillingCasesHaveTheirTests(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	for _, file := range goFiles(t) {
		for _, d := range file.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && file.isTest() && fn.Recv == nil {
				there[filepath.ToSlash(filepath.Dir(file.path))+" "+fn.Name.Name] = true
			}
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "billing.md"))
	if err != nil {
		t.Fatal(err)
	}
	next := 1
	for line := range strings.Lines(string(text)) {
		row := billingRow.FindStringSubmatch(strings.TrimSpace(line))
		if row == nil {
			continue
		}
		if row[1] != strconv.Itoa(next) {
			t.Errorf("docs/billing.md: case %s stands where %d belongs", row[1], next)
		}
		next++
		named := caseTest.FindAllStringSubmatch(row[2], -1)
		if len(named) == 0 {
			t.Errorf("docs/billing.md: case %s names no test", row[1])
		}
		for _, n := range named {
			if !there[n[1]+" "+n[2]] {
				t.Errorf("docs/billing.md: case %s names %s %s, which does not exist", row[1], n[1], n[2])
			}
		}
	}
	if next != billingCases+1 {
		t.Errorf("docs/billing.md has %d cases, want %d", next-1, billingCases)
	}
}
