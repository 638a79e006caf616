package scim

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Confidence tells how the tenant's behaviour behind a switch is known.
type Confidence string

// The confidences, the surest first. A Choice is not about the tenant: the
// references leave the matter open, or a client needs it so.
const (
	Recorded   Confidence = "recorded"
	Documented Confidence = "documented"
	ClientCode Confidence = "client code"
	Inferred   Confidence = "inferred"
	Choice     Confidence = "choice"
)

// Switch describes one switch of a Profile.
type Switch struct {
	// Name is the JSON name of the field of Profile.
	Name string
	// Meaning is one line: what the switch decides; of a truth, what holds when
	// it is on.
	Meaning string
	// Values are the allowed texts; nil for numbers and free text.
	Values     []Value
	Confidence Confidence
	// Source names the clause of the RFCs or of the project's notes on the
	// tenant ("tenant") and on identity providers ("clients").
	Source string
	// Clients names who needs it, and which value; "" where nobody is known to.
	Clients string
}

// Value is one value of a switch and what it does.
type Value struct{ Text, Does string }

// Allowed are the texts that the switch takes; nil when it takes any number or
// text.
func (s *Switch) Allowed() []string {
	var list []string
	for _, v := range s.Values {
		list = append(list, v.Text)
	}
	return list
}

// SwitchValue is a switch with its value in a profile.
type SwitchValue struct {
	Switch
	// Type is boolean, integer or string.
	Type  string
	Value string
}

// Switches lists every switch with its value in p, in the order of the fields.
func (p *Profile) Switches() []SwitchValue {
	list := make([]SwitchValue, len(switches))
	for i, s := range switches {
		field := p.field(s.Name)
		typ := "string"
		switch field.Kind() {
		case reflect.Bool:
			typ = "boolean"
		case reflect.Int:
			typ = "integer"
		}
		list[i] = SwitchValue{Switch: s, Type: typ, Value: fmt.Sprint(field.Interface())}
	}
	return list
}

// Set gives the switch of that name a value written as text. The error names
// the switch and what it takes, or the nearest switch to an unknown name.
func (p *Profile) Set(name, value string) error {
	i := slices.IndexFunc(switches, func(s Switch) bool { return s.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no switch %q; the nearest is %q", name, nearestSwitch(name))
	}
	if allowed := switches[i].Allowed(); allowed != nil && !slices.Contains(allowed, value) {
		return fmt.Errorf("switch %s takes %s, not %q", name, choices(allowed), value)
	}
	field := p.field(name)
	switch field.Kind() {
	case reflect.Bool:
		field.SetBool(value == "true")
	case reflect.Int:
		n, err := strconv.Atoi(value)
		least := 1
		if fromZero[name] {
			least = 0
		}
		if err != nil || n < least {
			return fmt.Errorf("switch %s takes a whole number from %d, not %q", name, least, value)
		}
		field.SetInt(int64(n))
	default:
		field.SetString(value)
	}
	return nil
}

// fromZero are the numbers that may be 0.
var fromZero = map[string]bool{"unpagedLimit": true}

// choices are two texts or more as a sentence has them.
func choices(texts []string) string {
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " or " + texts[last]
}

// field is the field of p for a switch; the zero Value when there is none.
func (p *Profile) field(name string) reflect.Value {
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// nearestSwitch is the switch with the fewest edits to name, letter case aside.
func nearestSwitch(name string) string {
	nearest := slices.MinFunc(switches, func(a, b Switch) int {
		return edits(strings.ToLower(a.Name), strings.ToLower(name)) - edits(strings.ToLower(b.Name), strings.ToLower(name))
	})
	return nearest.Name
}

// edits is the Levenshtein distance of two texts in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
