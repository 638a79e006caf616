package hartest

import (
	"strings"
	"testing"
)

const sound = `{"log":{"version":"1.2","creator":{"name":"a","version":"1"},"entries":[{"startedDateTime":"2030-01-01T11:00:00.5Z","time":3,` +
	`"request":{"method":"POST","url":"https://a.example/b?c=d","httpVersion":"HTTP/1.1","cookies":[],"headers":[{"name":"Host","value":"a"}],` +
	`"queryString":[{"name":"c","value":"d"}],"postData":{"mimeType":"x/y","params":[],"text":"z"},"headersSize":-1,"bodySize":1},` +
	`"response":{"status":200,"statusText":"OK","httpVersion":"HTTP/1.1","cookies":[],"headers":[],"content":{"size":2,"mimeType":"x/y","text":"eg==","encoding":"base64"},` +
	`"redirectURL":"","headersSize":-1,"bodySize":2},"cache":{},"timings":{"dns":-1,"send":0,"wait":3,"receive":0},"_own":[1]}]}}`

func TestWhatIsAgainstTheFormatIsFound(t *testing.T) {
	t.Parallel()
	Check(t, []byte(sound))
	for _, change := range [][2]string{
		{`"version":"1.2"`, `"version":"1.1"`}, {`"creator":{"name":"a","version":"1"},`, ``}, {`11:00:00.5Z`, `11:00:00.5`}, {`"time":3`, `"time":"3"`}, {`"time":3`, `"time":4`},
		{`"wait":3`, `"wait":-1`}, {`"dns":-1`, `"dns":-2`}, {`,"receive":0`, ``}, {`"POST"`, `"PO ST"`}, {`https://a.example`, ``}, {`c=d"`, `c=\"d\""`}, {`c=d"`, `c=d#e"`},
		{`[{"name":"c","value":"d"}]`, `[]`}, {`"name":"Host",`, ``}, {`"params":[]`, `"params":[{"name":"q"}]`}, {`"text":"z"`, `"text":null`}, {`"bodySize":1`, `"bodySize":-2`},
		{`"bodySize":1`, `"bodySize":1.5`}, {`"status":200`, `"status":"200"`}, {`"HTTP/1.1"`, `""`}, {`"cookies":[]`, `"cookies":null`}, {`"base64"`, `"hex"`}, {`"text":"eg==",`, ``},
		{`"redirectURL":"",`, ``}, {`"cache":{}`, `"cache":[]`}, {`"_own"`, `"own"`}, {`{"log"`, "\ufeff" + `{"log"`}, {`"OK"`, "\"\xff\""}, {`]}}`, `]}} {}`}, {`]}}`, `]}`},
		{`"content":{`, `"content":{"comment":1,`},
	} {
		broken := strings.Replace(sound, change[0], change[1], 1)
		if broken == sound || len(Mistakes([]byte(broken))) == 0 {
			t.Errorf("%s instead of %s is not found", change[1], change[0])
		}
	}
}
