package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/store"
)

// A resource whose links come in streams is, byte for byte, what it is when it
// holds them.
func TestAStreamedResourceIsTheWholeOne(t *testing.T) {
	t.Parallel()
	reg := registry()
	user, group := reg.Type("User"), reg.Type("Group")
	link := func(rel store.Relation, reverse bool, i int) store.Link {
		l := store.Link{Relation: rel, Reverse: reverse, Seq: int64(i), Type: user, ID: fmt.Sprintf("id-%d", i), Indirect: i%3 == 0}
		if reverse {
			l.Type = group
		}
		if i > 450 { // the first batches have nothing but what every element has
			l.Display = fmt.Sprintf("Näme \"%d\"", i)
		}
		return l
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	const ext = `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	for _, c := range []struct {
		typ, doc string
		links    int
		relation store.Relation
		reverse  bool
		with     []store.Link
	}{
		{typ: "Group", doc: `{"displayName":"crowd","schemas":["x"]}`, links: 1000, relation: store.Member},
		{typ: "Group", doc: `{"schemas":["x"]}`, links: 401, relation: store.Member},
		{typ: "Group", doc: `{"displayName":"gone meanwhile","schemas":["x"]}`, relation: store.Member},
		{
			typ: "User", doc: `{"userName":"ada","schemas":["x"],` + ext + `:{"department":"x","manager":{"value":"boss"}}}`,
			links: 700, relation: store.Member, reverse: true, with: []store.Link{link(store.Manager, false, 9000)},
		},
	} {
		for _, p := range []*Params{
			{},
			{Attributes: []string{"members.value", "groups.value"}},
			{Attributes: []string{"members.display", "groups.display"}},
			{Attributes: []string{"members", "groups", "displayName"}},
			{ExcludedAttributes: []string{"members.display", "groups.display"}},
			{ExcludedAttributes: []string{"displayName", "userName", "members.type"}},
			{ExcludedAttributes: []string{"members.value", "members.display", "members.type", "members.$ref"}},
		} {
			rt := reg.Type(c.typ)
			call := &Call{Tenant: testTenant(t, "rfc7644"), Base: "https://scim.example/scim/v2"}
			proj, err := projection(call.Tenant, rt, p, nil)
			if err != nil {
				t.Fatal(err)
			}
			var links []store.Link
			for i := range c.links {
				links = append(links, link(c.relation, c.reverse, i))
			}
			doc := []byte(c.doc)
			m, err := resource.Decode(doc)
			if err != nil {
				t.Fatal(err)
			}
			rec := &store.Record{Seq: 1, ID: "r", Version: 1, Created: at, Modified: at, Links: slices.Concat(links, c.with)}
			rec.Doc, rec.Cut = resource.Encode(m)
			want := newRenderer(call, proj).append(nil, rt, rec)

			rec.Links = c.with
			rec.Streams = []store.LinkStream{{Relation: c.relation, Reverse: c.reverse, Next: batches(links, 333)}}
			var got bytes.Buffer
			if err := newRenderer(call, proj).stream(t.Context(), &got, rt, rec); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) || !json.Valid(want) {
				t.Errorf("%s of %d links, %+v:\n%.400s\nwant\n%.400s", c.typ, c.links, p, got.Bytes(), want)
			}
			// A batch that fails, fails the answer.
			failed := errors.New("disk")
			rec.Streams = []store.LinkStream{{Relation: c.relation, Reverse: c.reverse, Next: func(context.Context) ([]store.Link, error) { return nil, failed }}}
			if err := newRenderer(call, proj).stream(t.Context(), &got, rt, rec); !errors.Is(err, failed) {
				t.Errorf("a batch that fails: %v", err)
			}
		}
	}
}

// batches hands out links n at a time.
func batches(links []store.Link, n int) func(context.Context) ([]store.Link, error) {
	return func(context.Context) ([]store.Link, error) {
		batch := links[:min(n, len(links))]
		links = links[len(batch):]
		return batch, nil
	}
}
