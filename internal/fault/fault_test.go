package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
)

// refusals are rules that are refused, with the member at fault.
var refusals = []struct{ rule, at string }{
	{`{}`, "act"},
	{`{"act":{}}`, "act"},
	{`{"act":{"reset":true}}`, "act"},
	{`{"act":{"status":99}}`, "act.status"},
	{`{"act":{"status":600}}`, "act.status"},
	{`{"act":{"status":200}}`, "act.body"},
	{`{"act":{"status":204,"body":"x"}}`, "act.body"},
	{`{"act":{"status":500,"refuse":"throttled"}}`, "act"},
	{`{"act":{"status":500,"cut":"before"}}`, "act"},
	{`{"act":{"status":500,"body":"x","detail":"y"}}`, "act.body"},
	{`{"act":{"malformed":true,"detail":"y"}}`, "act.status"},
	{`{"act":{"malformed":true,"retryAfter":1}}`, "act.status"},
	{`{"act":{"malformed":true,"afterWork":true}}`, "act.status"},
	{`{"act":{"status":429,"retryAfter":-1}}`, "act.retryAfter"},
	{`{"act":{"refuse":"politely"}}`, "act.refuse"},
	{`{"act":{"cut":"sometimes"}}`, "act.cut"},
	{`{"act":{"malformed":true,"reset":true}}`, "act.cut"},
	{`{"act":{"truncate":-1}}`, "act.truncate"},
	{`{"act":{"malformed":true,"keepLength":true}}`, "act.truncate"},
	{`{"act":{"cut":"body","truncate":1}}`, "act.truncate"},
	{`{"act":{"drip":-1}}`, "act.drip"},
	{`{"act":{"drip":10000000}}`, "act.drip"},
	{`{"act":{"status":500,"body":"` + strings.Repeat("x", MaxBody+1) + `"}}`, "act.body"},
	{`{"act":{"status":500,"detail":"` + strings.Repeat("x", maxText+1) + `"}}`, "act"},
	{`{"act":{"status":500,"contentType":"text\nhtml"}}`, "act.contentType"},
	{`{"act":{"stale":"seed"}}`, "act.stale"},
	{`{"match":{"operations":["read","delete"]},"act":{"stale":"seed"}}`, "act.stale"},
	{`{"match":{"operations":["read"]},"act":{"stale":"seed","status":500,"afterWork":true}}`, "act.stale"},
	{`{"act":{"status":500,"headers":{"a b":"c"}}}`, "act.headers"},
	{`{"act":{"status":500,"headers":{"a":"b\r\nc: d"}}}`, "act.headers"},
	{`{"act":{"status":500,"headers":{"content-length":"5"}}}`, "act.headers"},
	{`{"act":{"delay":{}}}`, "act.delay"},
	{`{"act":{"delay":{"fixed":"6m"}}}`, "act.delay"},
	{`{"act":{"delay":{"fixed":"-1s"}}}`, "act.delay"},
	{`{"act":{"delay":{"fixed":"1s","mean":"1s"}}}`, "act.delay"},
	{`{"act":{"delay":{"min":"2s","max":"1s"}}}`, "act.delay.min"},
	{`{"act":{"delay":{"min":"2s"}}}`, "act.delay"},
	{`{"act":{"delayAfter":{"percentiles":{"101":"1s"}}}}`, "act.delayAfter.percentiles"},
	{`{"act":{"delayAfter":{"percentiles":{"x":"1s"}}}}`, "act.delayAfter.percentiles"},
	{`{"act":{"delayAfter":{"percentiles":{"50":"2s","90":"1s"}}}}`, "act.delayAfter.percentiles"},
	{`{"act":{"delayAfter":{"percentiles":{"50":"1s","50.0":"1s"}}}}`, "act.delayAfter.percentiles"},
	{`{"id":"a b","act":{"cut":"body"}}`, "id"},
	{`{"id":"..","act":{"cut":"body"}}`, "id"},
	{`{"probability":1.5,"act":{"cut":"body"}}`, "probability"},
	{`{"probability":-1,"act":{"cut":"body"}}`, "probability"},
	{`{"probability":0,"act":{"cut":"body"}}`, "probability"},
	{`{"every":0,"act":{"cut":"body"}}`, "every"},
	{`{"times":0,"act":{"cut":"body"}}`, "times"},
	// What no request matches.
	{`{"match":{"operations":["token"],"types":["User"]},"act":{"cut":"body"}}`, "match.types"},
	{`{"match":{"operations":["create","list"],"id":"1"},"act":{"cut":"body"}}`, "match.id"},
	{`{"match":{"operations":["create"],"filter":"a pr"},"act":{"cut":"body"}}`, "match.filter"},
	{`{"match":{"operations":["read"],"filterContains":"pr"},"act":{"cut":"body"}}`, "match.filterContains"},
	{`{"match":{"id":"1","filter":"a pr"},"act":{"cut":"body"}}`, "match.filter"},
	{`{"match":{"filter":"a pr","filterContains":"eq"},"act":{"cut":"body"}}`, "match.filterContains"},
	// Parts of which one leaves nothing for another.
	{`{"act":{"status":204,"malformed":true}}`, "act.status"},
	{`{"act":{"status":304,"cut":"body"}}`, "act.status"},
	{`{"act":{"cut":"before","delayAfter":{"fixed":"1s"}}}`, "act.delayAfter"},
	{`{"act":{"cut":"before","malformed":true}}`, "act.cut"},
	{`{"act":{"cut":"after","drip":3}}`, "act.cut"},
	{`{"match":{"operations":["read"]},"act":{"cut":"after","stale":"x"}}`, "act.cut"},
	{`{"act":{"malformed":true,"truncate":0}}`, "act.truncate"},
	{`{"act":{"status":503,"retryAfter":3,"headers":{"retry-after":"5"}}}`, "act.headers"},
	{`{"skip":-1,"act":{"cut":"body"}}`, "skip"},
	{`{"act":{"status":503,"retryDate":true}}`, "act.retryAfter"},
	{`{"every":-1,"act":{"cut":"body"}}`, "every"},
	{`{"times":-1,"act":{"cut":"body"}}`, "times"},
	{`{"match":{"operations":["bulk"]},"act":{"cut":"body"}}`, "match.operations"},
	{`{"match":{"filter":"` + strings.Repeat("x", maxText+1) + `"},"act":{"cut":"body"}}`, "match"},
	{`{"match":{"headers":{"Authorization":""}},"act":{"cut":"body"}}`, "match.headers"},
	{`{"act":{"cut":"body"},"wrong":1}`, ""},
	{`{"act":{"cut":"body","wrong":1}}`, ""},
	{`{"act":{"cut":"body"},"act":{"cut":"body"}}`, "byte 22"},
	{`{"act":{"cut":"body","Cut":"after"}}`, "byte 21"},
	{`{"match":{"headers":{"a":"b","A":"c"}},"act":{"cut":"body"}}`, "byte 29"},
	{`{"act":{"delayAfter":{"percentiles":{"50":"1s","50":"2s"}}}}`, "byte 47"},
	{`{"act":{"status":"500"}}`, "act.status"},
	{`{"act":{"delay":{"fixed":"soon"}}}`, ""},
	{`{"act":{"cut":"body"}}{}`, "byte 22"},
	{`[]`, "byte 0"},
	{``, "byte 0"},
	{`{"ready":"nothing"}`, "ready"},
	{`{"ready":"flaky","act":{"cut":"body"}}`, "ready"},
	{`{"ready":"flaky","times":1}`, "ready"},
}

