package audience

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// GenerateOptions says what audience to make up.
type GenerateOptions struct {
	Count    int
	Encoding string  // utf-8 or gb18030; empty: utf-8
	Dirty    float64 // share of rows with dirt, 0 to 1
	Seed     uint64
}

var (
	prefixes  = []int{134, 135, 136, 137, 138, 139, 150, 151, 152, 157, 158, 159, 182, 183, 187, 188, 198, 130, 131, 132, 155, 156, 185, 186, 176, 133, 153, 180, 181, 189, 177, 199}
	surnames  = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗"}
	given     = []string{"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀英", "霞", "平", "桂英", "建国", "小红", "志强"}
	districts = []string{"城关镇", "河西街道", "东湖村", "南山社区", "北塘镇", "滨河社区", "第一中学", "实验小学", "柳林村", "新华街道", "石桥镇", "青云社区"}
)

// Generate writes a header (number,name,district) and o.Count rows. Clean rows
// have numbers of their own, in no order. Dirt is duplicates, numbers that are
// none, blanks, and good numbers written with full-width digits, +86, 0086 or
// spaces. The same options give the same file.
func Generate(w io.Writer, o GenerateOptions) error {
	switch o.Encoding {
	case "", "utf-8":
	case "gb18030":
		w = simplifiedchinese.GB18030.NewEncoder().Writer(w)
	default:
		return fmt.Errorf("encoding %q is not known: want utf-8 or gb18030", o.Encoding)
	}
	random := rand.New(rand.NewPCG(o.Seed, 0x7063696e))
	b := append(make([]byte, 0, 1<<16), "number,name,district\n"...)
	// A full period walk over eight digits: every number once, in no order.
	const period = 100_000_000
	at, step := random.IntN(period), 2*random.IntN(period/2)+1
	for step%5 == 0 {
		step += 2
	}
	last := 0
	for i := range o.Count {
		if i%len(prefixes) == 0 {
			at = (at + step) % period
		}
		n := prefixes[i%len(prefixes)]*period + at
		if o.Dirty > 0 && random.Float64() < o.Dirty {
			b = dirt(b, random, n, last)
		} else {
			b = strconv.AppendInt(b, int64(n), 10)
			last = n
		}
		b = append(b, ',')
		b = append(append(b, surnames[random.IntN(len(surnames))]...), given[random.IntN(len(given))]...)
		b = append(append(b, ','), districts[random.IntN(len(districts))]...)
		b = append(b, '\n')
		if len(b) > 1<<16-256 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(b)
	return err
}

// dirt writes a number as people do, or what is none.
func dirt(b []byte, random *rand.Rand, n, last int) []byte {
	digits := strconv.Itoa(n)
	switch random.IntN(8) {
	case 0: // twice
		if last > 0 {
			return strconv.AppendInt(b, int64(last), 10)
		}
		return append(b, digits...)
	case 1: // too short
		return append(b, digits[:9]...)
	case 2: // a word
		return append(b, "无"...)
	case 3: // nothing
		return b
	case 4: // full-width
		for _, d := range digits {
			b = append(b, string('０'+d-'0')...)
		}
		return b
	case 5:
		return append(append(b, "+86 "...), digits...)
	case 6:
		return append(append(b, "0086"...), digits...)
	default:
		return append(append(append(append(append(b, digits[:3]...), ' '), digits[3:7]...), '-'), digits[7:]...)
	}
}
