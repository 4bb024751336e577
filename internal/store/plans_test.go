package store_test

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/testkit"
)

//go:embed testdata/large.sql
var largeSQL string

// Posts of the large tenant: enough that a query which reads too much stands out, and
// in the full run (make e2e, ROOKERY_E2E=full) as many as a busy tenant gathers.
const usualPosts, fullPosts = 20_000, 100_000

// large is a database whose first tenant has nearly all of its rows.
type large struct {
	*testkit.Database
	posts int64
}

func newLarge(t *testing.T) *large {
	t.Helper()
	l := &large{Database: testkit.DB(t), posts: usualPosts}
	if os.Getenv("ROOKERY_E2E") == "full" {
		l.posts = fullPosts
	}
	conn, err := pgx.Connect(t.Context(), l.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	began := time.Now()
	if _, err := conn.Exec(t.Context(), fmt.Sprintf("SET plan.size = '%d';", l.posts)+largeSQL); err != nil {
		t.Fatalf("fill the database: %v", err)
	}
	if _, err := conn.Exec(t.Context(), `VACUUM ANALYZE`); err != nil {
		t.Fatalf("analyze the database: %v", err)
	}
	t.Logf("%d posts in %v", l.posts, time.Since(began).Round(time.Millisecond))
	return l
}

// status is the id of the n-th post, as in large.sql.
func (l *large) status(n int64) int64 { return (1_760_000_000_000 + n*10_000) << 16 }

// TestReadsOfLargeTablesAreBounded runs every reading function of the package as a
// tenant with many rows, takes down the SQL that it sent, and has Postgres explain
// that, both with a plan for these arguments and with one for any, since it is free to
// keep the latter. No function may read or sort more than its answer needs.
func TestReadsOfLargeTablesAreBounded(t *testing.T) {
	t.Parallel()
	l := newLarge(t)
	for name, read := range l.reads() {
		t.Run(name, func(t *testing.T) {
			for _, statement := range l.sent(t, read) {
				for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
					p := l.explain(t, statement, mode, read.onPlatform != nil)
					t.Logf("%s: %.0f rows, %.0f blocks, largest sort %.0f, %.1f ms", mode, p.rows, p.blocks, p.sorted, p.time)
					for _, complaint := range p.judge(read) {
						if function, _, _ := strings.Cut(name, ","); growing[function] != "" {
							t.Logf("grows: %s", complaint)
							continue
						}
						t.Errorf("%s: %s\n%s\n%s", mode, complaint, statement.SQL, p.text)
					}
				}
			}
		})
	}
}

// sent are the statements of a function, without those that say whose data it is.
func (l *large) sent(t *testing.T, r read) []testkit.Statement {
	t.Helper()
	list := l.Statements.Record(func() {
		var err error
		if r.onPlatform != nil {
			err = l.PG.Platform(t.Context(), "look at plans", func(tx *pg.PlatformTx) error { return cmp.Or(r.onPlatform(t.Context(), tx), errRollback) })
		} else {
			err = l.PG.Tenant(t.Context(), 1, func(scope *pg.Scope) error { return cmp.Or(r.run(t.Context(), scope), errRollback) })
		}
		if err != errRollback { //nolint:errorlint // it passes through as it is
			t.Fatal(err)
		}
	})
	list = slices.DeleteFunc(list, func(s testkit.Statement) bool {
		text := strings.ToLower(strings.TrimSpace(s.SQL))
		return strings.HasPrefix(text, "begin") || strings.HasPrefix(text, "rollback") || strings.HasPrefix(text, "select set_config")
	})
	if len(list) == 0 {
		t.Fatal("sent nothing")
	}
	return list
}

// TestEveryReadHasAPlan looks through the package's source: an exported function that
// reads rows must be among those whose plans are looked at.
func TestEveryReadHasAPlan(t *testing.T) {
	t.Parallel()
	covered := map[string]bool{"ReadList": true, "OutlineOf": true} // by way of the lists
	for name := range (&large{}).reads() {
		function, _, _ := strings.Cut(name, ",")
		covered[function] = true
	}
	found := readingFunctions(t)
	for _, name := range found {
		if _, exempt := readsByKey[name]; !covered[name] && !exempt {
			t.Errorf("%s reads rows: add it to reads in plans_reads_test.go", name)
		}
	}
	for name := range readsByKey {
		if !slices.Contains(found, name) || covered[name] {
			t.Errorf("%s needs no exemption", name)
		}
	}
}

// readers are the functions that bring rows back.
var readers = []string{"One", "Many", "Value", "Values", "Rows", "ReadOne", "QueueMany", "QueueValues", "manyPaged"}

func readingFunctions(t *testing.T) []string {
	t.Helper()
	notTests := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	packages, err := parser.ParseDir(token.NewFileSet(), ".", notTests, 0) //nolint:staticcheck // one folder, no build tags
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range packages["store"].Files {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.IsExported() && (callsReader(f.Body) || describesList(f.Type)) {
				out = append(out, f.Name.Name)
			}
		}
	}
	if len(out) < 90 {
		t.Fatalf("only %d functions found: the search is wrong", len(out))
	}
	return out
}

// describesList says that a function returns what ReadList reads.
func describesList(f *ast.FuncType) bool {
	if f.Results == nil || len(f.Results.List) != 1 {
		return false
	}
	name, ok := f.Results.List[0].Type.(*ast.Ident)
	return ok && name.Name == "List"
}

func callsReader(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		fun := call.Fun
		if generic, ok := fun.(*ast.IndexExpr); ok {
			fun = generic.X
		}
		switch fun := fun.(type) {
		case *ast.SelectorExpr:
			pkg, ok := fun.X.(*ast.Ident)
			found = found || ok && pkg.Name == "pg" && slices.Contains(readers, fun.Sel.Name)
		case *ast.Ident:
			found = found || slices.Contains(readers, fun.Name)
		}
		return !found
	})
	return found
}
