package docs_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/scimd/scimd/scimdtest"
)

// block is a shell example of a document, with the answer that the document
// shows for it in a JSON block right below, if it does.
var block = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$(?:\n+```json\n(.*?)^```$)?")

// Examples in blocks that are marked as sh and name $BASE are run in the order
// of the page, in one shell, with BASE and TOKEN of a server of its own. A
// request that is refused fails. In an answer as shown, "…" stands for any text.
func TestTheExamplesOfADocumentWorkAsShown(t *testing.T) {
	t.Parallel()
	ran := 0
	for name, page := range pages(t) {
		blocks := slices.DeleteFunc(block.FindAllStringSubmatch(page, -1), func(b []string) bool { return !strings.Contains(b[1], "$BASE") })
		if len(blocks) == 0 {
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scimdtest.New(t)
			const mark = "-- end of example --"
			script := "set -eu\ncurl() { command curl --fail-with-body \"$@\"; }\n"
			for _, b := range blocks {
				if strings.Contains(b[1], "://") {
					t.Fatalf("an example names a server: use $BASE\n%s", b[1])
				}
				script += b[1] + "\nprintf '\\n%s\\n' '" + mark + "'\n"
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
			cmd.Dir = t.TempDir()
			cmd.Env = append(os.Environ(), "BASE="+s.URL, "TOKEN="+s.Token)
			var errs strings.Builder
			cmd.Stderr = &errs
			out, err := cmd.Output()
			outputs := strings.Split(string(out), mark)
			if err != nil {
				n := min(len(outputs), len(blocks)) - 1
				t.Fatalf("%v after %s\n%s\n%s", err, blocks[n][1], outputs[len(outputs)-1], errs.String())
			}
			for i, b := range blocks {
				if want := strings.TrimSpace(b[2]); want != "" && !matches(want, strings.TrimSpace(outputs[i])) {
					t.Errorf("%s\nanswers %s\nthe page shows %s", b[1], outputs[i], want)
				}
			}
		})
	}
	if ran == 0 {
		t.Error("no document has an example")
	}
}

// matches reports whether a text is as shown, where … stands for anything.
func matches(shown, text string) bool {
	parts := strings.Split(shown, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^(?s:" + strings.Join(parts, ".*") + ")$").MatchString(text)
}
