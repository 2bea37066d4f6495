package pace

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// state is the part both scripts begin with. KEYS[1] is the account, a hash: tat,
// the end of all that is reserved, in µs by Redis's clock; share, the part of the
// cap in force at since, in millionths; since, the end of the last hold. ARGV[1] is
// the step up in millionths, ARGV[2] its period and ARGV[3] the furthest a
// reservation can lie ahead, in µs: what lies further was left by a clock set back.
const state = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local h = redis.call('HMGET', KEYS[1], 'tat', 'share', 'since')
local tat, share, since = tonumber(h[1] or '0'), tonumber(h[2] or '1000000'), tonumber(h[3] or '0')
if since > now + ARGV[3] then since = now end
if tat < now or tat > now + ARGV[3] then tat = now end
local inforce = share
if now > since then inforce = math.min(1000000, share + ARGV[1] * math.floor((now - since) / ARGV[2])) end
`

// reserveScript takes ARGV[4] segments' worth of time at the cap ARGV[5], or the
// part ARGV[6] of it if the caller knows of a deeper cut.
var reserveScript = redis.NewScript(state + `
inforce = math.min(inforce, tonumber(ARGV[6]))
local ends = tat + math.ceil(ARGV[4] * 1000000 / (ARGV[5] * inforce / 1000000))
redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', ends), 'share', share, 'since', string.format('%.0f', since))
redis.call('PEXPIRE', KEYS[1], 3600000)
return {now, tat, ends, share, since, inforce}
`)

// cutScript halves the share, not under ARGV[4], and holds everything for ARGV[5] µs;
// during a hold it does nothing, so that many complaints at once are one.
var cutScript = redis.NewScript(state + `
if since <= now then
  share = math.max(math.floor(inforce / 2), math.min(inforce, tonumber(ARGV[4])))
  inforce = share
  since = now + ARGV[5]
  if tat < since then tat = since end
  redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tat), 'share', share, 'since', string.format('%.0f', since))
  redis.call('PEXPIRE', KEYS[1], 3600000)
end
return {now, tat, tat, share, since, inforce}
`)

// resumeScript says, as start, when those who have found Redis back share again: ARGV[4]
// µs after the first of them. One that comes in the 10 s after is of the same loss.
var resumeScript = redis.NewScript(state + `
local resume = tonumber(redis.call('HGET', KEYS[1], 'resume') or '0')
if resume < now - 10000000 or resume > now + ARGV[3] then
  resume = now + ARGV[4]
  redis.call('HSET', KEYS[1], 'resume', string.format('%.0f', resume))
  redis.call('PEXPIRE', KEYS[1], 3600000)
end
return {now, resume, resume, share, since, inforce}
`)

// An answer is what a script says, times in µs by Redis's clock.
type answer struct {
	now, start, end int64
	share, since    int64
	inForce         int64 // millionths of the cap
}

// askTimeout is how long Redis may take: far above a round trip, and little
// against the pause a rate suffers when Redis is mute.
const askTimeout = 250 * time.Millisecond

func (p *Pacer) ask(ctx context.Context, script *redis.Script, args ...any) (answer, error) {
	// A caller that gives up says nothing about Redis.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	args = append([]any{millionths(p.o.Step), p.o.Every.Microseconds(), (p.o.Hold + time.Minute).Microseconds()}, args...)
	values, err := script.Run(ctx, p.o.Redis, []string{"tocsin:pace:{" + p.o.Provider + "}"}, args...).Int64Slice()
	if err != nil {
		return answer{}, fmt.Errorf("reserve rate of %s: %w", p.o.Provider, err)
	}
	if len(values) != 6 {
		return answer{}, fmt.Errorf("reserve rate of %s: got %d values", p.o.Provider, len(values))
	}
	return answer{values[0], values[1], values[2], values[3], values[4], values[5]}, nil
}

func millionths(part float64) int64 { return int64(part*1e6 + 0.5) }
