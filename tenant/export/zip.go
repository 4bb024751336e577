package export

import (
	"compress/flate"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"math"
	"time"
)

// archive writes a ZIP file (APPNOTE.TXT 6.3.9) that can be put down after any write and
// taken up by another process: package archive/zip keeps the whole directory in memory and
// cannot. What it needs to go on is in its exported fields. Bytes gather in memory until
// take is called, and entries of the directory beside them, to be appended at the end.
//
// Every entry is deflated, pictures at level 0: a deflated stream says itself where it
// ends, so that readers that do not seek can read it too. Where the writer is put down
// within an entry, the stream is flushed to a whole byte, and whoever goes on begins a new
// block with an empty window.
type archive struct {
	Offset    int64  `json:"offset"` // bytes of the archive so far
	Entries   int64  `json:"entries"`
	Directory int64  `json:"directory"`         // bytes of the directory so far
	DirStart  int64  `json:"dir_start"`         // where the directory begins in the archive; 0: not yet
	Sum       []byte `json:"sum,omitempty"`     // state of the SHA-256 of all bytes so far
	Open      *entry `json:"open,omitempty"`    // the entry that is being written
	Modified  int64  `json:"modified,omitzero"` // Unix seconds, of every entry

	out, dir []byte
	packer   *flate.Writer
	idle     map[int]*flate.Writer // by level: one costs half a megabyte to make
	hash     hash.Hash
}

// entry is a file in the archive.
type entry struct {
	Name   string `json:"name"`
	Start  int64  `json:"start"`
	Size   int64  `json:"size"`
	Packed int64  `json:"packed"`
	CRC    uint32 `json:"crc"`
	Level  int    `json:"level"`
}

const (
	zipVersion   = 20
	zip64Version = 45
	zipFlags     = 0x8 | 0x800 // sizes follow the data; names are UTF-8
	zipDeflate   = 8
	unix         = 3
	fileMode     = 0o100644 << 16
	max32        = math.MaxUint32
)

// begin opens an entry.
func (a *archive) begin(name string, level int) {
	a.Open = &entry{Name: name, Start: a.Offset, Level: level}
	date, clock := dosTime(time.Unix(a.Modified, 0).UTC())
	h := binary.LittleEndian.AppendUint32(nil, 0x04034b50)
	h = appendShorts(h, zipVersion, zipFlags, zipDeflate, clock, date)
	h = append(h, make([]byte, 12)...) // sum and sizes follow
	h = appendShorts(h, uint16(len(name)), 0)
	a.emit(append(h, name...))
}

// write adds to the open entry.
func (a *archive) write(p []byte) error {
	e := a.Open
	if a.packer == nil {
		if err := a.begun(e.Level); err != nil {
			return fmt.Errorf("pack %s: %w", e.Name, err)
		}
	}
	e.CRC, e.Size = crc32.Update(e.CRC, crc32.IEEETable, p), e.Size+int64(len(p))
	_, err := a.packer.Write(p)
	return err
}

// begun readies a packer that knows nothing of what was packed before.
func (a *archive) begun(level int) (err error) {
	if a.packer = a.idle[level]; a.packer != nil {
		a.packer.Reset(packed{a})
		return nil
	}
	if a.packer, err = flate.NewWriter(packed{a}, level); err != nil {
		return err
	}
	if a.idle == nil {
		a.idle = make(map[int]*flate.Writer)
	}
	a.idle[level] = a.packer
	return nil
}

// packed takes what comes out of the packer.
type packed struct{ a *archive }

func (w packed) Write(p []byte) (int, error) {
	w.a.Open.Packed += int64(len(p))
	w.a.emit(p)
	return len(p), nil
}

func (a *archive) emit(p []byte) {
	a.out = append(a.out, p...)
	a.Offset += int64(len(p))
}

// end closes the open entry.
func (a *archive) end() error {
	if err := a.write(nil); err != nil { // so that there is a packer
		return err
	}
	if err := a.packer.Close(); err != nil {
		return err
	}
	e := a.Open
	d := binary.LittleEndian.AppendUint32(nil, 0x08074b50)
	d = binary.LittleEndian.AppendUint32(d, e.CRC)
	if e.is64() {
		d = binary.LittleEndian.AppendUint64(d, uint64(e.Packed))
		d = binary.LittleEndian.AppendUint64(d, uint64(e.Size))
	} else {
		d = binary.LittleEndian.AppendUint32(d, uint32(e.Packed))
		d = binary.LittleEndian.AppendUint32(d, uint32(e.Size))
	}
	a.emit(d)
	a.list(e)
	a.Open, a.packer = nil, nil
	a.Entries++
	return nil
}

