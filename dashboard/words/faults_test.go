package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// faultSentences are the texts that code below some folders makes faults of. A value that is
// glued in stands as %s.
func faultSentences(t *testing.T, roots ...string) []found {
	t.Helper()
	var all []found
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if ok && isFault(call) {
					if text := sentence(call); text != "" {
						all = append(all, found{text, path})
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func isFault(call *ast.CallExpr) bool {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	from, ok := function.X.(*ast.Ident)
	return ok && from.Name == "fault" && (function.Sel.Name == "New" || function.Sel.Name == "Newf" || function.Sel.Name == "Wrap")
}

// sentence is the text of a fault, if any of it stands in the call.
func sentence(call *ast.CallExpr) string {
	for _, argument := range call.Args {
		if text, ok := phrase(argument); ok && strings.ContainsAny(text, " ") {
			return text
		}
	}
	return ""
}

func phrase(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.BinaryExpr:
		left, isLeft := phrase(e.X)
		right, isRight := phrase(e.Y)
		if !isLeft && !isRight {
			return "", false
		}
		if !isLeft {
			left = "%s"
		}
		if !isRight {
			right = "%s"
		}
		return left + right, true
	}
	return "", false
}
