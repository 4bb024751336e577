package main

import (
	"fmt"
	"io"
	"strings"

	"rookery/tenant"
)

// printLogins prints the demo logins of one tenant, as makeDemoTenant wrote them.
func printLogins(w io.Writer, t *tenant.Tenant, logins string) {
	for line := range strings.Lines(logins) {
		part := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(part) != 5 || part[0] != t.Host {
			continue
		}
		fmt.Fprintf(w, "  account\t%s\n", t.URL("/@"+part[1]))
		fmt.Fprintf(w, "  sign in\t%s  password %s\n", part[2], part[3])
		fmt.Fprintf(w, "  API token\t%s\n", part[4])
	}
}
