//go:build !race

package storetest

// defaultQuestions is how many random filters the judges compare.
const defaultQuestions = 10_000

// shrink divides the sizes of tests that measure memory.
const shrink = 1
