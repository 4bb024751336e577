package imaging

import (
	"bytes"
	"encoding/binary"
)

// jpegInfo is what the markers of a JPEG tell besides its size.
type jpegInfo struct {
	orientation int
	scans       int
	progressive bool
}

// jpegSegments walks over the markers of a JPEG. It stops at the first thing
// that makes no sense; the decoder will say what is wrong.
func jpegSegments(data []byte) jpegInfo {
	info := jpegInfo{orientation: 1}
	seen := false
	for i := 2; i+4 <= len(data); {
		if data[i] != 0xff {
			i++ // entropy-coded data
			continue
		}
		marker := data[i+1]
		if marker == 0xff {
			i++ // fill byte
			continue
		}
		if marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd8) {
			i += 2 // stuffed byte or a marker without a length
			continue
		}
		if marker == 0xd9 {
			break
		}
		length := int(binary.BigEndian.Uint16(data[i+2:]))
		if length < 2 || i+2+length > len(data) {
			break
		}
		body := data[i+4 : i+2+length]
		switch marker {
		case 0xc2:
			info.progressive = true
		case 0xda:
			info.scans++
		case 0xe1:
			if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && !seen {
				seen = true
				info.orientation = tiffOrientation(tiff)
			}
		}
		i += 2 + length
	}
	return info
}

// pngOrientation reads the eXIf chunk of a PNG (PNG third edition, 11.3.4.3).
func pngOrientation(data []byte) int {
	for i := 8; i+12 <= len(data); {
		length := int64(binary.BigEndian.Uint32(data[i:]))
		if int64(i)+12+length > int64(len(data)) {
			break
		}
		kind, body := string(data[i+4:i+8]), data[i+8:i+8+int(length)]
		if kind == "eXIf" {
			return tiffOrientation(body)
		}
		i += 12 + int(length)
	}
	return 1
}

// webpOrientation reads the EXIF chunk of an extended WebP.
func webpOrientation(data []byte) int {
	for i := 12; i+8 <= len(data); {
		length := int64(binary.LittleEndian.Uint32(data[i+4:]))
		if int64(i)+8+length > int64(len(data)) {
			break
		}
		if string(data[i:i+4]) == "EXIF" {
			return tiffOrientation(bytes.TrimPrefix(data[i+8:i+8+int(length)], []byte("Exif\x00\x00")))
		}
		i += 8 + int(length+length&1)
	}
	return 1
}

// tiffOrientation reads tag 0x0112 of the first directory of a TIFF header, as
// EXIF 2.32 section 4.6.4 has it; 1 (as it is) when there is none.
func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	count := int64(order.Uint16(tiff[at:]))
	for n := int64(0); n < count; n++ {
		entry := at + 2 + 12*n
		if entry+12 > int64(len(tiff)) {
			return 1
		}
		const orientationTag, short = 0x0112, 3
		if order.Uint16(tiff[entry:]) != orientationTag || order.Uint16(tiff[entry+2:]) != short {
			continue
		}
		if v := int(order.Uint16(tiff[entry+8:])); v >= 1 && v <= 8 {
			return v
		}
		return 1
	}
	return 1
}
