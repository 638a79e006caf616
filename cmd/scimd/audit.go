package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/audit"
	"github.com/scimd/scimd/internal/control"
)

const (
	// pageSize is how many records are asked for at once.
	pageSize = 200
	// followTime is how often new ones are looked for.
	followTime = 500 * time.Millisecond
)

// newAudit is the family of commands on the audit trail.
func newAudit(out io.Writer) *cobra.Command {
	return group("audit", "Read the audit trail: who did what, and what was refused", newAuditTail(out), newAuditExport(out))
}

// trail reads the records of tenants and of what belongs to none.
type trail struct {
	service control.Service
	// only is the tenant that is asked for, "" for all and the server.
	only  string
	query audit.Query
	print func(*audit.Record) error
	// at is how far each tenant was read.
	at map[string]string
}

// trailCommand makes a command on the trail; own are further flags.
func trailCommand(out io.Writer, use, short string, do func(context.Context, *trail) error, own func(*pflag.FlagSet, *audit.Query)) *cobra.Command {
	t := trail{at: map[string]string{}}
	format := "json"
	cmd := command(use, short, false, func(ctx context.Context, cfg app.Config, _ []string) (err error) {
		w := bufio.NewWriter(out)
		write, ok := map[string]func(*audit.Record) error{
			"json": func(r *audit.Record) error { return json.NewEncoder(w).Encode(r) },
			"cef":  func(r *audit.Record) error { _, err := fmt.Fprintln(w, r.CEF(app.Version())); return err },
		}[strings.ToLower(format)]
		if !ok {
			return errors.New("--format is json or cef")
		}
		t.print = func(r *audit.Record) error {
			if err := write(r); err != nil {
				return err
			}
			return w.Flush()
		}
		var closeIt func() error
		if t.service, closeIt, err = app.Look(ctx, cfg); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeIt()) }()
		return do(ctx, &t)
	}, func(fs *pflag.FlagSet) {
		fs.StringVar(&t.only, "tenant", "", "records of one `tenant`; without it of all, and of the server")
		fs.StringVar(&format, "format", format, "json: a JSON object in each line; cef: Common Event Format")
		own(fs, &t.query)
	})
	return cmd
}

func newAuditExport(out io.Writer) *cobra.Command {
	return trailCommand(out, "export", "Print the audit trail, the oldest record first", func(ctx context.Context, t *trail) error {
		return t.export(ctx)
	}, func(fs *pflag.FlagSet, q *audit.Query) {
		moment := func(name, usage string, at *time.Time) {
			fs.Func(name, usage+": a `time` ago (90d, 12h), a date (2030-12-31, its beginning in UTC), or date and time", func(text string) (err error) {
				*at, err = parseMoment(text, time.Now())
				return err
			})
		}
		moment("since", "records from then on", &q.Since)
		moment("until", "records before that", &q.Until)
	})
}

func newAuditTail(out io.Writer) *cobra.Command {
	lines, follow := 20, false
	return trailCommand(out, "tail", "Print the newest records of the audit trail", func(ctx context.Context, t *trail) error {
		if lines < 0 || lines > audit.MaxPage {
			return fmt.Errorf("--lines is a number up to %d", audit.MaxPage)
		}
		if err := t.newest(ctx, lines); err != nil || !follow {
			return err
		}
		return t.follow(ctx)
	}, func(fs *pflag.FlagSet, _ *audit.Query) {
		fs.IntVar(&lines, "lines", lines, "`number` of records")
		fs.BoolVar(&follow, "follow", false, "go on with those that come, until interrupted")
	})
}

// tenants are those that are asked for; "" is the server.
func (t *trail) tenants(ctx context.Context) ([]string, error) {
	if t.only != "" {
		return []string{t.only}, nil
	}
	list, err := t.service.Tenants(ctx)
	names := []string{""}
	for _, tenant := range list {
		names = append(names, tenant.Name)
	}
	return names, err
}

// next reads the next page of a tenant.
func (t *trail) next(ctx context.Context, tenant string, q audit.Query) ([]audit.Record, error) {
	q.Cursor = t.at[tenant]
	page, err := t.service.Audit(ctx, tenant, q)
	if t.only == "" && control.NotFound(err) { // it was deleted meanwhile
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t.at[tenant] = page.Next
	return page.Records, nil
}

// export prints all records, those of several tenants merged by time.
func (t *trail) export(ctx context.Context) error {
	names, err := t.tenants(ctx)
	if err != nil {
		return err
	}
	q := t.query
	q.Limit = pageSize
	held := map[string][]audit.Record{}
	for _, name := range names {
		if held[name], err = t.next(ctx, name, q); err != nil {
			return err
		}
	}
	for {
		first := -1
		for i, name := range names {
			if len(held[name]) > 0 && (first < 0 || held[name][0].Time.Before(held[names[first]][0].Time)) {
				first = i
			}
		}
		if first < 0 {
			return nil
		}
		name := names[first]
		if err := t.print(&held[name][0]); err != nil {
			return err
		}
		if held[name] = held[name][1:]; len(held[name]) == 0 {
			if held[name], err = t.next(ctx, name, q); err != nil {
				return err
			}
		}
	}
}

// newest prints the newest records.
func (t *trail) newest(ctx context.Context, lines int) error {
	names, err := t.tenants(ctx)
	if err != nil {
		return err
	}
	var all []audit.Record
	for _, name := range names {
		list, err := t.next(ctx, name, audit.Query{Last: true, Limit: max(lines, 1)})
		if err != nil {
			return err
		}
		all = append(all, list...)
	}
	byTime(all)
	return t.printAll(all[max(0, len(all)-lines):])
}

// follow prints what comes, until ctx ends.
func (t *trail) follow(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followTime):
		}
		names, err := t.tenants(ctx)
		var all []audit.Record
		for _, name := range names {
			for full := err == nil; full; {
				var list []audit.Record
				list, err = t.next(ctx, name, audit.Query{Limit: pageSize})
				all = append(all, list...)
				full = err == nil && len(list) == pageSize
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		byTime(all)
		if err := t.printAll(all); err != nil {
			return err
		}
	}
}

func byTime(list []audit.Record) {
	slices.SortStableFunc(list, func(a, b audit.Record) int { return a.Time.Compare(b.Time) })
}

func (t *trail) printAll(list []audit.Record) error {
	for i := range list {
		if err := t.print(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

// parseMoment reads a time in the past: so long ago, a date, or date and time.
func parseMoment(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 100_000 {
			return now.AddDate(0, 0, -n), nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, errors.New("use 90d, 12h, 2030-12-31 or 2030-12-31T12:00:00Z")
}
