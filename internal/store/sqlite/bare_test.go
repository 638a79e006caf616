package sqlite

import "testing"

func TestNumbersOfPlaceholdersAreLeftOutWhereTheirOrderTellsThem(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1":            "SELECT 1",
		"SELECT $1, ($2), $3": "SELECT ?, (?), ?",
		"SELECT $1, $2, $1":   "SELECT $1, $2, $1",
		"SELECT $2, $1":       "SELECT $2, $1",
		"VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)": "VALUES (?,?,?,?,?,?,?,?,?,?)",
	} {
		if got := bare(query); got != want {
			t.Errorf("%s became %s, want %s", query, got, want)
		}
	}
}
