package resource

import (
	"encoding/json"
	"strconv"
	"testing"
)

// The stored user of these figures has about 2 KB.

func BenchmarkAppendResource(b *testing.B) {
	doc, cut := Encode(members(b, userDocument))
	derived, buf := []byte(groups), make([]byte, 0, 8192)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendResource(buf[:0], doc, cut, userID, derived, userMeta)
	}
}

// BenchmarkAppendResourceByEncodingJSON is the way not taken: decode, add, encode.
func BenchmarkAppendResourceByEncodingJSON(b *testing.B) {
	b.SetBytes(int64(len(userDocument)))
	b.ReportAllocs()
	for b.Loop() {
		var m map[string]any
		if err := json.Unmarshal([]byte(userDocument), &m); err != nil {
			b.Fatal(err)
		}
		m["id"] = userID
		m["meta"] = map[string]any{"resourceType": "User", "created": userMeta.Created, "lastModified": userMeta.Modified, "location": usersURL + "/" + userID}
		if _, err := json.Marshal(m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInsertInto(b *testing.B) {
	wire, buf := userWire(b), make([]byte, 0, 8192)
	path, ref := []string{enterpriseURN, "manager"}, []byte(`"$ref":"`+usersURL+`/26118915"`)
	b.ReportAllocs()
	for b.Loop() {
		buf = InsertInto(buf[:0], wire, path, ref)
	}
}

func BenchmarkProjection(b *testing.B) {
	for _, c := range []struct {
		name string
		p    *Projection
	}{{"keep two", keepTwo}, {"drop one", dropOne}, {"drop sub-attributes", drop("emails type", "name formatted", enterpriseURN+" manager")}} {
		b.Run(c.name, func(b *testing.B) {
			wire, buf := userWire(b), make([]byte, 0, 8192)
			b.SetBytes(int64(len(wire)))
			b.ReportAllocs()
			for b.Loop() {
				buf = c.p.Append(buf[:0], wire)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	wire := userWire(b)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(wire, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseWide shows that a member costs as much in a wide object as in a
// narrow one, though each is compared with all others.
func BenchmarkParseWide(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			wire := wideObject(n)
			for b.Loop() {
				if _, err := Parse(wire, Limits{Members: n}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/member")
		})
	}
}

func BenchmarkParseByEncodingJSON(b *testing.B) {
	wire := userWire(b)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		var m map[string]any
		if err := json.Unmarshal(wire, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	body := members(b, userDocument)
	b.ReportAllocs()
	for b.Loop() {
		Encode(body)
	}
}
