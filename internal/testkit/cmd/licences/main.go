// Command licences lists the licence of every module that a program of ours
// contains, and fails for one that is unknown or does not go with Apache-2.0.
//
//	licences ./cmd/rookery
//
// `make licences` calls it. It reads the module cache and asks nobody.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// known licences by sentences that all copies contain. The first match wins:
// the MPL names the GNU ones, and the GPL names the AGPL in its section 13.
var known = []struct {
	name    string
	phrases []string
	allowed bool
}{
	{"MPL-2.0", []string{"mozilla public license", "version 2.0", "covered software"}, true}, // file by file: unchanged use is free
	{"AGPL-3.0", []string{"gnu affero general public license version 3, 19 november 2007"}, false},
	{"LGPL", []string{"gnu lesser general public license version"}, false},
	{"GPL", []string{"gnu general public license", "everyone is permitted to copy"}, false},
	{"Apache-2.0", []string{"apache license", "version 2.0"}, true},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "neither the name"}, true},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "names of its contributors"}, true},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms"}, true},
	{"MIT", []string{"permission is hereby granted, free of charge"}, true},
	{"ISC", []string{"permission to use, copy, modify, and", "distribute this software for any"}, true},
	{"CC0-1.0", []string{"cc0 1.0 universal"}, true},
	{"Unlicense", []string{"free and unencumbered software released into the public domain"}, true},
}

type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *module
}

func main() {
	modules, err := modulesOf(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
	bad := 0
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, mod := range modules {
		name, allowed := licenceOf(mod.Dir)
		if !allowed {
			bad++
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", mod.Path, mod.Version, name)
	}
	if err := table.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
	if bad > 0 {
		fmt.Fprintf(os.Stderr, "licences: %d of %d modules have a licence that is unknown or does not fit: replace them, or teach this program the text\n", bad, len(modules))
		os.Exit(1)
	}
}

// modulesOf lists the modules whose packages are linked in, by path.
func modulesOf(patterns []string) ([]module, error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Module"}, patterns...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	found := map[string]module{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct{ Module *module }
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		if pkg.Module == nil || pkg.Module.Main {
			continue // the standard library; ourselves
		}
		mod := *pkg.Module
		if mod.Replace != nil {
			mod.Dir = mod.Replace.Dir
		}
		found[mod.Path] = mod
	}
	var all []module
	for _, mod := range found {
		all = append(all, mod)
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// licenceOf reads the licence files at the top of a module. Of several, all
// must be allowed.
func licenceOf(dir string) (string, bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "not in the module cache", false
	}
	var names []string
	allowed := true
	for _, entry := range entries {
		upper := strings.ToUpper(entry.Name())
		isLicence := strings.HasPrefix(upper, "LICENSE") || strings.HasPrefix(upper, "LICENCE") ||
			strings.HasPrefix(upper, "COPYING") || strings.HasPrefix(upper, "UNLICENSE")
		if entry.IsDir() || !isLicence {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return "unreadable", false
		}
		name, ok := classify(string(text))
		allowed = allowed && ok
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none found", false
	}
	return strings.Join(names, ", "), allowed
}

// classify compares without regard to case and line breaks.
func classify(text string) (string, bool) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, licence := range known {
		if !slices.ContainsFunc(licence.phrases, func(phrase string) bool { return !strings.Contains(text, phrase) }) {
			return licence.name, licence.allowed
		}
	}
	return "unknown", false
}
