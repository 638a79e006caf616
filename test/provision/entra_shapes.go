package provision

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// body is what creates a user (clients section 2.4).
func (e *Entra) body(p *Person, manager string) object {
	body := build(p.Attributes)
	if manager != "" {
		put(body, managerPath, manager)
	}
	if e.Old {
		for _, o := range optional {
			if _, there := p.Attributes[o.path]; !there {
				put(body, o.path, nil)
			}
		}
		extension, _ := body[Enterprise].(object)
		delete(body, Enterprise)
		maps.Copy(body, extension)
	} else if body["roles"] == nil {
		body["roles"] = []any{}
	}
	body["schemas"] = []string{userURN, Enterprise}
	body["active"] = p.Active
	body["meta"] = object{"resourceType": "User"}
	return body
}

// microsoftURN is no SCIM schema; a server has to tolerate it.
const microsoftURN = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"

func (e *Entra) groupBody(t *Team) object {
	return object{"schemas": []string{groupURN, microsoftURN}, externalID: t.ID, displayName: t.Name, "meta": object{"resourceType": "Group"}}
}

// difference are the operations that make a user what a person should be.
func (e *Entra) difference(user map[string]any, p *Person) ([]object, error) {
	got, active, _, err := flatten(user)
	if err != nil {
		return nil, err
	}
	paths := maps.Clone(got)
	maps.Copy(paths, p.Attributes)
	var operations []object
	added, replaced := object{}, object{} // with the flag, in one operation
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		old, there := got[path]
		want, wanted := p.Attributes[path]
		switch {
		case there && wanted && old == want:
		case !wanted:
			operations = append(operations, e.removal(path, old))
		case e.Flag && !strings.Contains(path, "["):
			if there {
				replaced[path] = want
			} else {
				added[path] = want
			}
		default:
			operations = append(operations, object{"op": e.verb(path, there), "path": path, "value": want})
		}
	}
	if len(replaced) > 0 {
		operations = append(operations, object{"op": "replace", "value": replaced})
	}
	if len(added) > 0 {
		operations = append(operations, object{"op": "add", "value": added})
	}
	if active != p.Active {
		operation := object{"op": "Replace", "path": "active", "value": map[bool]string{true: "True", false: "False"}[p.Active]}
		if e.Flag {
			operation = object{"op": "replace", "path": "active", "value": p.Active}
		}
		operations = append(operations, operation)
	}
	return operations, nil
}

// verb is Add for what is not there and Replace for what is; now and then it is
// the other way round.
func (e *Entra) verb(path string, there bool) string {
	if odd := len(path)%5 == 0; odd && (there || !e.Plain) {
		there = !there
	}
	verb := map[bool]string{false: "Add", true: "Replace"}[there]
	if e.Flag {
		verb = strings.ToLower(verb)
	}
	return verb
}

// removal takes an attribute away; some have the old value beside them.
func (e *Entra) removal(path, old string) object {
	operation := object{"op": "Remove", "path": path}
	if e.Flag {
		operation["op"] = "remove"
	}
	if e.Old {
		operation["value"] = old
	}
	return operation
}

// managerOperation sets or removes a manager, in one of the forms that were
// seen (section 2.4; ).
func (e *Entra) managerOperation(p *Person, id string) object {
	form := int(p.ID[0]) % 3
	switch {
	case id == "" && e.Flag:
		return object{"op": "remove", "path": managerPath}
	case id == "" && form == 0 && e.synced.People[p.ID] != nil && e.id(e.synced.People[p.ID].Manager) != "":
		return object{"op": "Remove", "path": fmt.Sprintf("manager[value eq %s]", quote(e.id(e.synced.People[p.ID].Manager)))}
	case id == "":
		return object{"op": "Remove", "path": managerPath}
	case e.Flag:
		return object{"op": "add", "path": managerPath, "value": id}
	case form == 0:
		return object{"op": "Add", "path": "manager", "value": []object{{"$ref": "../Users/" + id, "value": id}}}
	case form == 1:
		return object{"op": "Replace", "path": managerPath, "value": id}
	}
	return object{"op": "Add", "path": managerPath, "value": id}
}

// memberRequests are the operations of each request that takes members out of a
// group and puts others in: several members in an operation, several operations
// in a request (section 2.2, 14).
func (e *Entra) memberRequests(joined, left []string) [][]object {
	var operations []object
	if e.Flag {
		for _, id := range left {
			operations = append(operations, object{"op": "remove", "path": fmt.Sprintf("members[value eq %s]", quote(e.id(id)))})
		}
	} else {
		operations = e.memberOperations("Remove", left)
	}
	operations = append(operations, e.memberOperations("Add", joined)...)
	return slices.Collect(slices.Chunk(operations, 4))
}

func (e *Entra) memberOperations(verb string, members []string) []object {
	if e.Flag {
		verb = strings.ToLower(verb)
	}
	var operations []object
	for ids := range slices.Chunk(members, 20) {
		var values []object
		for _, id := range ids {
			values = append(values, object{"$ref": nil, "value": e.id(id)})
		}
		operations = append(operations, object{"op": verb, "path": "members", "value": values})
	}
	return operations
}
