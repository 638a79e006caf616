package control

import (
	"context"
	"net/http"

	"github.com/scimd/scimd/internal/fault"
)

// Faults are what tenants do wrong on purpose. They are in the memory of a server:
// without one each method is 409, of several each has its own. 404 when there is no
// such tenant.
type Faults interface {
	// Faults lists the rules of a tenant in their order, with what they have counted.
	Faults(ctx context.Context, tenant string) ([]fault.Armed, error)
	// Fault shows one rule; 404.
	Fault(ctx context.Context, tenant, id string) (*fault.Armed, error)
	// AddFault adds a rule or a ready set, at the end or before all others; 400, and
	// 409 when an id is in use.
	AddFault(ctx context.Context, tenant string, s fault.Spec, first bool) ([]fault.Armed, error)
	// SetFaults makes rules and ready sets the whole list; 400.
	SetFaults(ctx context.Context, tenant string, list []fault.Spec) ([]fault.Armed, error)
	// ReplaceFault puts a rule in the place of the one of that id; 404, 400.
	ReplaceFault(ctx context.Context, tenant, id string, r fault.Rule) (*fault.Armed, error)
	// RemoveFault takes a rule out; 404.
	RemoveFault(ctx context.Context, tenant, id string) error
	// ClearFaults takes all out.
	ClearFaults(ctx context.Context, tenant string) error
}

// faultList is a whole list.
type faultList struct {
	Faults []fault.Spec `json:"faults" doc:"Rules and ready sets in their order."`
}

// maxFaults bounds a whole list, in bytes.
const maxFaults = 4 << 20

func faultRoutes() []route {
	const all = "tenants/{tenant}/faults"
	return []route{
		asking("GET", all, "listFaults", "Lists the faults of a tenant in their order, with how often they came.",
			func(s Service, r *http.Request) ([]fault.Armed, error) { return s.Faults(r.Context(), aTenant(r)) }),
		sending("POST", all, "addFault", "Adds a fault, or a ready set of them.", "a fault",
			func(s Service, r *http.Request, spec fault.Spec) ([]fault.Armed, error) {
				first, err := queryBool(r.URL.Query(), "first")
				if err != nil {
					return nil, err
				}
				return s.AddFault(r.Context(), aTenant(r), spec, first)
			}).making().with(param{"first", "boolean", "Puts it before all others, rather than at the end."}).atMost(2 * fault.MaxBody),
		sending("PUT", all, "setFaults", "Makes a list the whole of a tenant's faults.", "a list of faults",
			func(s Service, r *http.Request, list faultList) ([]fault.Armed, error) {
				return s.SetFaults(r.Context(), aTenant(r), list.Faults)
			}).atMost(maxFaults),
		asking("DELETE", all, "clearFaults", "Removes all faults of a tenant.",
			doing(func(s Service, r *http.Request) error { return s.ClearFaults(r.Context(), aTenant(r)) })),
		asking("GET", all+"/{fault}", "getFault", "Shows a fault, with how often it came.",
			func(s Service, r *http.Request) (*fault.Armed, error) {
				return s.Fault(r.Context(), aTenant(r), r.PathValue("fault"))
			}),
		sending("PUT", all+"/{fault}", "replaceFault", "Puts a fault in the place of another, where it counts from nothing.", "a fault",
			func(s Service, r *http.Request, rule fault.Rule) (*fault.Armed, error) {
				return s.ReplaceFault(r.Context(), aTenant(r), r.PathValue("fault"), rule)
			}).atMost(2 * fault.MaxBody),
		asking("DELETE", all+"/{fault}", "removeFault", "Removes a fault.",
			doing(func(s Service, r *http.Request) error {
				return s.RemoveFault(r.Context(), aTenant(r), r.PathValue("fault"))
			})),
	}
}

// faults are the rules of a tenant.
func (d *Direct) faults(ctx context.Context, tenant string) (*fault.Rules, error) {
	t, err := d.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if d.FaultsOf == nil {
		return nil, noServer("Faults of tenants are")
	}
	return d.FaultsOf(t), nil
}

