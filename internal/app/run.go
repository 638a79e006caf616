package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"github.com/scimd/scimd/internal/control"
	"github.com/scimd/scimd/internal/store"
)

func (s *Server) server(h http.Handler) *http.Server {
	c := &s.cfg
	return &http.Server{
		Handler: h, ReadHeaderTimeout: c.ReadTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout,
		IdleTimeout: c.IdleTimeout, MaxHeaderBytes: int(c.MaxHeader),
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: control.Stopping(s.stopping),
	}
}

func (s *Server) serve(h *http.Server, l net.Listener) {
	go s.served(func() error { return h.Serve(l) })
}

func (s *Server) served(serve func() error) {
	if err := serve(); !errors.Is(err, http.ErrServerClosed) {
		s.failed <- err
	}
}

// beside runs fn beside requests. It is ended, and waited for, before what was
// opened earlier is closed.
func (s *Server) beside(fn func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		fn(ctx)
	}()
	s.undo.add(func() error {
		cancel()
		<-ended
		return nil
	})
}

func (s *Server) readiness(st store.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		if s.draining.Load() {
			return errors.New("the server is stopping")
		}
		return st.Ping(ctx)
	}
}

// run waits for the end and brings it about: no new connections, the requests
// under way are finished, then everything is closed.
func (s *Server) run(ctx context.Context) {
	defer close(s.done)
	defer s.stop()
	select {
	case <-ctx.Done():
	case s.err = <-s.failed:
	}
	s.draining.Store(true)
	s.endWaits()
	s.faults.Stop()
	s.log.LogAttrs(ctx, slog.LevelInfo, "stopping")
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownTimeout)
	defer cancel()
	if err := s.shutdown(limit); err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "requests were cut off at the end of shutdown-timeout")
		_ = s.http.Close()
	}
	s.err = errors.Join(s.err, s.undo.run())
	s.log.LogAttrs(ctx, slog.LevelInfo, "stopped")
}

// shutdown lets the requests under way end.
func (s *Server) shutdown(ctx context.Context) error {
	errs := []error{s.http.Shutdown(ctx)}
	for _, c := range s.controls {
		errs = append(errs, c.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
