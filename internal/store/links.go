package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/scimd/scimd/internal/schema"
)

// LinkStream hands out the links of one Want of a resource batch by batch, by
// ascending seq, without holding anything of the database between calls. Which
// they are was found at the moment of the resource's document; what the other
// sides are called is read with each batch, and those deleted meanwhile are left
// out. Next returns an empty batch at the end.
type LinkStream struct {
	Relation Relation
	Reverse  bool
	// Expected is the number of links, unless some are deleted meanwhile.
	Expected int
	Next     func(context.Context) ([]Link, error)
}

// Whole moves what the streams of a record have left into its Links.
func (r *Record) Whole(ctx context.Context) error {
	if len(r.Streams) == 0 {
		return nil
	}
	for ; len(r.Streams) > 0; r.Streams = r.Streams[1:] {
		for {
			batch, err := r.Streams[0].Next(ctx)
			if err != nil {
				return err
			}
			if len(batch) == 0 {
				break
			}
			r.Links = append(r.Links, batch...)
		}
	}
	SortLinks(r.Links)
	return nil
}

// SortLinks puts links into the order of Record.Links.
func SortLinks(list []Link) {
	slices.SortFunc(list, func(a, b Link) int {
		reverse := func(l *Link) int {
			if l.Reverse {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(a.Relation, b.Relation), cmp.Compare(reverse(&a), reverse(&b)), cmp.Compare(a.Seq, b.Seq))
	})
}

// Relation names a kind of edge between resources. Numbers are stored: they
// never change.
type Relation int16

// The relations.
const (
	// Member leads from a group to a member.
	Member Relation = 1
	// Manager leads from a user to the user named by its enterprise manager.
	Manager Relation = 2
	// Owner leads from a container to the user who owns it.
	Owner Relation = 3
	// Safe leads from privileged data to the container that it is in.
	Safe Relation = 4
	// Target leads from a permission to the container or the privileged data.
	Target Relation = 5
	// Grantee leads from a permission to the user or group that holds it. For each
	// target and grantee there is one permission.
	Grantee Relation = 6
)

// Owner, Safe, Target and Grantee lead to one resource at most: they are set
// with Resource.Ends. The others are changed with SetLinks, AddLinks and
// RemoveLinks.

// Link is one end of an edge: the resource on the other side.
type Link struct {
	Relation Relation
	// Reverse is set when the link was followed against its direction.
	Reverse bool
	// Indirect is set when only edges of resources in between lead there (see
	// Want.Transitive).
	Indirect bool
	Seq      int64
	Type     *schema.ResourceType
	ID       string
	// Display is what the other side is called: see the table map of its type.
	Display string
}

// Want asks a read for links.
type Want struct {
	// Alias asks for Record.Alias, and for no links.
	Alias    bool
	Relation Relation
	Reverse  bool
	// Transitive follows the relation on from every resource it leads to, each
	// counted once; cycles are cut.
	Transitive bool
	// Types are the resource types that the relation leads to; nil means any.
	// Naming them makes the read cheaper.
	Types []*schema.ResourceType
	// Holds are bytes that the document of every resource with such a link
	// contains: without them nothing needs to be read. Nil means that the document
	// does not tell.
	Holds []byte
}
