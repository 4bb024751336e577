package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// onlyPlatform are actions that no company's log has.
var onlyPlatform = []string{"network.", "mail_domain.", "staff.add", "staff.remove", "staff.sign_in", "staff.queues"}

// Whatever is written into the log has a sentence, and can be asked for. Looks inside, and
// through the whole source: an action that nobody thought of is seen by nobody else.
func TestEveryActionHasASentence(t *testing.T) {
	t.Parallel()
	found := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "node_modules" || strings.HasPrefix(name, ".") && name != ".." && name != ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testkit") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			field, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, isName := field.Key.(*ast.Ident)
			value, isText := field.Value.(*ast.BasicLit)
			if !isName || key.Name != "Action" || !isText {
				return true
			}
			action, err := strconv.Unquote(value.Value)
			if err != nil || !strings.Contains(action, ".") || strings.HasSuffix(action, ".") || strings.Contains(action, "/") {
				return true
			}
			found++
			if slices.ContainsFunc(onlyPlatform, func(p string) bool { return strings.HasPrefix(action, p) }) {
				return true
			}
			if auditSentences[action] == "" {
				t.Errorf("%s: %s has no sentence", path, action)
			}
			if !slices.ContainsFunc(auditKinds, func(k Choice) bool { return strings.HasPrefix(action, k.Value) }) {
				t.Errorf("%s: nobody can ask for %s", path, action)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 25 {
		t.Errorf("only %d actions found: the search is wrong", found)
	}
}
