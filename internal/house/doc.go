// Package house holds the tests of the repository itself: who imports whom,
// that every package says what it is for, sizes, and a few calls that are
// banned with a reason.
//
// Nobody imports it. It has no code of its own: the tables in rings_test.go are
// the truth, docs/ARCHITECTURE.md and .golangci.yml repeat them. To add a
// package, put it into its ring; to let it import another of its ring, add a
// pair and say in the commit why the ring before would not do.
package house
