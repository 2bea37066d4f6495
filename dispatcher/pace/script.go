package pace

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// state is the part all scripts begin with. KEYS[1] is the account, a hash, all times in
// µs by Redis's clock:
//
//	tat           the end of all that is reserved
//	share, since  the part of the cap in force at since, in millionths; the end of the last hold
//	far           how far ahead anything may be reserved
//	server        the server's replication ID, which a promoted replica and a restarted server change
//	birth         when the hash was made, or this server was first asked
//	unrest        until then processes may be alone that do not know of those that join
//	m:ID          a process: when it was last heard, when it came to this server, from when on
//	              its part is the line's, and how many processes it knows of
//
// ARGV[1] is the step up in millionths, ARGV[2] its period, ARGV[3] the longest hold,
// ARGV[4] the caller's ID, ARGV[5] how many processes it knows of, ARGV[6] the server that
// counts the caller's part, "" for none, ARGV[7] how long the others may not know of it, and
// ARGV[8] when the caller does not wait for the answer any more: a paused server takes what
// it was sent before for news. 0: the caller does not know its clock. ARGV[9] is the
// caller's largest slice, ARGV[10] the cap, ARGV[11] the part of it in force, if the caller
// knows of a deeper cut.
// What the rules are for stands in the package's comment.
var state = fmt.Sprintf(`
local ahead, longest, quiet, over, strangers, forget = %d, %d, %d, %d, %d, %d
`, micro(ahead), micro(longest), micro(quiet), micro(over), micro(strangers), micro(forget)) + `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
if tonumber(ARGV[8]) > 0 and now > tonumber(ARGV[8]) then return {now, 0, 0, 0, 0, 0, -1, 0, ''} end
local f, all = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do f[all[i]] = all[i + 1] end
local function info(section, pattern)
  local text = redis.pcall('INFO', section)
  return type(text) == 'string' and string.match(text, pattern) or ''
end
local server = info('replication', 'master_replid:(%x+)')

local tat, share, since = tonumber(f.tat or '0'), tonumber(f.share or '1000000'), tonumber(f.since or '0')
if since > now + ARGV[3] then since = now end
local inforce = share
if now > since then inforce = math.min(1000000, share + ARGV[1] * math.floor((now - since) / ARGV[2])) end
local shared = inforce
inforce = math.min(inforce, tonumber(ARGV[11]))
local slice = math.ceil(ARGV[9] * ARGV[5] * 1000000 / (ARGV[10] * inforce / 1000000))
local horizon = ahead + math.max(longest, slice)
local far = math.max(tonumber(f.far or '0'), horizon)

local me, mine, told, others, heard = 'm:' .. ARGV[4], ARGV[6], tonumber(ARGV[5]), {}, false
for field, value in pairs(f) do
  if string.sub(field, 1, 2) == 'm:' then
    local seen, joined, counts, knows = string.match(value, '(%d+) (%d+) (%d+) (%d+)')
    local one = {seen = tonumber(seen), joined = math.min(joined, now), counts = tonumber(counts), knows = tonumber(knows)}
    if one.seen > now then one.seen = now - quiet end
    heard = heard or now - one.seen < quiet
    others[field] = one
  end
end

local birth, unrest = tonumber(f.birth or '0'), tonumber(f.unrest or '0')
local fresh, moved = f.birth == nil, f.birth ~= nil and f.server ~= server
local unsure = fresh or moved or not heard or birth > now or tat > math.max(since, now) + far
if unsure then
  far = horizon
  birth, unrest = now, 0
  local up = tonumber(info('server', 'uptime_in_seconds:(%d+)'))
  if not fresh or not up or up * 1000000 < strangers then unrest = now + strangers end
  for field in pairs(others) do redis.call('HDEL', KEYS[1], field) end
  others = {}
end

local this = others[me]
others[me] = nil
if mine ~= '' and mine ~= server then
  if not this or this.counts <= now then this = {joined = now, counts = now + over + far - ahead - longest} end
elseif not this then
  this = {joined = now, counts = now}
  if unrest > now then this.counts = now + ARGV[7] end
end
local owners, here, ready, known, latest = told, 1, 0, 1, this.joined
if this.counts <= now then ready = 1 end
for field, one in pairs(others) do
  if now - one.seen > forget then
    redis.call('HDEL', KEYS[1], field)
  else
    known = known + 1
    if now - one.seen < quiet then
      here, owners, latest = here + 1, math.max(owners, one.knows), math.max(latest, one.joined)
      if one.counts <= now then ready = ready + 1 end
    end
  end
end
redis.call('HSET', KEYS[1], 'server', server, 'birth', string.format('%.0f', birth), 'unrest', string.format('%.0f', unrest),
  me, string.format('%.0f %.0f %.0f %d', now, this.joined, this.counts, told))
redis.call('PEXPIRE', KEYS[1], 3600000)

local n = owners
if now >= birth + strangers then n = math.min(n, known) end
n = math.max(n, here)
local part = math.floor(1000000 * ready / n)
if here == n and latest <= now - far then part = 1000000 end

if tat < now or tat > math.max(since, now) + far then tat = now end
if unsure and owners > 1 then tat = math.max(tat, now + far) end
`

