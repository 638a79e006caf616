package packaging

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// settings are the values of a key of a systemd unit, also those that are
// commented out.
func settings(unit, key string) []string {
	var values []string
	for _, m := range regexp.MustCompile(`(?m)^#?`+key+`=(.*)$`).FindAllStringSubmatch(unit, -1) {
		values = append(values, m[1])
	}
	return values
}

func TestTheServiceUsesCommandsAndVariablesThatScimdHas(t *testing.T) {
	t.Parallel()
	unit := read(t, "deploy/systemd/scimd.service")
	known := options(t)
	variables := map[string]string{}
	for _, line := range settings(unit, "Environment") {
		for pair := range strings.FieldsSeq(line) {
			name, value, _ := strings.Cut(pair, "=")
			checkVariable(t, "scimd.service", name, known)
			variables[name] = value
		}
	}
	if start := settings(unit, "ExecStart"); !slices.Equal(start, []string{"/usr/local/bin/scimd serve"}) {
		t.Errorf("the service starts %q", start)
	}
	if state := settings(unit, "StateDirectory"); len(state) != 1 || variables["SCIMD_DATA_DIR"] != "/var/lib/"+state[0] {
		t.Errorf("the service owns /var/lib/%q and keeps its data in %q", state, variables["SCIMD_DATA_DIR"])
	}
	// What one file says, the others rely on.
	for name, upstream := range map[string]string{
		"deploy/caddy/Caddyfile": "reverse_proxy " + variables["SCIMD_ADDR"], "deploy/nginx/scimd.conf": "server " + variables["SCIMD_ADDR"] + ";",
	} {
		text := read(t, name)
		for _, part := range []string{upstream, variables["SCIMD_BASE_PATH"] + "/", "--base-path " + variables["SCIMD_BASE_PATH"]} {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q", name, part)
			}
		}
	}
	for _, secret := range settings(unit, "LoadCredential") {
		id, _, _ := strings.Cut(secret, ":")
		file := "SCIMD_" + strings.ToUpper(strings.ReplaceAll(id, "-", "_")) + "_FILE"
		if variables[file] != "%d/"+id {
			t.Errorf("the credential %s is not read by %s", id, file)
		}
	}
}
