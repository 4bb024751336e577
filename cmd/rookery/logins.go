package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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

// readLogins returns what is written down of the demo, and whether it was ever begun.
func readLogins(dataDir string) (logins string, begun bool, err error) {
	b, err := os.ReadFile(filepath.Join(dataDir, tokenFile))
	if errors.Is(err, os.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read the demo's logins: %w", err)
	}
	return string(b), true, nil
}

// hasLogin reports whether a tenant of the demo was made to the end.
func hasLogin(logins, host string) bool {
	return strings.HasPrefix(logins, host+"\t") || strings.Contains(logins, "\n"+host+"\t")
}
