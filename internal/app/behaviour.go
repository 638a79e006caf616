package app

import (
	"sync"

	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/schemas"
)

// behaviour is what tenants with equal profiles share. faults are what of the
// stored profile cannot be used.
type behaviour struct {
	faults    []error
	profile   *scim.Profile
	discovery *scim.Discovery
}

// behaviours are those in use, by the text of the stored profile.
type behaviours struct {
	mu     sync.Mutex
	byText map[string]behaviour
	// uses counts the tenants of a text, which they share: it is long.
	uses map[string]*textUse
}

type textUse struct {
	text string
	n    int
}

// behaviour is that of a stored profile; "" is the one of the options.
func (e *engine) behaviour(switches string) (behaviour, error) {
	e.behaviours.mu.Lock()
	defer e.behaviours.mu.Unlock()
	if b, ok := e.behaviours.byText[switches]; ok {
		return b, nil
	}
	b := behaviour{profile: e.profile}
	var err error
	if switches != "" {
		if b.profile, b.faults, err = scim.StoredProfile(schemas.FS, switches); err != nil {
			return behaviour{}, err
		}
	}
	if b.discovery, err = scim.NewDiscovery(e.registry, b.profile, documented); err != nil {
		return behaviour{}, err
	}
	e.behaviours.byText[switches] = b
	return b, nil
}

// enter counts a tenant with a stored profile, and gives its text as all of them
// have it.
func (e *engine) enter(switches string) string {
	e.behaviours.mu.Lock()
	defer e.behaviours.mu.Unlock()
	u := e.behaviours.uses[switches]
	if u == nil {
		u = &textUse{text: switches}
		e.behaviours.uses[switches] = u
	}
	u.n++
	return u.text
}

// leave counts it out; a behaviour that no tenant has any more is dropped.
func (e *engine) leave(switches string) {
	e.behaviours.mu.Lock()
	defer e.behaviours.mu.Unlock()
	if u := e.behaviours.uses[switches]; u != nil {
		if u.n--; u.n > 0 {
			return
		}
	}
	delete(e.behaviours.uses, switches)
	if switches != "" {
		delete(e.behaviours.byText, switches)
	}
}
