package provision

import (
	"fmt"
	"regexp"
	"strings"
)

// selected is a path of one element of a list: emails[type eq "work"].value.
var selected = regexp.MustCompile(`^(\w+)\[(\w+) eq "(\w+)"\]\.(\w+)$`)

// build makes the body of a user out of paths and values.
func build(attributes map[string]string) object {
	body := object{}
	for path, text := range attributes {
		put(body, path, text)
	}
	return body
}

func put(body object, path string, x any) {
	if name, ok := strings.CutPrefix(path, Enterprise+":"); ok {
		within(body, Enterprise)[name] = x
		return
	}
	if m := selected.FindStringSubmatch(path); m != nil {
		element(body, m[1], m[2], m[3])[m[4]] = x
		return
	}
	if name, sub, ok := strings.Cut(path, "."); ok {
		within(body, name)[sub] = x
		return
	}
	body[path] = x
}

func within(body object, name string) object {
	inner, ok := body[name].(object)
	if !ok {
		inner = object{}
		body[name] = inner
	}
	return inner
}

// element is the element of a list with that label; it is made when there is
// none. The first mail address is the primary one.
func element(body object, name, label, text string) object {
	var labelled any = text
	if label == "primary" {
		labelled = true
	}
	list, _ := body[name].([]object)
	for _, e := range list {
		if e[label] == labelled {
			return e
		}
	}
	e := object{label: labelled}
	if name == "emails" && text == "work" {
		e["primary"] = true
	}
	body[name] = append(list, e)
	return e
}

// flatten reads a user's attributes as paths and values, of all that the server
// says but what it alone decides. manager is the id that it has.
func flatten(user map[string]any) (attributes map[string]string, active bool, manager string, err error) {
	attributes = map[string]string{}
	set := func(path string, x any) {
		text, ok := x.(string)
		if _, twice := attributes[path]; twice || !ok {
			err = fmt.Errorf("%s is %v, and was %q", path, x, attributes[path])
		}
		attributes[path] = text
	}
	for name, x := range user {
		switch name {
		case "id", "meta", "schemas", "groups":
		case "active":
			active, _ = x.(bool)
		case Enterprise:
			extension, _ := x.(map[string]any)
			for name, x := range extension {
				if name == "manager" {
					m, _ := x.(map[string]any)
					manager, _ = m["value"].(string)
					continue
				}
				set(Enterprise+":"+name, x)
			}
		default:
			switch x := x.(type) {
			case map[string]any:
				for sub, y := range x {
					set(name+"."+sub, y)
				}
			case []any:
				flattenList(name, x, set)
			default:
				set(name, x)
			}
		}
	}
	return attributes, active, manager, err
}

func flattenList(name string, list []any, set func(string, any)) {
	for _, x := range list {
		e, _ := x.(map[string]any)
		label := fmt.Sprintf("type eq %q", e["type"])
		if e["type"] == nil && e["primary"] == true {
			label = `primary eq "True"`
		}
		for sub, y := range e {
			if sub != "type" && sub != "primary" {
				set(fmt.Sprintf("%s[%s].%s", name, label, sub), y)
			}
		}
	}
}
