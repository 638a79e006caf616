package scim

import (
	"context"
	"fmt"
	"strings"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/resource"
	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/scimerr"
)

// maxOperations is the default bound of operations in one PATCH.
const maxOperations = 10_000

// patchOp is what a PATCH operation does.
type patchOp uint8

const (
	opAdd patchOp = iota
	opRemove
	opSet // "replace"
)

// step is one PATCH operation bound to the schema; a path-less operation gives
// one step for each member of its value.
type step struct {
	op    patchOp
	path  *filter.Path
	value resource.Value
	given bool // there was a value
	// unknown is the name of a member of ext that no schema knows; path is nil
	// then.
	unknown string
	ext     *schema.Schema
	// bare is set for steps of a path-less operation, where a read-only member
	// that repeats the current value is no error (idp-clients Q-67).
	bare bool
	// col is set for steps on a collection; ids are the elements that it names.
	col *linkAttr
	ids []string
}

// Patch answers PATCH (RFC 7644 §3.5.2): all operations or none. The result has
// no body when the profile answers without one and no projection was asked for.
func (s *Service) Patch(ctx context.Context, c *Call, rt *schema.ResourceType, id string, body []byte, p *Params) (*Result, error) {
	in, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	steps, err := compilePatch(c.Tenant, rt, in)
	if err != nil {
		return nil, err
	}
	named, err := readElements(c.Tenant, rt, steps)
	if err != nil {
		return nil, err
	}
	if err := s.resolveNames(ctx, c, named); err != nil {
		return nil, err
	}
	for i := range steps {
		st := &steps[i]
		if err := s.resolveIDs(ctx, c, st.col, st.ids); err != nil {
			return nil, err
		}
		if st.col != nil && st.path.Where != nil {
			path := *st.path
			if path.Where, err = s.byName(ctx, c, rt, path.Where); err != nil {
				return nil, err
			}
			st.path = &path
		}
	}
	proj, err := projection(c.Tenant, rt, p, supplied(steps))
	if err != nil {
		return nil, err
	}
	secret, hash, err := s.patchPassword(ctx, c.Tenant, rt, steps)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, c, rt, id, change{
		op: opPatch, proj: proj, naming: named, answers: c.patchAnswers(p),
		sealed: holdsSecrets(rt),
		edit: func(now *stored) (*resource.Members, *confidential, error) {
			after := now.tree.Clone()
			placed := placeSecrets(c.Tenant.Profile, rt, after, now.sealed)
			a := applier{shaper: newShaper(c.Tenant, rt), call: c, rt: rt, ids: now.ids, tree: after}
			for i := range steps {
				if err := a.apply(&steps[i]); err != nil {
					return nil, nil, err
				}
			}
			password, values := removeSecrets(rt, after)
			kept := &confidential{secrets: c.Tenant.keepable(values, placed)}
			if password == secret {
				kept.password = hash
			}
			return after, kept, nil
		},
		link: func(e *edges) error {
			for i := range steps {
				if steps[i].col == nil || steps[i].col.single {
					continue
				}
				if err := e.apply(&steps[i]); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// patchAnswers tells whether a PATCH answers with the resource: always when the
// request says what it wants of it, else as the profile says, and not when it
// has too many elements (design table, "PATCH answer").
func (c *Call) patchAnswers(p *Params) func(*edges) (bool, error) {
	return func(e *edges) (bool, error) {
		switch {
		case p.projects():
			return true, nil
		case c.Tenant.Profile.PatchAnswer == "none":
			return false, nil
		}
		most := c.Tenant.Profile.PatchAnswerMembers
		for _, col := range linkAttrs[e.rt.Name] {
			if col.reverse || col.single {
				continue
			}
			if n, err := e.tx.CountLinks(col.relation, e.seq, most+1); err != nil || n > most {
				return false, err
			}
		}
		return true, nil
	}
}

// supplied has a value for each attribute that steps set (R7643-7-10).
func supplied(steps []step) *resource.Members {
	m := &resource.Members{}
	for i := range steps {
		st := &steps[i]
		switch {
		case st.op == opRemove || st.path == nil:
		case st.path.Extension != nil:
			for name := range st.value.Members().All() {
				markSet(m, st.path.Extension.Attribute(name), resource.Value{})
			}
		case st.path.Sub != nil:
			markSet(m, st.path.Sub, st.value)
		default:
			markSet(m, st.path.Attr, st.value)
		}
	}
	return m
}

func markSet(m *resource.Members, a *schema.Attribute, v resource.Value) {
	switch {
	case a == nil:
	case a.Type != schema.Complex:
		setAttribute(m, a, resource.Truth(true))
	default:
		for _, e := range v.Items() {
			markSet(m, a, e)
		}
		for name := range v.Members().All() {
			markSet(m, a.SubAttribute(name), resource.Value{})
		}
	}
}

// patchPassword hashes the password that a PATCH sets, before its transaction.
func (s *Service) patchPassword(ctx context.Context, t *Tenant, rt *schema.ResourceType, steps []step) (secret string, hash []byte, err error) {
	sh := newShaper(t, rt)
	for i := range steps {
		if p := steps[i].path; p != nil && p.Attr != nil && p.Attr.Path == "password" {
			v, err := sh.value(p.Attr, steps[i].value)
			if err != nil {
				return "", nil, err
			}
			secret = v.Str()
		}
	}
	if secret != "" {
		hash, err = s.hash(ctx, t.Profile, secret)
	}
	return secret, hash, err
}

// compilePatch reads a PatchOp message into steps.
func compilePatch(t *Tenant, rt *schema.ResourceType, in *resource.Members) ([]step, error) {
	if err := checkMessage(t.Profile, in, urnPatchOp); err != nil {
		return nil, err
	}
	ops, ok := in.GetFold("Operations")
	if !ok || ops.Kind() != resource.Array {
		return nil, scimerr.InvalidSyntax("Operations", "Operations must be a list of operations.")
	}
	limit := maxOperations
	if t.MaxOperations != 0 {
		limit = min(limit, t.MaxOperations)
	}
	switch n := len(ops.Items()); {
	case n == 0:
		return nil, scimerr.InvalidSyntax("Operations", "Operations must not be empty.")
	case n > limit:
		return nil, scimerr.TooLarge("The request has %d operations; at most %d are allowed.", n, limit)
	}
	pc := patchCompiler{rt: rt, shaper: newShaper(t, rt)}
	for i, item := range ops.Items() {
		if err := pc.operation(fmt.Sprintf("Operations[%d]", i), item); err != nil {
			return nil, err
		}
	}
	return pc.steps, nil
}

type patchCompiler struct {
	rt     *schema.ResourceType
	shaper *shaper
	steps  []step
}

func (pc *patchCompiler) operation(at string, v resource.Value) error {
	if v.Kind() != resource.Object {
		return scimerr.InvalidSyntax(at, "%s must be an object, not %s.", at, kindName(v))
	}
	name, _ := v.Members().GetFold("op")
	op, ok := pc.op(name)
	if !ok {
		return scimerr.InvalidSyntax(at, "%s needs an op: add, remove or replace.", at)
	}
	value, given := v.Members().GetFold("value")
	switch {
	case op != opRemove && !given:
		return scimerr.InvalidSyntax(at, "%s needs a value.", at)
	case op == opRemove && !value.IsNull() && !pc.shaper.p.RemoveByValue:
		return scimerr.InvalidSyntax(at, "%s removes what its path selects: remove takes no value.", at)
	}
	path, _ := v.Members().GetFold("path")
	if path.Kind() != resource.String && !path.IsNull() {
		return scimerr.InvalidPath(at, "The path of %s must be a text.", at)
	}
	if path.Unassigned() {
		return pc.pathless(at, op, value)
	}
	bound, err := filter.CompilePath(path.Str(), pc.rt, pc.shaper.o)
	if err != nil {
		if ext, name, ok := pc.keptPath(path.Str()); ok && (op != opRemove || value.IsNull()) {
			pc.steps = append(pc.steps, step{op: op, value: value, unknown: name, ext: ext})
			return nil
		}
		return err
	}
	if a := pc.notOffered(bound); a != nil {
		return pc.shaper.unoffered(a, scimerr.InvalidPath)
	}
	pc.steps = append(pc.steps, step{op: op, path: bound, value: value, given: given})
	return nil
}

// keptPath reads the path of an unknown attribute where the profile keeps such:
// its name, or the URN of a schema and its name.
func (pc *patchCompiler) keptPath(path string) (ext *schema.Schema, name string, ok bool) {
	ext, name = pc.rt.Schema, strings.TrimSpace(path)
	if urn, rest, found := pc.rt.SplitURN(name, pc.shaper.p.DotAfterURN); found {
		ext, name = pc.rt.SchemaByURN(urn), rest
	}
	return ext, name, pc.shaper.p.UnknownAttributes == "keep" && schema.ValidName(name)
}

// notOffered is an attribute in a path that the tenant does not offer, or nil.
func (pc *patchCompiler) notOffered(p *filter.Path) (found *schema.Attribute) {
	missing := func(a *schema.Attribute) bool {
		if a == nil || pc.shaper.offers(a) {
			return false
		}
		found = a
		return true
	}
	_ = missing(p.Attr) || missing(p.Sub) || filter.Uses(p.Where, missing)
	return found
}

// op reads the name of an operation.
func (pc *patchCompiler) op(name resource.Value) (patchOp, bool) {
	text := name.Str()
	if pc.shaper.p.OpLetterCase {
		text = strings.ToLower(text)
	}
	switch text {
	case "add":
		return opAdd, true
	case "remove":
		return opRemove, true
	case "replace":
		return opSet, true
	}
	return 0, false
}

// creates tells whether an operation through an eq selector that matches nothing
// makes what the selector describes (idp-clients 15).
func (op patchOp) creates(p *Profile) bool {
	return op == opAdd && p.SelectorAdds || op == opSet && p.SelectorCreates
}

// pathless expands an operation without a path: each member of its value is an
// operation on the attribute that the member names (RFC 7644 §3.5.2.1, §3.5.2.3).
func (pc *patchCompiler) pathless(at string, op patchOp, value resource.Value) error {
	if op == opRemove {
		return scimerr.NoTarget(at, "%s removes nothing: remove needs a path.", at)
	}
	if value.Kind() != resource.Object {
		return scimerr.InvalidValue(at, "The value of %s must be an object, because the operation has no path.", at)
	}
	for name, x := range value.Members().All() {
		if err := pc.member(op, name, x); err != nil {
			return err
		}
	}
	return nil
}

func (pc *patchCompiler) member(op patchOp, name string, x resource.Value) error {
	// schemas and meta come along with whole resources and change nothing.
	if strings.EqualFold(name, "schemas") || strings.EqualFold(name, "meta") {
		return nil
	}
	t, ok := pc.shaper.key(name)
	switch {
	case ok && t.ext != nil:
		return pc.extension(op, t.ext, x)
	case ok:
		return pc.add(op, pathOf(t.attr), x)
	}
	// Entra sends whole paths as keys: emails[type eq "work"].value.
	if pc.shaper.p.SelectorKeys && strings.Contains(name, "[") {
		path, err := filter.CompilePath(name, pc.rt, pc.shaper.o)
		if err != nil {
			return err
		}
		return pc.add(op, path, x)
	}
	pc.steps = append(pc.steps, step{op: op, value: x, unknown: name, ext: pc.rt.Schema})
	return nil
}

func (pc *patchCompiler) extension(op patchOp, ext *schema.Schema, v resource.Value) error {
	if v.IsNull() {
		if op == opSet && pc.rt.IsExtension(ext) {
			return pc.add(op, &filter.Path{Extension: ext}, v)
		}
		return nil
	}
	if v.Kind() != resource.Object {
		return scimerr.InvalidValue(ext.ID, "The extension %s must be an object, not %s.", ext.ID, kindName(v))
	}
	for name, x := range v.Members().All() {
		a, err := pc.shaper.extensionKey(ext, name)
		switch {
		case err != nil:
			return err
		case a != nil:
			if err := pc.add(op, pathOf(a), x); err != nil {
				return err
			}
		default:
			pc.steps = append(pc.steps, step{op: op, value: x, unknown: name, ext: ext})
		}
	}
	return nil
}

func (pc *patchCompiler) add(op patchOp, path *filter.Path, value resource.Value) error {
	if a := pc.notOffered(path); a != nil {
		return pc.shaper.unoffered(a, scimerr.InvalidValue)
	}
	pc.steps = append(pc.steps, step{op: op, path: path, value: value, given: true, bare: true})
	return nil
}

func pathOf(a *schema.Attribute) *filter.Path {
	if a.Parent != nil {
		return &filter.Path{Attr: a.Parent, Sub: a}
	}
	return &filter.Path{Attr: a}
}
