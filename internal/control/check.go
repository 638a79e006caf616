package control

import (
	"context"
	"errors"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/scim"
	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/store"
)

const (
	// maxFindings bounds the findings in an answer; the rest is counted.
	maxFindings = 10_000
	// sweptTime is after how long nothing may be left of a deleted tenant: servers
	// sweep every ten minutes.
	sweptTime = time.Hour
)

// Check is what a check has found.
type Check struct {
	Findings []store.Finding  `json:"findings" doc:"The first 10,000 findings."`
	Found    map[string]int64 `json:"found" doc:"Counts all findings, by rule."`
	Checked  map[string]int64 `json:"checked" doc:"Counts the rows looked at, by table."`
	Opened   bool             `json:"opened" doc:"The keys were at hand, and sealed values were opened."`
}

// Check implements Service.
func (d *Direct) Check(ctx context.Context, tenant string) (*Check, error) {
	out := &Check{Findings: []store.Finding{}, Found: map[string]int64{}}
	o := store.CheckOptions{Tenant: tenant, Unreadable: auth.Unreadable, ServiceUser: scim.ServiceUserSetting, Settled: d.Now().Add(-sweptTime)}
	if keys, err := d.HeldKeys(ctx); err != nil {
		return nil, err
	} else if keys != nil {
		out.Opened = true
		o.Opens = func(sealed store.Sealed, place []byte) bool {
			_, err := keys.Open(ctx, sealed, place)
			return err == nil
		}
	}
	var err error
	out.Checked, err = d.Store.Check(ctx, o, func(f store.Finding) {
		out.Found[f.Rule]++
		if len(out.Findings) < maxFindings {
			out.Findings = append(out.Findings, f)
		}
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, scimerr.NotFound("There is no tenant %s.", tenant)
	}
	return out, err
}