// parse gives the rules that a Spec means.
func parse(text []byte) ([]Rule, error) {
	var s Spec
	if err := Decode(text, &s); err != nil {
		return nil, err
	}
	return s.Rules()
}

func TestARuleThatCannotBeIsRefusedByItsMember(t *testing.T) {
	t.Parallel()
	for _, x := range refusals {
		_, err := parse([]byte(x.rule))
		var e *scimerr.Error
		if !errors.As(err, &e) || e.Status != 400 || e.At != x.at || e.Detail == "" {
			t.Errorf("%.100s: %v at %q, want 400 at %q", x.rule, err, scimerr.From(err).At, x.at)
		}
	}
}

func TestReadySetsAreRulesWithNamesAndTheirOwnChances(t *testing.T) {
	t.Parallel()
	for _, name := range ReadyNames() {
		rules, err := parse(fmt.Appendf(nil, `{"ready":%q,"seed":7}`, name))
		if err != nil || len(rules) == 0 {
			t.Fatalf("%s: %v", name, err)
		}
		var set Rules
		if _, err := set.Add(false, rules...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, r := range rules {
			if !strings.HasPrefix(r.ID, name) || r.Seed < 7 {
				t.Errorf("%s has %+v", name, r)
			}
		}
	}
}

func TestAListKeepsItsOrderItsIDsAndItsBound(t *testing.T) {
	t.Parallel()
	set := NewTenants([]string{"User"}, []string{"curl"}).Of(1)
	rule := func(id string) Rule { return Rule{ID: id, Act: Act{Cut: Body}} }
	ids := func() string {
		var out []string
		for _, r := range set.List() {
			out = append(out, r.ID)
		}
		return strings.Join(out, " ")
	}
	is := func(want string, err error) {
		t.Helper()
		if err != nil || ids() != want {
			t.Errorf("the list is %s, want %s; %v", ids(), want, err)
		}
	}
	_, err := set.Add(false, rule("a"), rule(""), rule("b"))
	is("a fault-1 b", err)
	_, err = set.Add(true, rule("z"), rule("fault-2"))
	is("z fault-2 a fault-1 b", err)
	_, err = set.Add(false, rule(""))
	is("z fault-2 a fault-1 b fault-3", err)
	if _, err := set.Add(false, rule("new"), rule("a")); !scimerr.Is(err, 409) {
		t.Errorf("an id came twice: %v", err)
	}
	if _, err := set.Add(false, Rule{Match: Match{Types: []string{"Usr"}}, Act: Act{Cut: Body}}); !scimerr.Is(err, 400) {
		t.Errorf("there is no such type: %v", err)
	}
	if _, err := set.Add(false, Rule{Match: Match{Client: "wget"}, Act: Act{Cut: Body}}); !scimerr.Is(err, 400) {
		t.Errorf("there is no such family: %v", err)
	}
	is("z fault-2 a fault-1 b fault-3", nil)
	set.Find(&Request{})
	if n := set.List()[0].Hits; n != 1 {
		t.Errorf("%d hits", n)
	}
	_, err = set.Replace("z", rule(""))
	is("z fault-2 a fault-1 b fault-3", err)
	if n := set.List()[0].Hits; n != 0 {
		t.Errorf("a replaced rule has %d hits", n)
	}
	if _, err := set.Replace("z", rule("y")); !scimerr.Is(err, 400) {
		t.Errorf("replaced by another id: %v", err)
	}
	if _, err := set.Replace("none", rule("")); !scimerr.Is(err, 404) {
		t.Errorf("what is not there was replaced: %v", err)
	}
	is("z a fault-1 b fault-3", set.Remove("fault-2"))
	if err := set.Remove("fault-2"); !scimerr.Is(err, 404) {
		t.Errorf("removed twice: %v", err)
	}
	_, err = set.Set(rule("only"))
	is("only", err)
	if _, err := set.Add(false, make([]Rule, MaxRules)...); !scimerr.Is(err, 400) {
		t.Errorf("more than the most: %v", err)
	}
	set.Clear()
	is("", nil)
}

func TestATenantsRulesGoWithItAndThenCostNothing(t *testing.T) {
	t.Parallel()
	all := NewTenants(nil, nil)
	for tenant := range int64(3) {
		if _, err := all.Of(tenant).Add(false, Rule{Act: Act{Cut: Body}}); err != nil {
			t.Fatal(err)
		}
	}
	find := func(tenant int64) bool { return all.Find(tenant, func() *Request { return &Request{} }) != nil }
	if !find(0) || !find(2) || find(3) || all.None() {
		t.Error("the rules are not those of their tenants")
	}
	all.Drop(0)
	all.Drop(2)
	all.Drop(7)
	if find(0) || !find(1) || all.None() {
		t.Error("other rules are kept than those of the tenants that are there")
	}
	all.Of(1).Clear()
	if !all.None() || find(1) {
		t.Error("there are rules still")
	}
	var none *Tenants
	if !none.None() {
		t.Error("nothing has rules")
	}
}

func TestWithoutRulesARequestCostsNothing(t *testing.T) { // alone: it counts allocations
	all := NewTenants(nil, nil)
	make := func() *Request { t.Error("what a rule would match was asked for"); return nil }
	if n := testing.AllocsPerRun(100, func() { all.Find(1, make) }); n != 0 {
		t.Errorf("a request takes %v allocations", n)
	}
}

// What a request pays for faults: nothing there, rules of others, and a rule that is
// for other requests.
func BenchmarkFind(b *testing.B) {
	rule := Rule{Match: Match{Operations: []Operation{Create}}, Act: Act{Cut: Body}}
	for _, x := range []struct {
		name   string
		tenant int64
	}{{"none", 0}, {"of another tenant", 1}, {"for other requests", 2}} {
		all := NewTenants(nil, nil)
		if x.tenant != 0 {
			if _, err := all.Of(2).Add(false, rule); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				all.Find(x.tenant, func() *Request { return &Request{Operation: Read} })
			}
		})
	}
}

