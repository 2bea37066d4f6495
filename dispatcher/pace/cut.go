package pace

// A cut is what throttle answers have left of the rate. It is in Redis for all who
// share the account; this is the copy to go on with while Redis is gone.
type cut struct {
	share float64 // part of the cap in force at since
	since int64   // end of the hold
}

// inForce is the part of the cap in force at time now: it creeps back by one step
// each period.
func (c cut) inForce(now int64, o *Options) float64 {
	if now <= c.since || c.share >= 1 {
		return min(c.share, 1)
	}
	return min(1, c.share+o.Step*float64((now-c.since)/int64(o.Every)))
}

// deepen halves the share in force and holds; during a hold it changes nothing.
func (c cut) deepen(now int64, o *Options) cut {
	if now < c.since {
		return c
	}
	f := c.inForce(now, o)
	return cut{share: max(f/2, min(f, lowest)), since: now + int64(o.Hold)}
}
