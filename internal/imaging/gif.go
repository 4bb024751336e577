package imaging

import (
	"encoding/binary"

	"rookery/internal/fault"
)

// gifFile is a GIF taken apart into the blocks worth keeping (GIF89a, section
// 12 to 26). Pixels stay compressed: an animation is not decoded as a whole,
// which would take gigabytes, but put together again from checked blocks.
type gifFile struct {
	width, height int
	head          []byte // header, screen descriptor, global colours
	loop          []byte // normalised NETSCAPE2.0 block, or nil
	frames        []gifFrame
}

type gifFrame struct {
	control []byte // graphic control extension before the frame, or nil
	image   []byte // descriptor, local colours, pixels
}

// parseGIF walks over the blocks. Comments, plain text, and application data
// other than the loop count (XMP among them) are left out, and so is everything
// behind the trailer. It stops counting at maxFrames.
func parseGIF(data []byte, maxFrames int) (*gifFile, error) {
	if len(data) < 13 {
		return nil, errDamaged
	}
	g := &gifFile{
		width:  int(binary.LittleEndian.Uint16(data[6:])),
		height: int(binary.LittleEndian.Uint16(data[8:])),
	}
	at := 13 + colourTable(data[10])
	if at > len(data) {
		return nil, errDamaged
	}
	g.head = data[:at]
	var control []byte
	for at < len(data) {
		var end int
		switch data[at] {
		case 0x21: // extension
			if at+2 > len(data) {
				return nil, errDamaged
			}
			if end = skipBlocks(data, at+2); end < 0 {
				return nil, errDamaged
			}
			block := data[at:end]
			if block[1] == 0xf9 && len(block) == 8 {
				control = block
			} else if loop := loopBlock(block); loop != nil && g.loop == nil {
				g.loop = loop
			}
		case 0x2c: // image
			if end = g.frameEnd(data, at); end < 0 {
				return nil, errDamaged
			}
			if len(g.frames) == maxFrames {
				return nil, fault.Newf(fault.Invalid, "The animation has more than the %d frames this server allows.", maxFrames)
			}
			g.frames = append(g.frames, gifFrame{control: control, image: data[at:end]})
			control = nil
		case 0x3b: // trailer
			at = len(data)
			continue
		default:
			return nil, errDamaged
		}
		at = end
	}
	if len(g.frames) == 0 {
		return nil, errDamaged
	}
	return g, nil
}

// frameEnd returns the end of the image at at, or -1 when it is cut off or lies
// outside the screen.
func (g *gifFile) frameEnd(data []byte, at int) int {
	if at+11 > len(data) {
		return -1
	}
	d := data[at:]
	left, top := int(binary.LittleEndian.Uint16(d[1:])), int(binary.LittleEndian.Uint16(d[3:]))
	width, height := int(binary.LittleEndian.Uint16(d[5:])), int(binary.LittleEndian.Uint16(d[7:]))
	if width == 0 || height == 0 || left+width > g.width || top+height > g.height {
		return -1
	}
	pixels := at + 10 + colourTable(d[9])
	if pixels >= len(data) || data[pixels] < 2 || data[pixels] > 8 {
		return -1 // no or impossible LZW code size
	}
	return skipBlocks(data, pixels+1)
}

// colourTable returns the size of the table that packed flags announce.
func colourTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// skipBlocks returns the position behind the terminator of the data sub-blocks at at, or -1.
func skipBlocks(data []byte, at int) int {
	for at < len(data) {
		size := int(data[at])
		at += 1 + size
		if size == 0 {
			return at
		}
	}
	return -1
}

// loopBlock returns a rebuilt loop extension when block is one, else nil.
func loopBlock(block []byte) []byte {
	const head = "\x21\xff\x0bNETSCAPE2.0\x03\x01"
	if len(block) < len(head)+3 || string(block[:len(head)]) != head {
		return nil
	}
	return append(append([]byte{}, block[:len(head)+2]...), 0)
}

// bytes puts the file together again: the first n frames of it.
func (g *gifFile) bytes(n int) []byte {
	size := len(g.head) + len(g.loop) + 1
	for _, f := range g.frames[:n] {
		size += len(f.control) + len(f.image)
	}
	out := make([]byte, 0, size)
	out = append(out, "GIF89a"...)
	out = append(out, g.head[6:]...)
	if n > 1 {
		out = append(out, g.loop...)
	}
	for _, f := range g.frames[:n] {
		out = append(out, f.control...)
		out = append(out, f.image...)
	}
	return append(out, 0x3b)
}

// readGIF checks a GIF's structure and counts its frames.
func (h *header) readGIF(data []byte, limits Limits) error {
	g, err := parseGIF(data, limits.Frames)
	if err != nil {
		return err
	}
	h.width, h.height, h.frames = g.width, g.height, len(g.frames)
	// What a reader's browser has to paint, not what we decode.
	const screens = 16
	if int64(h.width)*int64(h.height)*int64(h.frames) > screens*int64(limits.Pixels) {
		return fault.New(fault.Invalid, "The animation is too large. Make it smaller or shorter.")
	}
	return nil
}
