package doctor

// SmallBodies has the size of bodies tried by a sixteenth of what it is, since these
// tests look some fifty times.
func SmallBodies() {
	for i := range bodySizes {
		bodySizes[i].bytes /= 16
	}
}
