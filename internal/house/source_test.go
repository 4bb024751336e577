package house_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const maxLines = 800

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, pkg := range packages(t) {
		files := pkg.GoFiles
		if len(files) == 0 {
			files = append(slices.Clone(pkg.TestGoFiles), pkg.XTestGoFiles...)
		}
		if len(files) == 0 {
			continue
		}
		start := "Package " + pkg.Name + " "
		if pkg.Name == "main" {
			start = "Command " + filepath.Base(pkg.Dir)
		}
		const enough = 60 // characters: a name alone says nothing
		documented := slices.ContainsFunc(files, func(name string) bool {
			path := filepath.Join(pkg.Dir, name)
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Errorf("parse %s: %v", path, err)
				return false
			}
			doc := file.Doc.Text()
			return len(doc) >= enough && (strings.HasPrefix(doc, start) || strings.HasPrefix(doc, "Package "))
		})
		if !documented {
			t.Errorf("%s has no doc comment beginning with %q that says what it is for, who calls it, what it must not do", pkg.path(), start)
		}
	}
}

func TestNoFileIsTooLong(t *testing.T) {
	t.Parallel()
	kinds := []string{".go", ".sql", ".js", ".css", ".html", ".sh", ".py"}
	for _, file := range sources(t) {
		if !slices.Contains(kinds, filepath.Ext(file.path)) || isForeign(file.path) {
			continue
		}
		if lines := bytes.Count(file.text, []byte("\n")); lines > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it by subject", file.path, lines, maxLines)
		}
	}
}

// isForeign: embedded libraries and recorded payloads keep the size they came
// with; generated code lives in folders that end in gen.
func isForeign(path string) bool {
	return strings.Contains(path, ".min.") || slices.ContainsFunc(strings.Split(filepath.Dir(path), "/"), func(part string) bool {
		return part == "testdata" || part == "vendor" || strings.HasSuffix(part, "gen")
	})
}

func TestNoClientButTheGuardedOne(t *testing.T) {
	t.Parallel()
	banned := []string{"DefaultClient", "Get", "Head", "Post", "PostForm", "Client"}
	for _, file := range goFiles(t) {
		dir := filepath.Dir(file.path)
		if file.isTest() || dir == "internal/safehttp" || isOutside(dir) {
			continue
		}
		for _, use := range uses(file, "net/http", banned) {
			t.Errorf("%s: http.%s would skip the checks of internal/safehttp (private addresses, size, time): use that package", use.at, use.name)
		}
	}
}

func TestTestsDoNotSleep(t *testing.T) {
	t.Parallel()
	for _, file := range goFiles(t) {
		if !file.isTest() {
			continue
		}
		for _, use := range uses(file, "time", []string{"Sleep"}) {
			t.Errorf("%s: time.Sleep makes a test slow or unsteady: wait on a signal with a deadline, or use testkit.Eventually", use.at)
		}
	}
}

func TestUsesFindsWhatItShould(t *testing.T) {
	t.Parallel()
	const text = `package p
import web "net/http"
import "time"
var a = web.Client{}
var b = &web.Client{Timeout: time.Second}
var c = new(web.Client)
var d *web.Client // a pointer is somebody else's client
func f() { web.Get("x"); _ = web.DefaultClient }
func g(web struct{ Get func() }) { web.Get() } // shadowed: reported too, rename it
`
	file := parse(t, source{path: "p.go", text: []byte(text)})
	found := uses(file, "net/http", []string{"Client", "Get", "DefaultClient"})
	if len(found) != 6 {
		t.Errorf("found %d uses, want 6: %v", len(found), found)
	}
	if found := uses(file, "net/url", []string{"Get"}); len(found) != 0 {
		t.Errorf("found %v of a package that is not imported", found)
	}
}

func TestNoOpenEndWithoutANumber(t *testing.T) {
	t.Parallel()
	marker := regexp.MustCompile(`\b(TODO|FIXME|XXX)\b(\(#\d+\))?`)
	for _, file := range goFiles(t) {
		for _, group := range file.syntax.Comments {
			for _, match := range marker.FindAllStringSubmatch(group.Text(), -1) {
				if match[2] == "" {
					t.Errorf("%s: %s without the number of an issue: write %s(#123)", file.set.Position(group.Pos()), match[1], match[1])
				}
			}
		}
	}
}

func TestTheLicenceIsThere(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"LICENSE": "Apache License", "NOTICE": "Apache License, Version 2.0"} {
		text, err := os.ReadFile(filepath.Join(root(t), name))
		if err != nil || !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s: %v; want a text with %q", name, err, want)
		}
	}
}

// use is a place where a package's name is used.
type use struct{ at, name string }

// uses finds pkg.name for the names given; of types, not the mere pointer to
// one, which is how a client made elsewhere is passed on.
func uses(file parsed, pkg string, names []string) []use {
	local := ""
	for _, imported := range file.syntax.Imports {
		if imported.Path.Value != `"`+pkg+`"` {
			continue
		}
		local = pkg[strings.LastIndexByte(pkg, '/')+1:]
		if imported.Name != nil {
			local = imported.Name.Name
		}
	}
	if local == "" {
		return nil
	}
	var found []use
	ast.Inspect(file.syntax, func(node ast.Node) bool {
		if star, ok := node.(*ast.StarExpr); ok {
			_, pointer := star.X.(*ast.SelectorExpr)
			return !pointer
		}
		selector, ok := node.(*ast.SelectorExpr)
		if !ok || !slices.Contains(names, selector.Sel.Name) {
			return true
		}
		if left, ok := selector.X.(*ast.Ident); ok && left.Name == local {
			found = append(found, use{file.set.Position(node.Pos()).String(), selector.Sel.Name})
		}
		return true
	})
	return found
}

type source struct {
	path string // below the root
	text []byte
}

type parsed struct {
	source
	set    *token.FileSet
	syntax *ast.File
}

func (p parsed) isTest() bool { return strings.HasSuffix(p.path, "_test.go") }

func parse(t *testing.T, src source) parsed {
	t.Helper()
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, src.path, src.text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return parsed{src, set, syntax}
}

func goFiles(t *testing.T) []parsed {
	t.Helper()
	var out []parsed
	for _, src := range sources(t) {
		if filepath.Ext(src.path) == ".go" {
			out = append(out, parse(t, src))
		}
	}
	return out
}

// sources reads the repository's text files once. Reading them here, and not
// in a child process, also tells go test's cache what this package depends on.
func sources(t *testing.T) []source {
	t.Helper()
	top := root(t)
	files, err := readAll(top)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var (
	readOnce  sync.Once
	readFiles []source
	errRead   error
)

func readAll(top string) ([]source, error) {
	readOnce.Do(func() {
		errRead = filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name := entry.Name()
			if entry.IsDir() {
				if path != top && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "bin") {
					return filepath.SkipDir
				}
				return nil
			}
			if !slices.Contains([]string{".go", ".sql", ".js", ".css", ".html", ".sh", ".py"}, filepath.Ext(name)) {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			below, err := filepath.Rel(top, path)
			readFiles = append(readFiles, source{below, text})
			return err
		})
	})
	return readFiles, errRead
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the tests")
		}
		dir = up
	}
}
