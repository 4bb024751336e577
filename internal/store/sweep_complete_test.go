package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"rookery/internal/social"
)

// sweptBy are functions that a test with two tenants of its own looks at, since they
// need rows that the cast cannot keep, or prove more than a sweep asks for.
var sweptBy = map[string]string{
	"ActivityByID":           "TestFederationRowsAreInvisibleToOtherTenants",
	"ActivityByURI":          "TestFederationRowsAreInvisibleToOtherTenants",
	"DeliveryCounts":         "TestFederationRowsAreInvisibleToOtherTenants",
	"PublishedEvents":        "TestFederationRowsAreInvisibleToOtherTenants",
	"QueueDropDeliveries":    "TestFederationRowsAreInvisibleToOtherTenants",
	"RenewActivity":          "TestFederationRowsAreInvisibleToOtherTenants",
	"SettleDeliveries":       "TestFederationRowsAreInvisibleToOtherTenants",
	"UnfollowGone":           "TestFederationRowsAreInvisibleToOtherTenants",
	"WaitingDeliveries":      "TestFederationRowsAreInvisibleToOtherTenants",
	"AddInboxActivities":     "TestInboxActivitiesStayInTheirTenant",
	"LockInboxActivities":    "TestInboxActivitiesStayInTheirTenant",
	"PendingInboxActivities": "TestInboxActivitiesStayInTheirTenant",
	"SenderConcerns":         "TestInboxActivitiesStayInTheirTenant",
	"SettleInboxActivities":  "TestInboxActivitiesStayInTheirTenant",
	"ForgetInboxActivity":    "TestForgottenInboxActivityComesAgain",
	"Audience":               "TestAudience",
	"NotificationsByIDs":     "TestNotificationsByIDs",
	"LiveTokens":             "TestLiveTokens",
	"BrandOf":                "TestBrandStaysInsideTheTenant",
	"Rules":                  "TestBrandStaysInsideTheTenant",
	"IsHandleUsed":           "TestPagesOfTwoTenants",
	"ReadPageTotals":         "TestPagesOfTwoTenants",
	"LockMembers":            "TestPeopleOfACompanyAreItsOwn",
	"OpenInvitations":        "TestPeopleOfACompanyAreItsOwn",
	"CountOwnAccounts":       "TestPlacesAreCountedOfOneTenant",
	"HoldAccounts":           "TestPlacesAreCountedOfOneTenant",
	"HoldSeats":              "TestPlacesAreCountedOfOneTenant",
	"OperatorsOfPeople":      "TestPeopleOfACompanyAreItsOwn",
	"RevokeInvitationsBy":    "TestPeopleOfACompanyAreItsOwn",
	"DepartureByID":          "TestDeparturesStayInsideTheTenant",
	"LockForgotten":          "TestLockForgottenStaysInsideTheTenant",
	"Walk.Find":              "TestWalksFindWhatGoesInTheirTenantAlone",
	"Walk.Remove":            "TestWalksFindWhatGoesInTheirTenantAlone",
	"RemoveTenantPart":       "TestATenantGoesInParts",
	"AppByClientID":          "TestAccessRowsAreInvisibleToOtherTenants",
	"AppByID":                "TestAccessRowsAreInvisibleToOtherTenants",
	"AppsByIDs":              "TestAccessRowsAreInvisibleToOtherTenants",
	"DeleteMember":           "TestAccessRowsAreInvisibleToOtherTenants",
	"DeleteOperator":         "TestAccessRowsAreInvisibleToOtherTenants",
	"DeleteSession":          "TestAccessRowsAreInvisibleToOtherTenants",
	"DeleteToken":            "TestAccessRowsAreInvisibleToOtherTenants",
	"ExtendSession":          "TestAccessRowsAreInvisibleToOtherTenants",
	"LockCode":               "TestAccessRowsAreInvisibleToOtherTenants",
	"MemberByPerson":         "TestAccessRowsAreInvisibleToOtherTenants",
	"Members":                "TestAccessRowsAreInvisibleToOtherTenants",
	"NeedsSecondFactor":      "TestAccessRowsAreInvisibleToOtherTenants",
	"OperatorOf":             "TestAccessRowsAreInvisibleToOtherTenants",
	"OperatorsOfAccount":     "TestAccessRowsAreInvisibleToOtherTenants",
	"OperatorsOfPerson":      "TestAccessRowsAreInvisibleToOtherTenants",
	"ProveSession":           "TestAccessRowsAreInvisibleToOtherTenants",
	"RedeemCode":             "TestAccessRowsAreInvisibleToOtherTenants",
	"SessionsOfPerson":       "TestAccessRowsAreInvisibleToOtherTenants",
	"SetOperator":            "TestAccessRowsAreInvisibleToOtherTenants",
	"TokenByHash":            "TestAccessRowsAreInvisibleToOtherTenants",
	"TokensOfAccount":        "TestAccessRowsAreInvisibleToOtherTenants",
	"TokensOfPerson":         "TestAccessRowsAreInvisibleToOtherTenants",
	"TouchToken":             "TestAccessRowsAreInvisibleToOtherTenants",
	"DeleteCodesOfApp":       "TestBulkDeletionsStayInTheirTenant",
	"DeleteSessionsOfPerson": "TestBulkDeletionsStayInTheirTenant",
	"DeleteTokensOfApp":      "TestBulkDeletionsStayInTheirTenant",
	"DeleteTokensOfOperator": "TestBulkDeletionsStayInTheirTenant",
	"DeleteTokensOfPerson":   "TestBulkDeletionsStayInTheirTenant",
}

