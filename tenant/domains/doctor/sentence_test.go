package doctor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"rookery/tenant/domains/doctor"
)

// Every code that is declared has a sentence, whatever is known about the case.
func TestEveryCodeHasASentence(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		text := doctor.Sentence(doctor.Code(code), "acme.test", nil)
		if text == code || strings.ContainsAny(text, "{}") || strings.Contains(text, "  ") || strings.Contains(text, "()") {
			t.Errorf("%s: %q", code, text)
		}
		return true
	})
	if seen < 30 {
		t.Errorf("only %d codes were found", seen)
	}
}

func TestSentencesNameTheRecord(t *testing.T) {
	t.Parallel()
	for code, tt := range map[doctor.Code]struct {
		detail map[string]string
		want   string
	}{
		doctor.WrongCNAME:       {map[string]string{"seen": "old.example", "want": "t-1.edge.rookery.test"}, "acme.test is an alias of old.example: change its CNAME record to t-1.edge.rookery.test."},
		doctor.OwnershipMissing: {map[string]string{"record": "_rookery-challenge.acme.test", "want": "rookery-verify=X"}, "Add a TXT record at _rookery-challenge.acme.test with the value rookery-verify=X."},
	} {
		if got := doctor.Sentence(code, "acme.test", tt.detail); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", code, got, tt.want)
		}
	}
}
