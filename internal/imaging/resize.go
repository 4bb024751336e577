package imaging

import (
	"image"
	"image/draw"
	"math"
)

// resize scales the part crop of src to width × height with the Catmull-Rom
// kernel, in premultiplied colour.
//
// golang.org/x/image/draw has the same kernel, but its buffer takes 32 bytes for
// every pixel of target width × source height: half a gigabyte for one large
// photo. This one keeps only the source rows under the kernel.
func resize(src image.Image, crop image.Rectangle, width, height int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	columns := weigh(crop.Dx(), width)
	rows := weigh(crop.Dy(), height)
	keep := 0
	for _, r := range rows {
		keep = max(keep, len(r.factor))
	}
	ring := make([][]float32, keep) // row y of the source, scaled across, is at y % keep
	for i := range ring {
		ring[i] = make([]float32, 4*width)
	}
	line := image.NewRGBA(image.Rect(0, 0, crop.Dx(), 1))
	sum := make([]float32, 4*width)
	next := 0
	for y, r := range rows {
		for ; next < r.first+len(r.factor); next++ {
			if next < r.first {
				continue
			}
			draw.Draw(line, line.Rect, src, image.Pt(crop.Min.X, crop.Min.Y+next), draw.Src)
			scaleAcross(ring[next%keep], line.Pix, columns)
		}
		clear(sum)
		for i, f := range r.factor {
			for x, v := range ring[(r.first+i)%keep] {
				sum[x] += f * v
			}
		}
		store(dst.Pix[y*dst.Stride:], sum)
	}
	return dst
}

// weights says which source samples make one target sample.
type weights struct {
	first  int
	factor []float32
}

// weigh computes the weights of each of to samples made from from samples.
func weigh(from, to int) []weights {
	scale := float64(from) / float64(to)
	stretch := max(scale, 1) // when shrinking, the kernel widens to cover all samples
	out := make([]weights, to)
	for i := range out {
		centre := (float64(i)+0.5)*scale - 0.5
		first := max(int(math.Ceil(centre-2*stretch)), 0)
		last := min(int(math.Floor(centre+2*stretch)), from-1)
		factor := make([]float32, last-first+1)
		total := 0.0
		for j := range factor {
			v := catmullRom((float64(first+j) - centre) / stretch)
			factor[j] = float32(v)
			total += v
		}
		for j := range factor {
			factor[j] /= float32(total)
		}
		out[i] = weights{first: first, factor: factor}
	}
	return out
}

func catmullRom(t float64) float64 {
	t = math.Abs(t)
	switch {
	case t < 1:
		return (1.5*t-2.5)*t*t + 1
	case t < 2:
		return ((-0.5*t+2.5)*t-4)*t + 2
	}
	return 0
}

func scaleAcross(dst []float32, pix []byte, columns []weights) {
	for x, c := range columns {
		var r, g, b, a float32
		at := 4 * c.first
		for _, f := range c.factor {
			p := pix[at : at+4 : at+4]
			r += f * float32(p[0])
			g += f * float32(p[1])
			b += f * float32(p[2])
			a += f * float32(p[3])
			at += 4
		}
		d := dst[4*x : 4*x+4 : 4*x+4]
		d[0], d[1], d[2], d[3] = r, g, b, a
	}
}

// store rounds a row. The kernel overshoots at edges: colour must stay within
// alpha, or it is no premultiplied colour.
func store(dst []byte, row []float32) {
	for x := 0; x < len(row); x += 4 {
		a := min(max(row[x+3], 0), 255)
		for c := range 3 {
			dst[x+c] = byte(min(max(row[x+c], 0), a) + 0.5)
		}
		dst[x+3] = byte(a + 0.5)
	}
}

// fit returns the largest size of the same shape with at most limit pixels.
func fit(width, height, limit int) (int, int) {
	if width*height <= limit {
		return width, height
	}
	scale := math.Sqrt(float64(limit) / (float64(width) * float64(height)))
	w := min(max(int(float64(width)*scale), 1), limit)
	h := min(max(int(float64(height)*scale), 1), limit/w)
	return w, h
}

// fill returns the largest centred part of r that has the shape width × height.
func fill(r image.Rectangle, width, height int) image.Rectangle {
	w, h := r.Dx(), r.Dy()
	if w*height > h*width {
		w = max(h*width/height, 1)
	} else {
		h = max(w*height/width, 1)
	}
	min := image.Pt(r.Min.X+(r.Dx()-w)/2, r.Min.Y+(r.Dy()-h)/2)
	return image.Rectangle{Min: min, Max: min.Add(image.Pt(w, h))}
}

// orient turns an image as its EXIF orientation (1 to 8) asks.
func orient(src image.Image, orientation int) image.Image {
	if orientation <= 1 || orientation > 8 {
		return src
	}
	from := toRGBA(src)
	w, h := from.Rect.Dx(), from.Rect.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := oriented(orientation, x, y, w, h)
			copy(dst.Pix[dst.PixOffset(x, y):][:4], from.Pix[from.PixOffset(sx, sy):][:4])
		}
	}
	return dst
}

// oriented returns where in the stored image the pixel x, y of the w × h image
// to be shown is (EXIF 2.32, 4.6.4.A, Orientation).
func oriented(orientation, x, y, w, h int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, w - 1 - x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return h - 1 - y, x
	}
	return x, y
}

// toRGBA copies src into an RGBA image whose origin is 0, 0.
func toRGBA(src image.Image) *image.RGBA {
	if m, ok := src.(*image.RGBA); ok && m.Rect.Min == (image.Point{}) {
		return m
	}
	b := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(dst, dst.Rect, src, b.Min, draw.Src)
	return dst
}
