package seed

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
)

// inMemory is how much of a seed is held in memory; what is longer goes to a
// temporary file, so that a seed of any size takes little memory.
const inMemory = 16 << 20

// spool keeps nodes in the order in which they come, in memory or, when they are
// many, in a file that no other process can open.
type spool struct {
	n    int
	mem  []byte
	file *os.File
	out  *bufio.Writer
	size int64
}

// add keeps a node; file is the number of the file that it comes from.
func (s *spool) add(file int, n *Node) error {
	body := n.encode(binary.AppendUvarint(nil, uint64(file)))
	head := binary.AppendUvarint(nil, uint64(len(body)))
	s.n++
	if s.file == nil && len(s.mem)+len(body) > inMemory {
		if err := s.toFile(); err != nil {
			return err
		}
	}
	if s.file == nil {
		s.mem = append(append(s.mem, head...), body...)
		return nil
	}
	s.size += int64(len(head) + len(body))
	_, err := s.out.Write(head)
	if err == nil {
		_, err = s.out.Write(body)
	}
	return err
}

func (s *spool) toFile() (err error) {
	if s.file, err = os.CreateTemp("", "scimd-seed-*"); err != nil {
		return err
	}
	_ = os.Remove(s.file.Name()) // so that nothing is left of it whatever happens; where that is not possible, close does it
	s.out = bufio.NewWriterSize(s.file, 256<<10)
	s.size = int64(len(s.mem))
	_, err = s.out.Write(s.mem)
	s.mem = nil
	return err
}

// each gives the nodes in their order, as often as it is called.
func (s *spool) each(fn func(file int, n *Node) error) error {
	var r *bufio.Reader
	if s.file != nil {
		if err := s.out.Flush(); err != nil {
			return err
		}
		r = bufio.NewReaderSize(io.NewSectionReader(s.file, 0, s.size), 256<<10)
	}
	rest := s.mem
	var buf []byte
	for range s.n {
		body := rest
		if r == nil {
			size, used := binary.Uvarint(rest)
			if used <= 0 || int(size) > len(rest)-used {
				return errSpool
			}
			body, rest = rest[used:used+int(size)], rest[used+int(size):]
		} else {
			size, err := binary.ReadUvarint(r)
			if err != nil {
				return err
			}
			if uint64(cap(buf)) < size {
				buf = make([]byte, size)
			}
			body = buf[:size]
			if _, err := io.ReadFull(r, body); err != nil {
				return err
			}
		}
		file, used := binary.Uvarint(body)
		if used <= 0 {
			return errSpool
		}
		n, err := decodeNode(body[used:])
		if err != nil {
			return err
		}
		if err := fn(int(file), n); err != nil {
			return err
		}
	}
	return nil
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if gone := os.Remove(s.file.Name()); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}
