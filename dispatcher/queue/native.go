package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// native answers, for the embedded Redis, the scripts that asynq runs for every
// task and at every look into an empty lane. The embedded Redis builds a whole Lua
// machine for each call, some 200 µs; the same steps in Go take a few.
//
// A script is known by its hash, so that a version of asynq with other scripts
// falls back to Lua and stays right. One lock around all scripts keeps each of
// them a single step to the others, as Redis does.
type native struct {
	m  *miniredis.Miniredis
	mu sync.Mutex

	known, lua atomic.Int64 // scripts answered here, and by Lua
}

// SHA-1 of the scripts in asynq v0.26.0, internal/rdb/rdb.go.
const (
	enqueueHash = "98d28b42650870a743450ffda9791e9e19c6991b"
	dequeueHash = "a8153319360adc71cdc370107f8ab9786f204765"
	doneHash    = "1241eaa1c73409baaf1fea0c08d203a4911bda15"
	forwardHash = "522b1a6ae66fe79ea2f24a9af58798ab71879035"
)

// DialHook changes nothing.
func (n *native) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing: asynq runs no script in a pipeline.
func (n *native) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook answers known scripts and passes on everything else.
func (n *native) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		script, ok := cmd.(*redis.Cmd)
		if name := cmd.Name(); !ok || name != "evalsha" && name != "eval" {
			return next(ctx, cmd)
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		value, err, known := n.run(script.Args())
		if !known {
			n.lua.Add(1)
			return next(ctx, cmd)
		}
		n.known.Add(1)
		if err != nil {
			script.SetErr(err)
			return err
		}
		script.SetVal(value)
		return nil
	}
}

// errNotFound is what asynq's scripts answer when a task is not where it should be.
var errNotFound = errors.New("NOT FOUND")

// run does a known script's steps.
func (n *native) run(args []any) (value any, err error, known bool) {
	if len(args) < 3 || args[0] != "evalsha" {
		return nil, nil, false
	}
	keys, argv := split(args)
	switch {
	case args[1] == enqueueHash && len(keys) == 2 && len(argv) == 3:
		value, err = n.enqueue(keys, argv)
	case args[1] == dequeueHash && len(keys) == 4 && len(argv) == 2:
		value, err = n.dequeue(keys, argv)
	case args[1] == doneHash && len(keys) == 5 && len(argv) == 3:
		value, err = n.done(keys, argv)
	case args[1] == forwardHash && len(keys) == 2 && !n.m.Exists(keys[0]):
		value = int64(0) // nothing delayed; what there is, Lua forwards
	default:
		return nil, nil, false
	}
	return value, err, true
}

// split parts a script's keys from its arguments, as Redis would see them.
func split(args []any) (keys, argv []string) {
	count, _ := args[2].(int)
	rest := make([]string, len(args)-3)
	for i, a := range args[3:] {
		switch a := a.(type) {
		case string:
			rest[i] = a
		case []byte:
			rest[i] = string(a)
		case int64:
			rest[i] = strconv.FormatInt(a, 10)
		default:
			rest[i] = fmt.Sprint(a)
		}
	}
	if count < 0 || count > len(rest) {
		return nil, nil
	}
	return rest[:count], rest[count:]
}

// enqueue is asynq's enqueueCmd: KEYS task, pending; ARGV message, id, now.
func (n *native) enqueue(keys, argv []string) (any, error) {
	if n.m.Exists(keys[0]) {
		return int64(0), nil
	}
	n.m.HSet(keys[0], "msg", argv[0], "state", "pending", "pending_since", argv[2])
	if _, err := n.m.Lpush(keys[1], argv[1]); err != nil {
		return nil, err
	}
	return int64(1), nil
}

// dequeue is asynq's dequeueCmd: KEYS pending, paused, active, lease; ARGV end of
// the lease, prefix of task keys.
func (n *native) dequeue(keys, argv []string) (any, error) {
	if n.m.Exists(keys[1]) {
		return nil, redis.Nil
	}
	id, err := n.m.Pop(keys[0])
	if errors.Is(err, miniredis.ErrKeyNotFound) {
		return nil, redis.Nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := n.m.Lpush(keys[2], id); err != nil {
		return nil, err
	}
	task := argv[1] + id
	n.m.HSet(task, "state", "active")
	n.m.HDel(task, "pending_since")
	until, err := strconv.ParseFloat(argv[0], 64)
	if err != nil {
		return nil, err
	}
	if _, err := n.m.ZAdd(keys[3], until, id); err != nil {
		return nil, err
	}
	message := n.m.HGet(task, "msg")
	if message == "" {
		return nil, redis.Nil
	}
	return message, nil
}

// done is asynq's doneCmd: KEYS active, lease, task, processed today, processed;
// ARGV id, end of the statistics, their highest value, which nothing here reaches.
func (n *native) done(keys, argv []string) (any, error) {
	if found, err := n.remove(keys[0], argv[0]); err != nil || !found {
		return nil, notFound(err)
	}
	if found, err := n.m.ZRem(keys[1], argv[0]); err != nil || !found {
		return nil, notFound(err)
	}
	if !n.m.Del(keys[2]) {
		return nil, errNotFound
	}
	today, err := n.m.Incr(keys[3], 1)
	if err != nil {
		return nil, err
	}
	if today == 1 {
		end, err := strconv.ParseInt(argv[1], 10, 64)
		if err != nil {
			return nil, err
		}
		n.m.SetTTL(keys[3], time.Until(time.Unix(end, 0)))
	}
	if _, err := n.m.Incr(keys[4], 1); err != nil {
		return nil, err
	}
	return "OK", nil
}

// notFound is err, or that nothing was found; a key that is not there is the same.
func notFound(err error) error {
	if err == nil || errors.Is(err, miniredis.ErrKeyNotFound) {
		return errNotFound
	}
	return err
}

// remove is LREM key 0 id. The list is short: what one provider works on now.
func (n *native) remove(key, id string) (bool, error) {
	list, err := n.m.List(key)
	if err != nil {
		return false, err
	}
	kept := make([]string, 0, len(list))
	for _, one := range list {
		if one != id {
			kept = append(kept, one)
		}
	}
	if len(kept) == len(list) {
		return false, nil
	}
	n.m.Del(key)
	if len(kept) > 0 {
		_, err = n.m.Push(key, kept...)
	}
	return true, err
}