// Faults implements Service.
func (d *Direct) Faults(ctx context.Context, tenant string) ([]fault.Armed, error) {
	rules, err := d.faults(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return rules.List(), nil
}

// Fault implements Service.
func (d *Direct) Fault(ctx context.Context, tenant, id string) (*fault.Armed, error) {
	rules, err := d.faults(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return rules.Get(id)
}

// AddFault implements Service.
func (d *Direct) AddFault(ctx context.Context, tenant string, s fault.Spec, first bool) ([]fault.Armed, error) {
	rules, err := d.faults(ctx, tenant)
	if err != nil {
		return nil, err
	}
	meant, err := s.Rules()
	if err != nil {
		return nil, err
	}
	return rules.Add(first, meant...)
}

// SetFaults implements Service.
func (d *Direct) SetFaults(ctx context.Context, tenant string, list []fault.Spec) ([]fault.Armed, error) {
	rules, err := d.faults(ctx, tenant)
	if err != nil {
		return nil, err
	}
	all, err := meant(list)
	if err != nil {
		return nil, err
	}
	return rules.Set(all...)
}

// meant are the rules that a list means.
func meant(list []fault.Spec) ([]fault.Rule, error) {
	var all []fault.Rule
	for _, s := range list {
		rules, err := s.Rules()
		if err != nil {
			return nil, err
		}
		all = append(all, rules...)
	}
	return all, nil
}

// ReplaceFault implements Service.
func (d *Direct) ReplaceFault(ctx context.Context, tenant, id string, r fault.Rule) (*fault.Armed, error) {
	rules, err := d.faults(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return rules.Replace(id, r)
}

// RemoveFault implements Service.
func (d *Direct) RemoveFault(ctx context.Context, tenant, id string) error {
	rules, err := d.faults(ctx, tenant)
	if err != nil {
		return err
	}
	return rules.Remove(id)
}

// ClearFaults implements Service.
func (d *Direct) ClearFaults(ctx context.Context, tenant string) error {
	rules, err := d.faults(ctx, tenant)
	if err == nil {
		rules.Clear()
	}
	return err
}

// AddFault implements Service.
func (a *Audited) AddFault(ctx context.Context, tenant string, s fault.Spec, first bool) ([]fault.Armed, error) {
	added, err := a.Direct.AddFault(ctx, tenant, s, first)
	id := ""
	if len(added) > 0 {
		id = added[0].ID
	}
	a.tell(ctx, "fault.add", orDefault(tenant), "Fault", id, err)
	return added, err
}

// SetFaults implements Service.
func (a *Audited) SetFaults(ctx context.Context, tenant string, list []fault.Spec) ([]fault.Armed, error) {
	all, err := a.Direct.SetFaults(ctx, tenant, list)
	a.tell(ctx, "fault.set", orDefault(tenant), "Fault", "", err)
	return all, err
}

// ReplaceFault implements Service.
func (a *Audited) ReplaceFault(ctx context.Context, tenant, id string, r fault.Rule) (*fault.Armed, error) {
	now, err := a.Direct.ReplaceFault(ctx, tenant, id, r)
	a.tell(ctx, "fault.replace", orDefault(tenant), "Fault", id, err)
	return now, err
}

// RemoveFault implements Service.
func (a *Audited) RemoveFault(ctx context.Context, tenant, id string) error {
	err := a.Direct.RemoveFault(ctx, tenant, id)
	a.tell(ctx, "fault.remove", orDefault(tenant), "Fault", id, err)
	return err
}

// ClearFaults implements Service.
func (a *Audited) ClearFaults(ctx context.Context, tenant string) error {
	err := a.Direct.ClearFaults(ctx, tenant)
	a.tell(ctx, "fault.clear", orDefault(tenant), "Fault", "", err)
	return err
}

// Faults implements Service.
func (c *Client) Faults(ctx context.Context, tenant string) ([]fault.Armed, error) {
	return call[[]fault.Armed](ctx, c, http.MethodGet, faultsPath(tenant), nil)
}

// Fault implements Service.
func (c *Client) Fault(ctx context.Context, tenant, id string) (*fault.Armed, error) {
	return call[*fault.Armed](ctx, c, http.MethodGet, faultPath(tenant, id), nil)
}

// AddFault implements Service.
func (c *Client) AddFault(ctx context.Context, tenant string, s fault.Spec, first bool) ([]fault.Armed, error) {
	path := faultsPath(tenant)
	if first {
		path += "?first=true"
	}
	return call[[]fault.Armed](ctx, c, http.MethodPost, path, s)
}

// SetFaults implements Service.
func (c *Client) SetFaults(ctx context.Context, tenant string, list []fault.Spec) ([]fault.Armed, error) {
	return call[[]fault.Armed](ctx, c, http.MethodPut, faultsPath(tenant), faultList{list})
}

// ReplaceFault implements Service.
func (c *Client) ReplaceFault(ctx context.Context, tenant, id string, r fault.Rule) (*fault.Armed, error) {
	return call[*fault.Armed](ctx, c, http.MethodPut, faultPath(tenant, id), r)
}

// RemoveFault implements Service.
func (c *Client) RemoveFault(ctx context.Context, tenant, id string) error {
	_, err := call[any](ctx, c, http.MethodDelete, faultPath(tenant, id), nil)
	return err
}

// ClearFaults implements Service.
func (c *Client) ClearFaults(ctx context.Context, tenant string) error {
	_, err := call[any](ctx, c, http.MethodDelete, faultsPath(tenant), nil)
	return err
}

func faultsPath(tenant string) string { return tenantPath(tenant) + "/faults" }

// faultPath leads to one fault; an id that is none leads to none, and not to all.
func faultPath(tenant, id string) string {
	if id == "" {
		id = "none/"
	}
	return faultsPath(tenant) + "/" + escaped(id)
}
