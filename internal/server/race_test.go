//go:build race

package server_test

const raceDetector = true

// rowStep: under the race detector every so many-th requirement is shown, as each
// takes ten times as long. CI shows all of them without it.
const rowStep = 3
