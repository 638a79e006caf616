package sqlstore

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/storetest"
)

func extracted(t *testing.T, typeName, doc string) (*layout, *keys, error) {
	t.Helper()
	body, err := resource.Decode([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	rt := storetest.Registry().Type(typeName)
	l := bind(rt)
	k, err := l.extract(&store.Resource{Type: rt, ID: "ID-1", Body: body})
	return l, k, err
}

func TestUserKeysGoToColumnsAndValueRows(t *testing.T) {
	t.Parallel()
	l, k, err := extracted(t, "User", `{"userName":"BJensen","externalId":"Ext","displayName":"Bärbel J.","active":false,
"emails":[{"type":"Home","value":"A@x"},{},{"value":"b@x","primary":true},{"display":"only shown"}],
"urn:scim:schemas:extension:custom:2.0":{"Floor":7,"wing":"North","empty":""}}`)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]any{}
	for i, c := range l.columns {
		if k.columns[i] != nil {
			columns[c.name] = k.columns[i]
		}
	}
	want := map[string]any{"user_name": "bjensen", "external_id": "Ext", "display_name": "bärbel j.", "active": int64(0)}
	if fmt.Sprint(columns) != fmt.Sprint(want) {
		t.Errorf("columns %v, want %v", columns, want)
	}
	if k.id != "id-1" || !slices.Contains(k.texts, any("BJensen")) || !slices.Contains(k.texts, any("Bärbel J.")) {
		t.Errorf("id key %s, texts %v", k.id, k.texts)
	}
	number, _ := schema.NumberKey("7")
	for i, want := range []string{
		"emails 0 ord 0 typ home prim <nil> lead 0 v a@x",
		"emails 0 ord 2 typ <nil> prim 1 lead 1 v b@x",
		"emails 0 ord 3 typ <nil> prim <nil> lead 0 v <nil>",
		"urn:scim:schemas:extension:custom:2.0:floor 1 ord 0 typ <nil> prim <nil> lead 1 v " + number,
		"urn:scim:schemas:extension:custom:2.0:wing 0 ord 0 typ <nil> prim <nil> lead 1 v north",
	} {
		if i >= len(k.rows) {
			t.Fatalf("%d rows, want one more: %s", len(k.rows), want)
		}
		r := k.rows[i]
		got := fmt.Sprintf("%s %d ord %d typ %v prim %v lead %d v %v", r.path, r.kind, r.ord, r.typ, r.prim, r.lead, r.v)
		if got != want {
			t.Errorf("row %d: %s\nwant   %s", i, got, want)
		}
	}
}

func TestAUniqueValueLongerThanAKeyIsRefused(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("x", schema.MaxKey)
	for _, c := range []struct{ typeName, doc, attr string }{
		{"User", `{"userName":"` + full + `"}`, ""},
		{"User", `{"userName":"` + full + `x"}`, "userName"},
		{"User", `{"userName":"u","displayName":"` + full + `x"}`, ""},
		{"Device", `{"serial":"` + full + `x"}`, "serial"},
		{"Device", `{"serial":"s","label":"` + full + `x"}`, ""},
	} {
		_, _, err := extracted(t, c.typeName, c.doc)
		switch {
		case c.attr == "" && err != nil:
			t.Errorf("%s %.20s: %v", c.typeName, c.doc, err)
		case c.attr != "" && (scimerr.From(err).Type != scimerr.InvalidValueType || scimerr.From(err).At != c.attr):
			t.Errorf("%s %.20s: error %v, want invalidValue at %s", c.typeName, c.doc, err, c.attr)
		}
	}
}

func TestATypeWithoutATableMapKeepsEveryAttributeInValueRows(t *testing.T) {
	t.Parallel()
	_, k, err := extracted(t, "Device", `{"serial":"S","alias":"A","slots":3,"tags":["x","y"],"maker":{"name":"M"},
"ports":[{"value":80,"type":"tcp"}],"externalId":"E"}`)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, r := range k.rows {
		paths = append(paths, r.path)
	}
	want := []string{"externalid", "serial", "alias", "slots", "tags", "tags", "maker.name", "ports"}
	slices.Sort(paths)
	slices.Sort(want)
	if !slices.Equal(paths, want) {
		t.Errorf("rows %v, want %v", paths, want)
	}
	if len(k.uniques) != 2 || k.uniques[0].v != "a" || k.uniques[1].v != "S" {
		t.Errorf("unique keys %v, want alias a and serial S", k.uniques)
	}
}

func TestIDsThatAreExactButFilteredWithoutLetterCaseHaveAValueRow(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	reg, err := schema.Load(fstest.MapFS{
		"common.json": file(`{"id":"common","attributes":[{"name":"id"}]}`), "core/a.json": file(`{"id":"urn:a","attributes":[{"name":"n"}]}`),
		"resource-types.json": file(`[{"name":"A","endpoint":"/As","schema":"urn:a","idCaseExact":true}]`),
	})
	if err != nil {
		t.Fatal(err)
	}
	rt := reg.Type("A")
	k, err := bind(rt).extract(&store.Resource{Type: rt, ID: "ID-1", Body: &resource.Members{}})
	if err != nil {
		t.Fatal(err)
	}
	if k.id != "ID-1" || len(k.rows) != 1 || k.rows[0].path != "id" || k.rows[0].v != "id-1" || k.rows[0].lead != 1 {
		t.Errorf("id key %s, rows %v", k.id, k.rows)
	}
}

func TestABlockHandsOutEachNumberOnceAndReservesSeldom(t *testing.T) {
	t.Parallel()
	l := newMemoryLedger()
	b := &block{name: seqAllocator}
	const workers, each = 8, 500
	var wg sync.WaitGroup
	got := make([][]int64, workers)
	for i := range workers {
		wg.Go(func() {
			for range each {
				n, err := b.take(t.Context(), l)
				if err != nil {
					t.Error(err)
				}
				got[i] = append(got[i], n)
			}
		})
	}
	wg.Wait()
	all := slices.Concat(got...)
	slices.Sort(all)
	if len(slices.Compact(all)) != workers*each || all[0] != 1 || all[len(all)-1] != workers*each {
		t.Errorf("%d different numbers from %d to %d", len(all), all[0], all[len(all)-1])
	}
	if reserved := l.next[seqAllocator]; reserved != workers*each {
		t.Errorf("%d numbers reserved, want %d in %d blocks", reserved, workers*each, workers*each/blockSize)
	}
}