// concernNoRows are functions that cannot reach a row of any tenant.
var concernNoRows = map[string]string{
	"DatabaseTime":           "asks for the time",
	"LockDomain":             "as LockPair",
	"LockDomainShared":       "as LockPair",
	"LockPair":               "holds a number, made of the tenant's and two others: no table",
	"LockSubjects":           "as LockPair",
	"TellAccountKeysChanged": "tells a tenant's and an account's number: no table",
}

// TestEveryFunctionIsSwept looks through the package's source: whatever works in a scope
// is asked, in some test, by a tenant whose rows it must not reach.
func TestEveryFunctionIsSwept(t *testing.T) {
	t.Parallel()
	c := &cast{} // cases are made, and not run
	c.alice, c.bob, c.carol, c.dora, c.st, c.boost = blank(), blank(), blank(), blank(), blankStatus(), blankStatus()
	swept := make(map[string]bool)
	for name := range c.allReads() {
		swept[functionOf(name)] = true
	}
	for name := range c.allWrites() {
		swept[functionOf(name)] = true
	}
	scoped, tests := scopedFunctions(t), testsOfTwoTenants(t)
	for _, name := range scoped {
		test := sweptBy[name]
		excuses := 0
		for _, is := range []bool{swept[name], test != "", concernNoRows[name] != ""} {
			if is {
				excuses++
			}
		}
		_, method, isMethod := strings.Cut(name, ".")
		if !isMethod {
			method = name
		}
		switch {
		case excuses == 0:
			t.Errorf("%s is asked by no second tenant: add it to the reads or writes of a sweep", name)
		case excuses > 1:
			t.Errorf("%s stands in more than one of: a sweep, sweptBy, concernNoRows", name)
		case test != "" && !tests[test][method]:
			t.Errorf("%s has no second tenant, or does not call %s", test, name)
		}
	}
	for _, list := range []map[string]string{sweptBy, concernNoRows} {
		for name := range list {
			if !slices.Contains(scoped, name) {
				t.Errorf("%s does not work in a scope any more", name)
			}
		}
	}
	for name := range swept {
		if !slices.Contains(scoped, name) && name != "ReadList" {
			t.Errorf("a sweep has a case %s, which is no function that works in a scope", name)
		}
	}
}

func functionOf(name string) string {
	function, _, _ := strings.Cut(name, ",")
	return function
}

func parsed(t *testing.T, tests bool) []*ast.FuncDecl {
	t.Helper()
	wanted := func(f fs.FileInfo) bool { return strings.HasSuffix(f.Name(), "_test.go") == tests }
	packages, err := parser.ParseDir(token.NewFileSet(), ".", wanted, 0) //nolint:staticcheck // one folder, no build tags
	if err != nil {
		t.Fatal(err)
	}
	var out []*ast.FuncDecl
	for _, p := range packages {
		for _, file := range p.Files {
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok {
					out = append(out, f)
				}
			}
		}
	}
	return out
}

// scopedFunctions are the exported functions and methods that take a scope, a batch or
// something that either can be.
func scopedFunctions(t *testing.T) (out []string) {
	t.Helper()
	for _, f := range parsed(t, false) {
		if !f.Name.IsExported() || !slices.ContainsFunc(f.Type.Params.List, isScoped) {
			continue
		}
		name := f.Name.Name
		if f.Recv != nil {
			if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
				name = star.X.(*ast.Ident).Name + "." + name
			}
		}
		out = append(out, name)
	}
	if len(out) < 380 {
		t.Fatalf("only %d functions found: the search is wrong", len(out))
	}
	return out
}

func isScoped(param *ast.Field) bool {
	kind := param.Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	of, ok := kind.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := of.X.(*ast.Ident)
	return ok && pkg.Name == "pg" && of.Sel.Name != "PlatformTx" && of.Sel.Name != "DB"
}

// testsOfTwoTenants are the tests that make a second tenant, with what each calls of the
// store.
func testsOfTwoTenants(t *testing.T) map[string]map[string]bool {
	t.Helper()
	out := make(map[string]map[string]bool)
	for _, f := range parsed(t, true) {
		if !strings.HasPrefix(f.Name.Name, "Test") {
			continue
		}
		calls, hasSecond := make(map[string]bool), false
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				hasSecond = hasSecond || s.Sel.Name == "Other" || s.Sel.Name == "B"
				if x, ok := s.X.(*ast.Ident); ok && (x.Name == "store" || x.Name == "walk") {
					calls[s.Sel.Name] = true
				}
			}
			return true
		})
		if hasSecond {
			out[f.Name.Name] = calls
		}
	}
	return out
}

func blank() *social.Account      { return &social.Account{} }
func blankStatus() *social.Status { return &social.Status{} }
