package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
)

// job is what all provisioning jobs remember: the id that the server gave to
// each person and team, and the directory as it was after the last cycle.
type job struct {
	Client  *Client
	Workers int // requests at a time; those about one object come in order

	mu     sync.Mutex
	ids    map[string]string
	synced *Directory
}

func (j *job) id(source string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ids[source]
}

func (j *job) remember(source, id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ids == nil {
		j.ids = map[string]string{}
	}
	j.ids[source] = id
}

// before is the directory as the server has it, an empty one at first.
func (j *job) before() *Directory {
	if j.synced == nil {
		j.synced = &Directory{}
	}
	return j.synced
}

// errTaken is the refusal of a name that someone else has.
var errTaken = errors.New("the name is taken")

// settle updates people until all have the names they should have. Names move
// in chains and in rings: who is refused waits for the others, and when all are
// refused, each of them has to give up its name first.
func (j *job) settle(ctx context.Context, people []*Person, update, park func(context.Context, *Person) error) error {
	for round := 0; len(people) > 0; round++ {
		if round > 12 {
			return fmt.Errorf("%d names stay taken", len(people))
		}
		var mu sync.Mutex
		var waiting []*Person
		err := each(ctx, j.Workers, people, func(ctx context.Context, p *Person) error {
			err := update(ctx, p)
			if errors.Is(err, errTaken) {
				mu.Lock()
				defer mu.Unlock()
				waiting = append(waiting, p)
				return nil
			}
			return err
		})
		if err == nil && len(waiting) == len(people) {
			err = each(ctx, j.Workers, waiting, park)
		}
		if err != nil {
			return err
		}
		people = waiting
	}
	return nil
}

// parkedName is held by nobody else.
func parkedName(p *Person) string { return "parked-" + p.ID + "@contoso.example" }

// delete removes a resource; when an answer was lost it may be gone already.
func (j *job) delete(ctx context.Context, endpoint, source string) error {
	at := pathID(endpoint, j.id(source))
	a, err := j.Client.Do(ctx, http.MethodDelete, at, nil, 204, 404)
	if err == nil && a.Status == 404 && !a.Again {
		err = fmt.Errorf("DELETE %s: there was nothing to delete", at)
	}
	return err
}

// split tells who of the people is new, who changed and who is gone. What
// counts as a change is up to the caller.
func split[T any](before, after map[string]*T, changed func(a, b *T) bool) (made, altered []*T, gone []string) {
	for _, id := range slices.Sorted(maps.Keys(after)) {
		was, there := before[id]
		switch now := after[id]; {
		case !there:
			made = append(made, now)
		case changed(was, now):
			altered = append(altered, now)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if after[id] == nil {
			gone = append(gone, id)
		}
	}
	return made, altered, gone
}

// membersBut lists, in order, the members of one team that are not in another;
// a nil team has none.
func membersBut(a, b *Team) []string {
	var out []string
	if a != nil {
		for _, id := range slices.Sorted(maps.Keys(a.Members)) {
			if b == nil || !b.Members[id] {
				out = append(out, id)
			}
		}
	}
	return out
}

// differs tells how a user on the server is not as it should be; "" when it is.
// The manager is left out.
func differs(user map[string]any, want *Person) string {
	got, active, _, err := flatten(user)
	switch {
	case err != nil:
		return err.Error()
	case active != want.Active:
		return fmt.Sprintf("active is %v", active)
	}
	for _, path := range slices.Sorted(maps.Keys(want.Attributes)) {
		if got[path] != want.Attributes[path] {
			return fmt.Sprintf("%s is %q instead of %q", path, got[path], want.Attributes[path])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want.Attributes[path]; !ok {
			return fmt.Sprintf("%s is %q and should not be there", path, got[path])
		}
	}
	return ""
}
