//go:build race

package storetest

// defaultQuestions is small under the race detector, which makes the SQLite
// engine some fifty times slower and looks for other mistakes.
const defaultQuestions = 200

// shrink divides the sizes of tests that measure memory, of which the race
// detector takes several times as much.
const shrink = 10
