package control

import (
	"reflect"
	"slices"
	"testing"
)

// reading are the methods of Service that change nothing.
var reading = []string{
	"Info", "Health", "Tenants", "Tenant", "Tokens", "DataKeys", "Check", "Applications", "SigningKeys", "Audit",
	"Issuers", "ServiceUsers", "Clock", "IDSeed", "Faults", "Fault", "Snapshots",
	"Journal", "JournalEntry", "AwaitJournal", "MarkJournal", "JournalMarks", "ArchiveJournal",
}

// A method of Audited that is promoted from Direct, and so tells of nothing, has a
// wrapper; one of its own does not.
func TestEveryCommandThatChangesSomethingIsToldOf(t *testing.T) {
	t.Parallel()
	service := reflect.TypeFor[Service]()
	audited := reflect.TypeFor[Audited]()
	own := reflect.TypeFor[*Audited]()
	for i := range service.NumMethod() {
		name := service.Method(i).Name
		if slices.Contains(reading, name) {
			continue
		}
		// Methods with a pointer receiver are in the set of *Audited alone; those that
		// are promoted from the pointer in it are in the set of Audited too.
		if _, promoted := audited.MethodByName(name); promoted {
			t.Errorf("%s is not told of: give Audited a method of its own, or add it to those that read", name)
		}
		if _, ok := own.MethodByName(name); !ok {
			t.Errorf("Audited has no method %s", name)
		}
	}
}
