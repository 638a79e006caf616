package scim

import (
	"maps"
	"strings"
	"testing"
)

func TestLimitsAreSetByNameAndStoredAsText(t *testing.T) {
	t.Parallel()
	var l Limits
	for i, x := range limits {
		if err := l.Set(x.name, "7"); err != nil || *x.field(&l) != 7 {
			t.Errorf("%s: %+v, %v", x.name, l, err)
		}
		if len(l.Map()) != i+1 {
			t.Errorf("%s shares its field with another limit", x.name)
		}
	}
	if got, faults := StoredLimits(l.Text()); faults != nil || got != l {
		t.Errorf("%s is read as %+v, %v", l.Text(), got, faults)
	}
	if err := l.Set("maxBody", "none"); err != nil || l.MaxBody != 0 || l.Map()["maxBody"] != 0 {
		t.Errorf("none: %+v, %v", l, err)
	}
	for name, value := range map[string]string{"maxBody": "0", "maxFilterDepth": "-1", "maxResources": "1.5", "maxConcurrent": "", "maxOperations": "99999999999999999999", "MaxBody": "1", "": "1"} {
		before := l
		if err := l.Set(name, value); err == nil || l != before || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %+v, %v", name, value, l, err)
		}
	}
}

func TestStoredLimitsOfOtherReleasesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]int{
		"": {}, "{}": {}, "null": {}, `{"maxBody":5,"maxFutures":9}`: {"maxBody": 5}, `{"maxBody":-5}`: {},
	} {
		if l, faults := StoredLimits(text); faults != nil || !maps.Equal(l.Map(), want) {
			t.Errorf("%s: %v, %v; want %v", text, l.Map(), faults, want)
		}
	}
}

func TestWhatCannotBeReadOfStoredLimitsBoundsNothing(t *testing.T) {
	t.Parallel()
	for text, names := range map[string][]string{
		"[]": {"limits"}, "{": {"limits"}, "7": {"limits"}, `{"maxBody":"5","maxResources":7}`: {"maxBody"}, `{"maxBody":1.5,"maxResources":7,"maxConcurrent":[]}`: {"maxBody", "maxConcurrent"},
	} {
		l, faults := StoredLimits(text)
		want := map[string]int{}
		if strings.Contains(text, "maxResources") {
			want["maxResources"] = 7
		}
		if len(faults) != len(names) || !maps.Equal(l.Map(), want) {
			t.Fatalf("%s: %v, %v; want %v", text, l.Map(), faults, want)
		}
		for i, name := range names {
			if !strings.Contains(faults[i].Error(), name) {
				t.Errorf("%s: %v does not name %s", text, faults[i], name)
			}
		}
	}
}

func TestTheSmallerOfTwoLimitsHolds(t *testing.T) {
	t.Parallel()
	got := Limits{MaxBody: 5, MaxOperations: 5, MaxResources: 5}.Within(Limits{MaxBody: 3, MaxOperations: 9, MaxFilterDepth: 4})
	if want := (Limits{MaxBody: 3, MaxOperations: 5, MaxResources: 5, MaxFilterDepth: 4}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestNamesOfTenantsAndHosts(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"a": true, "blue-1": true, "-": true, strings.Repeat("a", 63): true, strings.Repeat("a", 64): false, "": false,
		"Blue": false, "a.b": false, "a/b": false, "a b": false, "ü": false, "a_b": false,
	} {
		if ValidTenantName(name) != ok {
			t.Errorf("tenant %q: %t", name, !ok)
		}
	}
	if name := TenantName("BLUE-1"); name != "blue-1" {
		t.Errorf("BLUE-1 is %q", name)
	}
	if name := TenantName("\u212a1"); ValidTenantName(name) {
		t.Errorf("the Kelvin sign makes the tenant %q", name)
	}
	for given, want := range map[string]string{
		"Blue.Example": "blue.example", "blue.example:8443": "blue.example", "blue.example.": "blue.example", "blue.example.:80": "blue.example",
		"[::1]:80": "[::1]", "[::1]": "[::1]", "10.0.0.1:1": "10.0.0.1", "": "", ":80": "",
	} {
		if got := HostName(given); got != want {
			t.Errorf("host of %q is %q, want %q", given, got, want)
		}
	}
	for host, ok := range map[string]bool{
		"localhost": true, "a.example": true, "10.0.0.1": true, "a_b.example": true, "xn--bcher-kva.example": true,
		"": false, "a..b": false, ".a": false, "a b": false, "*.a": false, "http://a": false, "[::1]": false, "a/b": false, "bücher.example": false,
		strings.Repeat("a", 64) + ".example": false, strings.Repeat("a.", 130) + "a": false,
	} {
		if ValidHostName(host) != ok {
			t.Errorf("host %q: %t", host, !ok)
		}
	}
}
