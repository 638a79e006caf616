package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// serviceUserType is the type of the resources that may be hidden.
const serviceUserType = "User"

// serviceUser is a hidden user.
type serviceUser struct {
	seq       int64
	id, idKey string
	userName  *string
}

func serviceUsers(ctx context.Context, c Conn, space int64) ([]serviceUser, error) {
	var list []serviceUser
	rows, err := c.Query(ctx, "SELECT seq, id, id_key, user_name FROM user_r WHERE space = $1 AND hidden = 1 ORDER BY seq", space)
	err = each(rows, err, func(rows Rows) error {
		var u serviceUser
		err := rows.Scan(&u.seq, &u.id, &u.idKey, &u.userName)
		list = append(list, u)
		return err
	})
	return list, err
}

// carryServiceUsers sees to it that each service user of a space is in another one,
// too, and tells which are in that one alone.
func (s *Store) carryServiceUsers(ctx context.Context, c Conn, from, to int64) (strays []string, err error) {
	had, err := serviceUsers(ctx, c, from)
	if err != nil {
		return nil, err
	}
	have, err := serviceUsers(ctx, c, to)
	if err != nil {
		return nil, err
	}
	stays, byName := map[string]bool{}, map[string]serviceUser{}
	for _, u := range had {
		stays[u.idKey] = true
	}
	there := map[string]bool{}
	for _, u := range have {
		there[u.idKey] = true
		if u.userName != nil && !stays[u.idKey] {
			byName[*u.userName] = u
		}
	}
	for _, u := range had {
		if there[u.idKey] {
			continue
		}
		if u.userName != nil {
			if old, ok := byName[*u.userName]; ok {
				if err := s.replaceID(ctx, c, to, old, u); err != nil {
					return nil, err
				}
				stays[old.idKey] = true
				continue
			}
		}
		if err := carryServiceUser(ctx, c, from, to, u); err != nil {
			return nil, err
		}
	}
	for _, u := range have {
		if !stays[u.idKey] {
			strays = append(strays, u.id)
		}
	}
	return strays, nil
}

// carryServiceUser copies one user; *store.TakenError "userName" when another in
// the space has its userName.
func carryServiceUser(ctx context.Context, c Conn, from, to int64, u serviceUser) error {
	var taken int64
	ok, err := one(ctx, c, "SELECT seq FROM user_r WHERE space = $1 AND (user_name = $2 OR id_key = $3)", []any{to, orNil(u.userName), u.idKey}, &taken)
	if err != nil {
		return err
	}
	if ok {
		e := &store.TakenError{Attr: "userName"}
		if u.userName != nil {
			e.Value = *u.userName
		}
		return e
	}
	for i := range SpaceTables {
		t := &SpaceTables[i]
		of := t.of
		if t.Table == "user_r" {
			of = "seq"
		}
		if of == "" {
			continue
		}
		if _, err := c.Exec(ctx, t.copySQL(of+" = $3"), from, to, u.seq); err != nil {
			return err
		}
	}
	return nil
}

// replaceID gives a user of a space the id of one with the same userName, which an
// application that was made anew has, and so the permissions whose ids are made
// of it.
func (s *Store) replaceID(ctx context.Context, c Conn, space int64, old, by serviceUser) error {
	if _, err := c.Exec(ctx, "UPDATE user_r SET id = $1, id_key = $2 WHERE space = $3 AND seq = $4", by.id, by.idKey, space, old.seq); err != nil {
		return err
	}
	for _, m := range tables {
		if m.aliases != pairName {
			continue
		}
		ids := map[int64]string{}
		rows, err := c.Query(ctx, "SELECT seq, id FROM "+m.table+" WHERE space = $1 AND grantee = $2", space, old.seq)
		err = each(rows, err, func(rows Rows) error {
			var seq int64
			var id string
			err := rows.Scan(&seq, &id)
			ids[seq] = id
			return err
		})
		if err != nil {
			return err
		}
		for seq, id := range ids {
			id = strings.TrimSuffix(id, old.id) + by.id
			_, err := c.Exec(ctx, "UPDATE "+m.table+" SET id = $1, id_key = $2 WHERE space = $3 AND seq = $4",
				id, idKey(s.reg.Type(m.typeName()), id), space, seq)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// endStrangers ends the sessions of a tenant's users who are not in a space, or not
// active there.
func (s *Store) endStrangers(ctx context.Context, c Conn, tenant, space int64, at time.Time) error {
	var signedIn []string
	rows, err := c.Query(ctx, "SELECT DISTINCT user_id FROM session WHERE tenant = $1 AND ended IS NULL", tenant)
	err = each(rows, err, func(rows Rows) error {
		var id string
		err := rows.Scan(&id)
		signedIn = append(signedIn, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range signedIn {
		var seq int64
		acts, err := one(ctx, c, "SELECT seq FROM user_r WHERE space = $1 AND id_key = $2 AND (active IS NULL OR active <> 0)",
			[]any{space, idKey(s.reg.Type(serviceUserType), id)}, &seq)
		if err == nil && !acts {
			_, err = c.Exec(ctx, "UPDATE session SET ended = $1 WHERE tenant = $2 AND user_id = $3 AND ended IS NULL", at.UnixMicro(), tenant, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
