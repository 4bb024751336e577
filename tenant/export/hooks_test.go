package export

import "compress/flate"

// Archive is the writer of ZIP files for tests: they make sizes that no test can write.
type Archive struct{ archive }

// Add writes a file.
func (a *Archive) Add(name, body string) error {
	a.begin(name, flate.NoCompression)
	if err := a.write([]byte(body)); err != nil {
		return err
	}
	return a.end()
}

// AddHoled writes a file that claims hole bytes more than it has, packed and unpacked.
func (a *Archive) AddHoled(name, body string, hole int64) error {
	a.begin(name, flate.NoCompression)
	if err := a.write([]byte(body)); err != nil {
		return err
	}
	a.Open.Size, a.Open.Packed, a.Offset = a.Open.Size+hole, a.Open.Packed+hole, a.Offset+hole
	return a.end()
}

// Drop begins a file and leaves it out.
func (a *Archive) Drop(name, body string) error {
	a.begin(name, flate.NoCompression)
	if err := a.write([]byte(body)); err != nil {
		return err
	}
	return a.drop()
}

// Bytes ends the archive. Without holes they are the archive; with them, what was written.
func (a *Archive) Bytes() ([]byte, error) {
	a.DirStart = a.Offset
	a.emit(a.dir)
	a.finish()
	out, _, err := a.take()
	return out, err
}
