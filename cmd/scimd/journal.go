package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scimd/scimd/internal/app"
	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/journal"
)

// followLimit is how long one request of `journal tail --follow` waits.
const followLimit = time.Minute

// newJournal is the family of commands on what tenants have received and answered.
func newJournal(out io.Writer) *cobra.Command {
	return group("journal", "See what a tenant has received and answered, as a running server keeps it", newJournalTail(out), newJournalList(out), newJournalShow(out),
		newJournalWait(out), newJournalMark(out), newJournalMarks(out), newJournalClear(out), newJournalExport(out))
}

// reading is what commands that print entries share.
type reading struct {
	service control.Service
	tenant  string
	query   journal.Query
	print   func([]*journal.Entry) error
}

// journalCommand makes a command that prints entries; own are further flags.
func journalCommand(out io.Writer, use, short string, do func(context.Context, *reading) error, own func(*pflag.FlagSet, *reading)) *cobra.Command {
	r := &reading{}
	asJSON := false
	since := ""
	cmd := command(use, short, false, func(ctx context.Context, cfg app.Config, _ []string) (err error) {
		r.query.SetSince(since)
		w := bufio.NewWriter(out)
		line := printEntry
		if asJSON {
			line = func(w io.Writer, e *journal.Entry) error { return json.NewEncoder(w).Encode(e) }
		}
		r.print = func(list []*journal.Entry) error {
			for _, e := range list {
				if err := line(w, e); err != nil {
					return err
				}
			}
			return w.Flush()
		}
		var closeIt func() error
		if r.service, closeIt, err = app.Look(ctx, cfg); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeIt()) }()
		return do(ctx, r)
	}, func(fs *pflag.FlagSet) {
		queryFlags(fs, &r.query, &since)
		own(fs, r)
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object in each line")
	return ofTenant(cmd, &r.tenant)
}

// queryFlags are the flags that select entries.
func queryFlags(fs *pflag.FlagSet, q *journal.Query, since *string) {
	fs.StringVar(&q.Operation, "operation", "", "requests for one `operation`: create, read, list, search, replace, patch, delete, discovery, token, oauth or other")
	fs.StringVar(&q.Type, "type", "", "requests on one resource `type`")
	fs.StringVar(&q.ID, "id", "", "requests on the resource of one `id`")
	fs.StringVar(&q.Method, "method", "", "requests of one `method`")
	fs.StringVar(&q.Path, "path", "", "requests whose path begins with a `text`")
	fs.StringVar(&q.Status, "status", "", "requests answered with a `status`, such as 404 or 4xx")
	fs.StringVar(&q.Token, "of", "", "requests with the `token` of a name, or of an application")
	fs.StringVar(&q.Client, "client", "", "requests of one `family` of clients")
	fs.StringVar(&q.Text, "text", "", "requests with a `text` in their body or in that of the answer")
	fs.StringVar(since, "since", "", "requests after an entry's number, a `mark`, or a time such as 2030-12-31T12:00:00Z")
}

func printEntry(w io.Writer, e *journal.Entry) error {
	target := e.Path
	if e.Query != "" {
		target += "?" + e.Query
	}
	why := ""
	if e.Why != nil {
		why = "  " + e.Why.Rule
		if e.Why.At != "" {
			why += " at " + e.Why.At
		}
	}
	_, err := fmt.Fprintf(w, "%d  %s  %d  %s %s  %.1fms  %s%s\n", e.Number, e.Time.UTC().Format("15:04:05.000"), e.Status, e.Method, visible(target),
		e.Milliseconds, visible(e.Token), why)
	return err
}

func newJournalTail(out io.Writer) *cobra.Command {
	follow := false
	return journalCommand(out, "tail", "Print the newest requests", func(ctx context.Context, r *reading) error {
		r.query.Newest = true
		page, err := r.service.Journal(ctx, r.tenant, r.query)
		if err != nil {
			return err
		}
		if err := r.print(page.Entries); err != nil || !follow {
			return err
		}
		q := r.query
		q.Limit, q.Mark, q.Since = 0, "", time.Time{}
		for {
			q.After = page.Last
			if page, err = r.service.AwaitJournal(ctx, r.tenant, q, 1, followLimit); ctx.Err() != nil {
				return nil
			} else if err != nil {
				return err
			}
			if err := r.print(page.Entries); err != nil {
				return err
			}
		}
	}, func(fs *pflag.FlagSet, r *reading) {
		fs.IntVar(&r.query.Limit, "lines", 20, "`number` of requests")
		fs.BoolVar(&follow, "follow", false, "go on with those that come, until interrupted")
	})
}

