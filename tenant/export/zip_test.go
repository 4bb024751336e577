package export_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"testing"

	"rookery/tenant/export"
)

// More files than the old format counts, read by somebody else's reader.
func TestAnArchiveOfVeryManyFiles(t *testing.T) {
	t.Parallel()
	const many = 70_000
	var a export.Archive
	for i := range many {
		if err := a.Add(fmt.Sprintf("f/%d", i), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if i == 7 {
			if err := a.Drop("f/7", "half of it"); err != nil {
				t.Fatal(err)
			}
		}
	}
	body, err := a.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(z.File) != many {
		t.Fatalf("%d files, %v", len(z.File), err)
	}
	for _, i := range []int{0, 7, 8, 65_534, 65_535, 65_536, many - 1} {
		wantFile(t, z.File[i], fmt.Sprintf("f/%d", i), fmt.Sprint(i))
	}
}

// holed is an archive with a hole of zeros that nobody wrote.
type holed struct {
	body       []byte
	from, hole int64
}

func (h holed) ReadAt(p []byte, at int64) (int, error) {
	for i := range p {
		switch x := at + int64(i); {
		case x < h.from:
			p[i] = h.body[x]
		case x < h.from+h.hole:
			p[i] = 0
		case x-h.hole < int64(len(h.body)):
			p[i] = h.body[x-h.hole]
		default:
			return i, io.EOF
		}
	}
	return len(p), nil
}

// A file of more than four gigabytes, and files behind it.
func TestAnArchiveOfVeryManyBytes(t *testing.T) {
	t.Parallel()
	const hole = 5 << 30
	var a export.Archive
	for _, err := range []error{a.Add("before", "first"), a.AddHoled("large", "begin", hole), a.Add("behind", "last")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	body, err := a.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	// Somewhere in the large file; where exactly is no matter to whoever reads the others.
	from := int64(bytes.Index(body, []byte("begin")) + 2)
	z, err := zip.NewReader(holed{body, from, hole}, int64(len(body))+hole)
	if err != nil || len(z.File) != 3 {
		t.Fatalf("%+v, %v", z, err)
	}
	if f := z.File[1]; f.UncompressedSize64 != hole+5 || f.CompressedSize64 < hole || f.ReaderVersion != 45 {
		t.Errorf("the large file is %d, packed %d, for readers of version %d", f.UncompressedSize64, f.CompressedSize64, f.ReaderVersion)
	}
	wantFile(t, z.File[0], "before", "first")
	wantFile(t, z.File[2], "behind", "last")
	if at, err := z.File[2].DataOffset(); err != nil || at < hole {
		t.Errorf("it is at %d, %v", at, err)
	}
}

func wantFile(t *testing.T, f *zip.File, name, want string) {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if f.Name != name || string(got) != want || err != nil {
		t.Errorf("%s is %q, want %s with %q: %v", f.Name, got, name, want, err)
	}
}
