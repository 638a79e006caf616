package scenario

import (
	"fmt"
	"io/fs"
)

// Pending lists steps that cannot pass yet. A pending step is played all the
// same and has to fail, so that the list stays honest; the steps that need a
// variable it would have saved are left out.
type Pending []PendingStep

// PendingStep names one step by its scenario and says what it waits for.
type PendingStep struct {
	Scenario string `json:"scenario"`
	Step     string `json:"step"`
	Reason   string `json:"reason"`
}

// LoadPending reads the list.
func LoadPending(fsys fs.FS, name string) (Pending, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	var p Pending
	if err := strictly(data, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// Unknown gives the entries that name no step of the scenarios.
func (p Pending) Unknown(scenarios []*Scenario) Pending {
	known := map[PendingStep]bool{}
	for _, s := range scenarios {
		for _, step := range s.Steps {
			known[PendingStep{Scenario: s.Name, Step: step.Name}] = true
		}
	}
	var unknown Pending
	for _, entry := range p {
		if !known[PendingStep{Scenario: entry.Scenario, Step: entry.Step}] {
			unknown = append(unknown, entry)
		}
	}
	return unknown
}

func (p Pending) has(scenario, step string) bool {
	for _, entry := range p {
		if entry.Scenario == scenario && entry.Step == step {
			return true
		}
	}
	return false
}