func newJournalList(out io.Writer) *cobra.Command {
	return journalCommand(out, "list", "Print requests, the oldest first", func(ctx context.Context, r *reading) error {
		page, err := r.service.Journal(ctx, r.tenant, r.query)
		if err != nil {
			return err
		}
		return r.print(page.Entries)
	}, func(fs *pflag.FlagSet, r *reading) {
		fs.IntVar(&r.query.Limit, "limit", 0, "`number` of requests at most; 0 is all")
	})
}

func newJournalWait(out io.Writer) *cobra.Command {
	count, limit := 1, 10*time.Second
	return journalCommand(out, "wait", "Wait until as many requests match, and print them; fail when they do not come in time", func(ctx context.Context, r *reading) error {
		page, err := r.service.AwaitJournal(ctx, r.tenant, r.query, count, limit)
		if err != nil {
			return err
		}
		if err := r.print(page.Entries); err != nil {
			return err
		}
		if !page.Complete {
			return fmt.Errorf("%d of %d requests came within %s", page.Matched, count, limit)
		}
		return nil
	}, func(fs *pflag.FlagSet, _ *reading) {
		fs.IntVar(&count, "count", count, "`number` of requests")
		fs.DurationVar(&limit, "timeout", limit, "longest time to wait, up to 10m")
	})
}

// oneWord has a command take one argument, which what names.
func oneWord(cmd *cobra.Command, what string) *cobra.Command {
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return fmt.Errorf("%s needs %s", cmd.CommandPath(), what)
		}
		return nil
	}
	return cmd
}

func newJournalShow(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(oneWord(command("show NUMBER", "Print one request with its answer, as JSON", false, func(ctx context.Context, cfg app.Config, args []string) (err error) {
		n, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return errors.New("journal show needs the number of a request")
		}
		s, closeIt, err := app.Look(ctx, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeIt()) }()
		e, err := s.JournalEntry(ctx, tenant, n)
		if err != nil {
			return err
		}
		return printJSON(out, e)
	}), "the number of a request"), &tenant)
}

func newJournalMark(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(oneWord(managing(out, "mark NAME", "Set a mark at the end of the journal, for --since", func(ctx context.Context, s control.Service, args []string) (any, func(io.Writer), error) {
		m, err := s.MarkJournal(ctx, tenant, args[0])
		return m, func(w io.Writer) { fmt.Fprintf(w, "%s is after %d\n", m.Name, m.Number) }, err
	}), "the name of a mark"), &tenant)
}

func newJournalMarks(out io.Writer) *cobra.Command {
	var tenant string
	return ofTenant(managing(out, "marks", "List the marks of the journal", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		marks, err := s.JournalMarks(ctx, tenant)
		return marks, func(w io.Writer) {
			for _, m := range marks {
				fmt.Fprintf(w, "%s is after %d\n", m.Name, m.Number)
			}
		}, err
	}), &tenant)
}

func newJournalClear(out io.Writer) *cobra.Command {
	var tenant, token string
	return ofTenant(managing(out, "clear", "Remove requests, all or those of one token, and with all the marks", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		c, err := s.ClearJournal(ctx, tenant, token)
		return c, func(w io.Writer) { fmt.Fprintln(w, "cleared", c.Cleared) }, err
	}, func(fs *pflag.FlagSet) {
		fs.StringVar(&token, "of", "", "requests with the `token` of a name, or of an application")
	}), &tenant)
}

func newJournalExport(out io.Writer) *cobra.Command {
	var tenant, since string
	var q journal.Query
	return ofTenant(command("export", "Print requests as an HTTP Archive (HAR 1.2), which browsers open", false, func(ctx context.Context, cfg app.Config, _ []string) (err error) {
		q.SetSince(since)
		s, closeIt, err := app.Look(ctx, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeIt()) }()
		har, err := s.ArchiveJournal(ctx, tenant, q)
		if err != nil {
			return err
		}
		return printJSON(out, har)
	}, func(fs *pflag.FlagSet) { queryFlags(fs, &q, &since) }), &tenant)
}
