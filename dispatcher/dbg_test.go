package dispatcher

import "fmt"

func (w *world) dump() {
	for _, e := range w.entries() {
		fmt.Println(e.carrier, e.Time.Sub(w.started), e.Part, e.Parts, e.Number[9:])
	}
	for _, c := range w.carriers {
		fmt.Printf("%+v rate %v\n", c.config, c.rate)
	}
	fmt.Println(w.logs.String())
}
