//go:build race

package storetest

// defaultQuestions is smaller under the race detector, which looks for other
// mistakes.
const defaultQuestions = 1_000

// shrink divides the sizes of tests that measure memory, of which the race
// detector takes several times as much.
const shrink = 10
