package pace

import (
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestTheScriptsRunOnARealRedis(t *testing.T) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed: the scripts are tested on the embedded Redis alone")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(path, "--bind", "127.0.0.1", "--port", fmt.Sprint(port), "--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // says that it was killed
	})
	client := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port)})
	t.Cleanup(func() { _ = client.Close() })
	for limit := time.Now().Add(10 * time.Second); client.Ping(t.Context()).Err() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("got no answer from redis in 10 s")
		}
	}

	o := Options{Provider: "mobile", Rate: 50000, Owners: func() int { return 2 }, Redis: client, Hold: 10 * time.Millisecond}
	first, second := New(o), New(o)
	for range 100 {
		for _, p := range []*Pacer{first, second} {
			if err := p.Wait(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
		}
	}
	if first.gone || second.gone {
		t.Error("got redis taken for gone, want it in use")
	}
	tat, err := client.HGet(t.Context(), "tocsin:pace:{mobile}", "tat").Int64()
	if err != nil || time.Since(time.UnixMicro(tat)).Abs() > time.Minute {
		t.Errorf("got the line of time at %v, %v, want about now", time.UnixMicro(tat), err)
	}
	first.Throttled()
	for second.Rate() == o.Rate { // it learns with its next lease
		if err := second.Wait(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
	}
	if got := second.Rate(); got != o.Rate/2 {
		t.Errorf("got a rate of %v after the other's complaint, want %v", got, o.Rate/2)
	}
}
