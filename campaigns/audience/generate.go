package audience

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// GenerateOptions say what audience Generate makes up.
type GenerateOptions struct {
	Count    int     // rows behind the header, dirt among them
	Encoding string  // "utf-8" or "gb18030"; "": utf-8
	Dirty    float64 // share of rows with dirt, 0 to 1
	Seed     uint64  // the same seed and options, the same file
}

// prefixes are three digits that Chinese carriers were given, some of each:
// China Mobile, China Unicom, China Telecom, China Broadnet.
var prefixes = strings.Fields(`135 136 137 138 139 147 150 151 152 157 158 159 172 178 182 183 184 187 188 195 197 198
	130 131 132 145 155 156 166 175 176 185 186 196
	133 149 153 173 177 180 181 189 190 191 193 199
	192`)

var (
	surnames  = strings.Split("王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈", "")
	given     = strings.Split("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰春梅建国志文海燕晓红云飞雪琳宇浩佳欣子涵梓轩思怡", "")
	districts = strings.Fields(`黄浦区 徐汇区 长宁区 静安区 普陀区 虹口区 杨浦区 闵行区 宝山区 嘉定区 浦东新区 金山区 松江区 青浦区 奉贤区 崇明区`)
	wide      = strings.Split("０１２３４５６７８９", "")
)

// Generate writes a CSV file with the columns number, name and district: made-up
// Chinese mobile numbers over all carriers, each once, in no order. Dirt is, in
// equal shares, a number that was there before, a number that is none, no
// number, full-width digits, +86 in front, and spaces inside. The numbers may
// belong to somebody: they are for rehearsals without a carrier.
func Generate(w io.Writer, o GenerateOptions) error {
	g, err := newGenerator(o)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, bufferSize), "number,name,district\n"...)
	for i := range o.Count {
		b = g.row(b, uint64(i))
		if len(b) > bufferSize-1024 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err = w.Write(b)
	return err
}

type generator struct {
	random                           *rand.PCG
	offset                           uint64
	dirty                            uint64 // of 1<<32
	surnames, given, districts, wide []string
}

func newGenerator(o GenerateOptions) (*generator, error) {
	if o.Count < 0 || uint64(o.Count) > numbers/2 || !(o.Dirty >= 0 && o.Dirty <= 1) {
		return nil, fmt.Errorf("cannot make up %d rows with a share of %v dirt", o.Count, o.Dirty)
	}
	g := &generator{
		random: rand.NewPCG(o.Seed, 0x746F6373696E), dirty: uint64(o.Dirty * (1 << 32)),
		surnames: surnames, given: given, districts: districts, wide: wide,
	}
	g.offset = g.random.Uint64() % numbers
	switch strings.ToLower(o.Encoding) {
	case "", "utf-8", "utf8":
		return g, nil
	case "gb18030", "gbk", "gb2312":
	default:
		return nil, fmt.Errorf("unknown encoding %q: utf-8 or gb18030", o.Encoding)
	}
	for _, list := range []*[]string{&g.surnames, &g.given, &g.districts, &g.wide} {
		encoded := make([]string, len(*list))
		for i, s := range *list {
			var err error
			if encoded[i], err = simplifiedchinese.GB18030.NewEncoder().String(s); err != nil {
				return nil, fmt.Errorf("encode made-up names: %w", err)
			}
		}
		*list = encoded
	}
	return g, nil
}

var numbers = uint64(len(prefixes)) * 1_0000_0000

// stride walks over all numbers without order, each once: it has no divisor in
// common with their count.
const stride = 2_904_633_859

// digits appends the i-th number: another one for each i below numbers.
func (g *generator) digits(b []byte, i uint64) []byte {
	n := (i%numbers*stride + g.offset) % numbers
	b = append(b, prefixes[n%uint64(len(prefixes))]...)
	n /= uint64(len(prefixes))
	for div := uint64(1000_0000); div > 0; div /= 10 {
		b = append(b, '0'+byte(n/div%10))
	}
	return b
}

func (g *generator) row(b []byte, i uint64) []byte {
	r := g.random.Uint64()
	if r>>32 < g.dirty {
		b = g.dirt(b, i)
	} else {
		b = g.digits(b, i)
	}
	b = append(b, ',')
	b = append(b, g.surnames[r&0xFF%uint64(len(g.surnames))]...)
	b = append(b, g.given[r>>8&0xFF%uint64(len(g.given))]...)
	if r>>16&3 != 0 {
		b = append(b, g.given[r>>18&0x3F%uint64(len(g.given))]...)
	}
	b = append(b, ',')
	b = append(b, g.districts[r>>24&0xFF%uint64(len(g.districts))]...)
	return append(b, '\n')
}

func (g *generator) dirt(b []byte, i uint64) []byte {
	r := g.random.Uint64()
	var room [16]byte
	number := g.digits(room[:0], i)
	switch r % 6 {
	case 0: // there before, unless that row was dirt itself
		return g.digits(b, (r>>8)%max(i, 1))
	case 1:
		switch r >> 8 % 4 {
		case 0:
			return append(b, number[:10]...)
		case 1:
			return append(append(b, number...), '0')
		case 2:
			return append(append(b, "12"...), number[2:]...)
		}
		return append(append(b, number[:8]...), "abc"...)
	case 2:
		return b
	case 3:
		for _, c := range number {
			b = append(b, g.wide[c-'0']...)
		}
		return b
	case 4:
		return append(append(b, "+86"...), number...)
	}
	b = append(append(b, ' '), number[:3]...)
	b = append(append(b, ' '), number[3:7]...)
	return append(append(append(b, ' '), number[7:]...), ' ')
}
