// Command sailpoint reads a vault over SCIM the way SailPoint's two CyberArk
// collectors do, and checks that both see the same: which safes there are, who
// may do what in them, and which accounts they hold.
//
//	go run ./examples/sailpoint --base http://127.0.0.1:8080/scim/v2 --token T --fill
//	go run ./examples/sailpoint --base http://127.0.0.1:8080/scim/v2 --token T
//	go run ./examples/sailpoint --base http://127.0.0.1:8080/scim/v2 --token T --page 500
//
// --fill makes the vault first: safes, users, groups, permissions, accounts.
// Without --page every list is asked for whole, in one request, and a list
// that comes short is reported as what it is: a truncated reading. The exit
// status is 0 when both pictures are whole and agree, 3 when a list was
// truncated, 1 otherwise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// exitTruncated tells that a list had more than the server handed out.
const exitTruncated = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code, err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sailpoint:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string, out io.Writer) (int, error) {
	c := client{http: newHTTPClient()}
	var size vaultSize
	fill := false
	flags := flag.NewFlagSet("sailpoint", flag.ContinueOnError)
	flags.StringVar(&c.base, "base", "", "SCIM base URL, such as http://127.0.0.1:8080/scim/v2")
	flags.StringVar(&c.token, "token", "", "bearer token; SCIM_TOKEN in the environment by default")
	flags.IntVar(&c.page, "page", 0, "page size of lists; 0 asks for whole lists")
	flags.BoolVar(&fill, "fill", false, "make a vault to read first")
	flags.IntVar(&size.Safes, "safes", 1000, "safes to make")
	flags.IntVar(&size.Permissions, "permissions", 20_000, "permissions to make")
	flags.IntVar(&size.Accounts, "accounts", 20_000, "accounts to make")
	if err := flags.Parse(args); err != nil {
		return 1, err
	}
	if c.token == "" { // not a default, which --help would show
		c.token = os.Getenv("SCIM_TOKEN")
	}
	if c.base == "" || c.token == "" {
		return 1, errors.New("--base and --token are needed")
	}
	if size.Safes < 1 || size.Permissions < 0 || size.Accounts < 0 || c.page < 0 {
		return 1, errors.New("a vault has at least one safe, and no number is negative")
	}
	if fill {
		if err := fillVault(ctx, &c, size); err != nil {
			return 1, fmt.Errorf("fill: %w", err)
		}
		fmt.Fprintf(out, "made %d safes, %d permissions, %d accounts\n", size.Safes, size.Permissions, size.Accounts)
	}
	aggregated, err := aggregate(ctx, &c)
	if err != nil {
		return 1, fmt.Errorf("account aggregation: %w", err)
	}
	collected, err := collect(ctx, &c)
	if err != nil {
		return 1, fmt.Errorf("target collection: %w", err)
	}
	aggregated.print(out, "account aggregation")
	collected.print(out, "target collection")
	if truncated := append(aggregated.truncated, collected.truncated...); len(truncated) > 0 {
		return exitTruncated, errors.New("a list came short: page through it, or ask for a larger page; the pictures cannot be compared")
	}
	if differences := aggregated.compare(collected); len(differences) > 0 {
		for _, d := range differences {
			fmt.Fprintln(out, "  differs:", d)
		}
		return 1, fmt.Errorf("the pictures differ in %d places", len(differences))
	}
	fmt.Fprintln(out, "both pictures are the same")
	return 0, nil
}
