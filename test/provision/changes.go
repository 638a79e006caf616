package provision

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Changed is a directory some time later: people renamed, moved, disabled,
// restored, hired and, with deletes, gone for good; teams renamed, made, taken
// away, made anew under the same name, and members moved between them.
func (d *Directory) Changed(r *rand.Rand, deletes bool) *Directory {
	d = d.clone()
	everyone := d.people()
	r.Shuffle(len(everyone), func(i, j int) { everyone[i], everyone[j] = everyone[j], everyone[i] })
	share := max(len(everyone)/40, 2)
	// take gives a share of the people that nothing has happened to yet.
	take := func() []*Person {
		n := min(share, len(everyone))
		ids := everyone[:n]
		everyone = everyone[n:]
		out := make([]*Person, n)
		for i, id := range ids {
			out[i] = d.People[id]
		}
		return out
	}
	for _, p := range take() { // marriages
		p.name(p.Attributes["name.givenName"], "Newname-"+d.surname(r), newID(r)[:13])
	}
	for _, p := range take() { // spellings
		p.Attributes[userName] = swapCase(p.Attributes[userName])
	}
	swapped := take()
	for i := 0; i+1 < len(swapped); i += 2 { // name swaps
		a, b := swapped[i].Attributes, swapped[i+1].Attributes
		a[userName], b[userName] = b[userName], a[userName]
	}
	for chain := range slices.Chunk(take(), 4) { // each takes the name that the next one gives up
		for i := range len(chain) - 1 {
			chain[i].Attributes[userName] = chain[i+1].Attributes[userName]
		}
		last := chain[len(chain)-1].Attributes
		last[userName] = "moved." + last[userName]
	}
	for _, p := range slices.Concat(take(), take()) { // moves
		d.edit(r, p)
	}
	for _, p := range take() {
		p.Active = !p.Active
	}
	for _, p := range d.People { // some come back from leave, and all their attributes are there
		if !p.Active && strings.HasPrefix(p.ID, "a") {
			p.Active = true
		}
	}
	for _, p := range take() {
		p.Manager = ""
	}
	for _, p := range take() {
		p.Manager = otherThan(p.ID, pick(r, d.people()))
	}
	if deletes {
		for i, p := range take() {
			d.remove(p.ID)
			if i%2 == 0 { // the next of that name
				d.hire(r).Attributes[userName] = strings.ToUpper(p.Attributes[userName])
			}
		}
	}
	for range share {
		p := d.hire(r)
		p.Manager = otherThan(p.ID, pick(r, d.people()))
	}
	d.reorganise(r)
	return d
}

// edit adds, changes and removes some of a person's optional attributes.
func (d *Directory) edit(r *rand.Rand, p *Person) {
	for range 4 {
		o := pick(r, optional)
		if _, there := p.Attributes[o.path]; there && r.IntN(3) == 0 {
			delete(p.Attributes, o.path)
		} else {
			p.Attributes[o.path] = optionalValue(r, o.path, o.format)
		}
	}
}

// remove takes a person out of the directory, and everything that names it.
func (d *Directory) remove(id string) {
	delete(d.People, id)
	for _, p := range d.People {
		if p.Manager == id {
			p.Manager = ""
		}
	}
	for _, t := range d.Teams {
		delete(t.Members, id)
	}
}

// reorganise changes teams and who is in them.
func (d *Directory) reorganise(r *rand.Rand) {
	for i, id := range d.teams() {
		t := d.Teams[id]
		switch i % 10 {
		case 0:
			t.Name = "Renamed " + t.Name
		case 1:
			t.Name = strings.ToUpper(t.Name)
		case 2: // made anew
			delete(d.Teams, id)
			again := &Team{ID: newID(r), Name: t.Name, Members: maps.Clone(t.Members)}
			d.Teams[again.ID] = again
		case 3:
			delete(d.Teams, id)
			made := &Team{ID: newID(r), Name: "New " + t.Name, Members: map[string]bool{}}
			d.Teams[made.ID] = made
		case 4:
			clear(t.Members)
		}
	}
	people, teams := d.people(), d.teams()
	for range len(people) / 10 {
		from, to, id := d.Teams[pick(r, teams)], d.Teams[pick(r, teams)], pick(r, people)
		for _, member := range slices.Sorted(maps.Keys(from.Members)) {
			id = member
			break
		}
		delete(from.Members, id)
		to.Members[id] = true
	}
}

func swapCase(text string) string {
	lower := strings.ToLower(text)
	if upper := strings.ToUpper(text); upper != text && strings.ToLower(upper) == lower {
		return upper
	}
	return lower
}
