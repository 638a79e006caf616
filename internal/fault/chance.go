package fault

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"
)

// chance is a number from 0 up to 1 that follows from a seed, from what it is for,
// and from the number of a request: so the n-th request fares alike each time, in
// whatever order others come (SplitMix64).
func chance(seed, what, n uint64) float64 {
	x := seed + 0x9e3779b97f4a7c15*(n+1) + 0xd1b54a32d192ed03*what
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// What chances are for.
const (
	forHit = iota
	forDelay
	forDelayAfter
)

// of is the time to wait by a chance.
func (d *Delay) of(chance float64) time.Duration {
	switch {
	case d == nil:
		return 0
	case d.Fixed != 0:
		return time.Duration(d.Fixed)
	case d.Mean != 0:
		longest := MaxDelay
		if d.Max != 0 {
			longest = time.Duration(d.Max)
		}
		return min(longest, time.Duration(-math.Log1p(-chance)*float64(d.Mean)))
	case d.Max != 0:
		return time.Duration(float64(d.Min) + chance*float64(d.Max-d.Min))
	}
	var from point
	for _, to := range d.points() {
		if chance*100 <= to.percent {
			part := (chance*100 - from.percent) / (to.percent - from.percent)
			return from.time + time.Duration(part*float64(to.time-from.time))
		}
		from = to
	}
	return from.time
}

// point is a percentile.
type point struct {
	percent float64
	time    time.Duration
}

// points are the percentiles in order; one that is no number is less than all.
func (d *Delay) points() []point {
	out := make([]point, 0, len(d.Percentiles))
	for text, t := range d.Percentiles {
		percent, err := strconv.ParseFloat(text, 64)
		if err != nil {
			percent = -1
		}
		out = append(out, point{percent, time.Duration(t)})
	}
	slices.SortFunc(out, func(a, b point) int { return cmp.Compare(a.percent, b.percent) })
	return out
}
