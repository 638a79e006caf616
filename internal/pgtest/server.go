package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running Postgres server that this process started.
type Server struct {
	// URL connects to it as superuser.
	URL string

	life  io.Closer     // closing it ends the server
	ended chan struct{} // closed when the server has ended
}

// Stop ends the server and waits until it is gone.
func (s *Server) Stop() error {
	err := s.life.Close()
	select {
	case <-s.ended:
		return err
	case <-time.After(20 * time.Second):
		return errors.New("pgtest: the server did not end within 20 s")
	}
}

// Start starts a server by the first way that works. The error lists what was
// tried, on one line.
func Start(opts ...Option) (*Server, error) {
	ways := []struct {
		name  string
		start func(settings []string) (*Server, error)
	}{
		{"local binaries", startLocal},
		{"a container", startContainer},
		{"installed packages", startInstalled},
	}
	var tried []string
	for _, way := range ways {
		s, err := way.start(settings(durable(opts)))
		if err == nil {
			return s, nil
		}
		tried = append(tried, way.name+": "+strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return nil, fmt.Errorf("set %s, or install Postgres; tried %s", EnvURL, strings.Join(tried, "; "))
}

// settings are the server's command line. Test binaries of several packages
// share one server and open a pool per test, hence the connections.
func settings(sync bool) []string {
	list := []string{"max_connections=300", "shared_buffers=128MB", "max_wal_size=1GB", "timezone=UTC"}
	if !sync {
		list = append(list, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := make([]string, 0, 2*len(list))
	for _, s := range list {
		args = append(args, "-c", s)
	}
	return args
}

// keeper runs the command of its arguments until the pipe on its standard
// input closes, which also happens when the process that started it is killed;
// then it ends the command at once and removes the directory $0, if any.
const keeper = `exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ cat <&3 >/dev/null; kill -QUIT $child; } 2>/dev/null &
exec 3<&-
wait $child
status=$?
[ -z "$0" ] || rm -rf -- "$0"
exit $status`

// run starts cmd, which must run the keeper, and waits until the server at url
// answers. The URL is asked for again at each attempt, as some are known late.
func run(cmd *exec.Cmd, log *os.File, url func() (string, error)) (*Server, error) {
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &Server{life: life, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended stands in the log
		close(s.ended)
	}()
	deadline := time.After(60 * time.Second)
	for {
		if s.URL, err = url(); err == nil {
			err = ping(s.URL)
		}
		if err == nil {
			return s, nil
		}
		select {
		case <-s.ended:
			_ = life.Close()
			return nil, fmt.Errorf("the server ended at once: %s", lastLine(log))
		case <-deadline:
			_ = life.Close()
			return nil, fmt.Errorf("the server did not answer within 60 s: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func ping(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func lastLine(log *os.File) string {
	text, err := io.ReadAll(io.NewSectionReader(log, 0, 1<<20))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err != nil || lines[len(lines)-1] == "" {
		return "it logged nothing"
	}
	return lines[len(lines)-1]
}

// freePort finds a port that was free a moment ago.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