// reserveScript takes ARGV[12] segments' worth of time at the rate in force. The same start and end say that
// nothing may be reserved before start.
var reserveScript = redis.NewScript(state + `
local starts, ends = tat, tat
if tonumber(ARGV[12]) > 0 then
  if part == 0 then
    starts, ends = now + 50000, now + 50000
  elseif tat > now + ahead then
    starts, ends = tat - ahead, tat - ahead
  else
    ends = tat + math.ceil(ARGV[12] * 1000000 / (ARGV[10] * inforce / 1000000 * part / 1000000))
    far = math.max(far, ends - now)
    tat = ends
  end
end
redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tat), 'far', string.format('%.0f', far), 'share', share,
  'since', string.format('%.0f', since))
return {now, starts, ends, share, since, inforce, part, n, server}
`)

// cutScript halves the share, not under ARGV[12], and holds everything for ARGV[13] µs;
// during a hold it does nothing, so that many complaints at once are one.
var cutScript = redis.NewScript(state + `
if since <= now then
  share = math.max(math.floor(shared / 2), math.min(shared, tonumber(ARGV[12])))
  inforce = share
  since = now + ARGV[13]
end
if tat < since then tat = since end
redis.call('HSET', KEYS[1], 'tat', string.format('%.0f', tat), 'far', string.format('%.0f', far), 'share', share,
  'since', string.format('%.0f', since))
return {now, tat, tat, share, since, inforce, part, n, server}
`)

func micro(ns int64) int64 { return ns / 1000 }

// An answer is what a script says, times in µs by Redis's clock.
type answer struct {
	now, start, end int64
	share, since    int64
	inForce         int64 // millionths of the cap
	part            int64 // of it, in millionths, that those have who are not alone
	owners          int64 // how many processes share the account
	server          string
}

// askTimeout is how long Redis may take: far above a round trip, and little
// against the pause a rate suffers when Redis is mute.
const askTimeout = 250 * time.Millisecond

// ask runs a script. Under lock.
func (p *Pacer) ask(ctx context.Context, script *redis.Script, args ...any) (answer, error) {
	// A caller that gives up says nothing about Redis.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	a, err := p.askOnce(ctx, script, args...)
	if err == nil && a.part < 0 { // its clock was set, or another server has another one
		p.clock = clock{}
		p.clock.see(a.now*1000, p.now())
		a, err = p.askOnce(ctx, script, args...)
		if err == nil && a.part < 0 {
			err = fmt.Errorf("reserve rate of %s: its time is not ours", p.o.Provider)
		}
	}
	return a, err
}

func (p *Pacer) askOnce(ctx context.Context, script *redis.Script, args ...any) (a answer, err error) {
	now := p.now()
	server, unknown, latest := p.server, int64(0), int64(0)
	if p.clock.known {
		latest = micro(now-p.clock.offset) + askTimeout.Microseconds()
	}
	if now-p.contact >= p.over(now) {
		server = ""
	}
	if p.owners(now) > 1 {
		unknown = max(spread-now, 0)
	}
	args = append([]any{
		millionths(p.o.Step), p.o.Every.Microseconds(), (p.o.Hold + time.Second).Microseconds(),
		p.id, p.owners(now), server, micro(unknown), latest, p.most, p.o.Rate, millionths(p.cut.inForce(now, &p.o)),
	}, args...)
	values, err := script.Run(ctx, p.o.Redis, []string{p.key()}, args...).Slice()
	if err == nil && len(values) != 9 {
		err = fmt.Errorf("got %d values", len(values))
	}
	var n [8]int64
	for i := 0; i < len(n) && err == nil; i++ {
		var ok bool
		if n[i], ok = values[i].(int64); !ok {
			err = errors.New("got a value that is no number")
		}
	}
	if err != nil {
		return answer{}, fmt.Errorf("reserve rate of %s: %w", p.o.Provider, err)
	}
	a = answer{n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], ""}
	a.server, _ = values[8].(string)
	return a, nil
}

func (p *Pacer) key() string { return "tocsin:pace:{" + p.o.Provider + "}" }

func millionths(part float64) int64 { return int64(part*1e6 + 0.5) }
