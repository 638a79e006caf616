package canary

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// The search must see what it is for.
func TestACanaryIsFoundInEveryForm(t *testing.T) {
	t.Parallel()
	const text = "KanarieZq7Vx9Wp"
	var utf16 []byte
	for _, c := range []byte(text) {
		utf16 = append(utf16, c, 0)
	}
	samples := map[string]string{
		"plain": "<" + text + ">", "in lower case": strings.ToLower(text), "hexadecimal": hex.EncodeToString([]byte("x" + text + "y")),
		"in upper case": strings.ToUpper(hex.EncodeToString([]byte(text))), "UTF-16": "\xff\xfe" + string(utf16),
	}
	for _, spelling := range []string{text, strings.ToLower(text)} {
		for before := range 3 {
			for after := range 3 {
				plain := []byte(strings.Repeat("\xfb", before) + spelling + strings.Repeat("\xff", after))
				for name, e := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.URLEncoding, "raw": base64.RawURLEncoding} {
					samples[fmt.Sprintf("base64 %s %s %d %d", name, spelling, before, after)] = e.EncodeToString(plain)
				}
			}
		}
	}
	for _, format := range []string{"%%%02X", "%%%02x", `\u%04X`, `\u%04x`, "&#%d;", "&#x%X;"} {
		coded := ""
		for _, c := range []byte(text) {
			coded += fmt.Sprintf(format, c)
		}
		samples[format] = coded
	}
	for name, sample := range samples {
		if len(Found([]byte(sample), text)) == 0 {
			t.Errorf("%s: not found in %q", name, sample)
		}
		if hits := Found([]byte(strings.Repeat("Kanarie", 3)+sample[:len(sample)/2]), text); len(hits) > 0 {
			t.Errorf("%s: a half is taken for the whole: %q", name, hits)
		}
	}
}