func TestHitsAreCountedExactlyByManyAtOnce(t *testing.T) {
	t.Parallel()
	var set Rules
	if _, err := set.Add(false, Rule{Skip: 10, Every: new(2), Times: new(40), Act: Act{Cut: Body}}, Rule{Act: Act{Cut: Body}}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				set.Find(&Request{})
				set.List()
			}
		})
	}
	all.Wait()
	list := set.List()
	if list[0].Seen != 400 || list[0].Hits != 40 || list[1].Hits != 360 {
		t.Errorf("counted %+v", list)
	}
}

func TestChanceIsEvenAndOfTheSeed(t *testing.T) {
	t.Parallel()
	const n = 20_000
	for _, p := range []float64{0.02, 0.5, 0.9} {
		hits := 0
		for i := range uint64(n) {
			if chance(3, forHit, i) < p {
				hits++
			}
		}
		if got := float64(hits) / n; math.Abs(got-p) > 0.015 {
			t.Errorf("of probability %v came %v", p, got)
		}
	}
	if chance(1, forHit, 5) == chance(2, forHit, 5) || chance(1, forHit, 5) == chance(1, forDelay, 5) || chance(1, forHit, 5) != chance(1, forHit, 5) {
		t.Error("chance does not follow from seed and use alone")
	}
}

func TestDelaysAreDistributedAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	const n = 20_000
	for _, x := range []struct {
		delay           string
		least, mean, at time.Duration // at: the most
	}{
		{`{"fixed":"1s"}`, time.Second, time.Second, time.Second},
		{`{"min":"1s","max":"3s"}`, time.Second, 2 * time.Second, 3 * time.Second},
		{`{"max":"2s"}`, 0, time.Second, 2 * time.Second},
		{`{"mean":"1s"}`, 0, time.Second, MaxDelay},
		{`{"mean":"10s","max":"1ms"}`, 0, time.Millisecond, time.Millisecond},
		{`{"percentiles":{"50":"1s","100":"3s"}}`, 0, 1250 * time.Millisecond, 3 * time.Second},
		{`{"percentiles":{"90":"1s"}}`, 0, 550 * time.Millisecond, time.Second},
	} {
		var d Delay
		if err := json.Unmarshal([]byte(x.delay), &d); err != nil {
			t.Fatal(err)
		}
		if err := d.check("delay"); err != nil {
			t.Fatal(err)
		}
		var sum, most time.Duration
		least := MaxDelay
		for i := range uint64(n) {
			got := d.of(chance(9, forDelay, i))
			sum, most, least = sum+got, max(most, got), min(least, got)
		}
		mean := sum / n
		if least < x.least || most > x.at || math.Abs(float64(mean-x.mean)) > 0.03*float64(x.mean) {
			t.Errorf("%s: from %v to %v, mean %v; want from %v to %v, mean %v", x.delay, least, most, mean, x.least, x.at, x.mean)
		}
	}
	if d := (*Delay)(nil); d.of(0.5) != 0 {
		t.Error("no delay takes time")
	}
}

// What is read is within the bounds, is refused with 400 otherwise, and is read
// again as it is written.
func FuzzDecode(f *testing.F) {
	for _, x := range refusals {
		f.Add([]byte(x.rule))
	}
	for _, text := range []string{
		`{"id":"a","match":{"operations":["list"],"types":["User"],"filter":"a eq 1","filterContains":"eq","token":"t","client":"entra","headers":{"X-A":"b"}},
"act":{"status":503,"scimType":"x","detail":"y","retryAfter":3,"afterWork":true,"delay":{"fixed":"1s"},"delayAfter":{"percentiles":{"50":"1s"}},"malformed":true,"truncate":5,"keepLength":true,"drip":10},
"skip":1,"every":2,"times":3,"probability":0.5,"seed":9,"until":"2031-05-06T07:08:09Z"}`,
		`{"ready":"flaky","seed":3}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := parse(data)
		if err != nil {
			if !scimerr.Is(err, 400) || len(err.Error()) > 1000 {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		for _, r := range rules {
			for n := range uint64(20) {
				h := Hit{&r, n}
				if b, a := h.Before(), h.After(); b < 0 || a < 0 || b > MaxDelay || a > MaxDelay {
					t.Fatalf("%s waits %v and %v", data, b, a)
				}
			}
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			again, err := parse(text)
			if err != nil {
				t.Fatalf("%s, written as %s, is refused: %v", data, text, err)
			}
			if twice, _ := json.Marshal(again[0]); string(twice) != string(text) {
				t.Fatalf("%s becomes %s", text, twice)
			}
		}
	})
}

// What still comes for a tenant that is gone is refused, and slows nobody down.
func TestATenantThatIsGoneGetsNoRules(t *testing.T) {
	t.Parallel()
	tenants := NewTenants(nil, nil)
	rules := tenants.Of(7)
	one := Rule{Act: Act{Status: 500}}
	if _, err := rules.Add(false, one); err != nil || tenants.None() {
		t.Fatal(err)
	}
	tenants.Drop(7)
	if _, err := rules.Add(false, one); !scimerr.Is(err, 404) || !tenants.None() {
		t.Errorf("%v, none: %t", err, tenants.None())
	}
}
