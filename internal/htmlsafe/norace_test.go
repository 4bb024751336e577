//go:build !race

package htmlsafe_test

const raceFactor = 1