// drop closes the open entry and leaves it out of the directory: an entry that the directory
// does not name is none (APPNOTE.TXT 4.3.12), though its bytes are there.
func (a *archive) drop() error {
	dir, listed, entries := a.dir, a.Directory, a.Entries
	err := a.end()
	a.dir, a.Directory, a.Entries = dir, listed, entries
	return err
}

func (e *entry) is64() bool { return e.Size >= max32 || e.Packed >= max32 }

// list adds a closed entry to the directory.
func (a *archive) list(e *entry) {
	date, clock := dosTime(time.Unix(a.Modified, 0).UTC())
	size, packed, start, version := uint32(e.Size), uint32(e.Packed), uint32(e.Start), uint16(zipVersion)
	var extra []byte
	if e.is64() || e.Start >= max32 {
		size, packed, start, version = max32, max32, max32, zip64Version
		extra = appendShorts(nil, 1, 24)
		for _, n := range []int64{e.Size, e.Packed, e.Start} {
			extra = binary.LittleEndian.AppendUint64(extra, uint64(n))
		}
	}
	h := binary.LittleEndian.AppendUint32(nil, 0x02014b50)
	h = appendShorts(h, unix<<8|version, version, zipFlags, zipDeflate, clock, date)
	h = appendWords(h, e.CRC, packed, size)
	h = appendShorts(h, uint16(len(e.Name)), uint16(len(extra)), 0, 0, 0)
	h = appendWords(h, fileMode, start)
	h = append(append(h, e.Name...), extra...)
	a.dir = append(a.dir, h...)
	a.Directory += int64(len(h))
}

// finish writes what stands behind the directory, once all of it is in the archive.
func (a *archive) finish() {
	end := a.Offset
	count, size, start := uint16(a.Entries), uint32(a.Directory), uint32(a.DirStart)
	if a.Entries >= math.MaxUint16 || a.Directory >= max32 || a.DirStart >= max32 {
		count, size, start = math.MaxUint16, max32, max32
		h := binary.LittleEndian.AppendUint32(nil, 0x06064b50)
		h = binary.LittleEndian.AppendUint64(h, 44) // what follows
		h = appendShorts(h, unix<<8|zip64Version, zip64Version)
		h = appendWords(h, 0, 0)
		for _, n := range []int64{a.Entries, a.Entries, a.Directory, a.DirStart} {
			h = binary.LittleEndian.AppendUint64(h, uint64(n))
		}
		h = appendWords(h, 0x07064b50, 0)
		h = binary.LittleEndian.AppendUint64(h, uint64(end))
		a.emit(appendWords(h, 1))
	}
	h := appendWords(nil, 0x06054b50)
	h = appendShorts(h, 0, 0, count, count)
	h = appendWords(h, size, start)
	a.emit(appendShorts(h, 0))
}

// take returns the bytes that have gathered, with those of the directory, and puts the
// writer down: from here on its exported fields are enough to go on.
func (a *archive) take() (out, dir []byte, err error) {
	if a.packer != nil {
		if err := a.packer.Flush(); err != nil {
			return nil, nil, err
		}
		a.packer = nil
	}
	if a.hash == nil {
		a.hash = sha256.New()
		if len(a.Sum) > 0 {
			if err := a.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(a.Sum); err != nil {
				return nil, nil, fmt.Errorf("go on with the sum: %w", err)
			}
		}
	}
	_, _ = a.hash.Write(a.out) // never fails
	if a.Sum, err = a.hash.(encoding.BinaryMarshaler).MarshalBinary(); err != nil {
		return nil, nil, err
	}
	out, dir = a.out, a.dir
	a.out, a.dir = nil, nil
	return out, dir, nil
}

// sum is the SHA-256 of all that was taken.
func (a *archive) sum() []byte { return a.hash.Sum(nil) }

func appendShorts(b []byte, list ...uint16) []byte {
	for _, n := range list {
		b = binary.LittleEndian.AppendUint16(b, n)
	}
	return b
}

func appendWords(b []byte, list ...uint32) []byte {
	for _, n := range list {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

// dosTime is a time as MS-DOS writes it, to two seconds.
func dosTime(t time.Time) (date, clock uint16) {
	return uint16(t.Day() + int(t.Month())<<5 + (t.Year()-1980)<<9), uint16(t.Second()/2 + t.Minute()<<5 + t.Hour()<<11)
}
