package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
	"rookery/tenant/access"
)

// FileField is the field of a form that carries a picture.
const FileField = "file"

var errLarge = fault.Newf(fault.TooLarge, "A picture has at most %d MB.", MaxUpload>>20)

// SignedUpload reads a form with a picture that was rendered for a session, and refuses any
// other. Without a picture the bytes are nil. The route is framed by Uploads.
func SignedUpload(c echo.Context, session *access.Session) (url.Values, []byte, error) {
	kind, params, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || kind != echo.MIMEMultipartForm {
		in, err := SignedForm(c, session)
		return in, nil, err
	}
	in, file, err := readParts(multipart.NewReader(c.Request().Body, params["boundary"]))
	if err != nil {
		return nil, nil, err
	}
	if err := access.CheckCSRF(session, in.Get(TokenField)); err != nil {
		return nil, nil, err
	}
	return in, file, nil
}

// readParts reads fields and the one file into memory: both are bounded, and nothing is
// written to a disk.
func readParts(r *multipart.Reader) (url.Values, []byte, error) {
	in, left := url.Values{}, int64(maxForm)
	var file []byte
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return in, file, nil
		}
		if err != nil {
			return nil, nil, partError(err)
		}
		limit, name := left, part.FormName()
		if name == FileField {
			limit = MaxUpload
		}
		data, err := io.ReadAll(io.LimitReader(part, limit+1))
		switch {
		case err != nil:
			return nil, nil, partError(err)
		case int64(len(data)) > limit && name == FileField:
			return nil, nil, errLarge
		case int64(len(data)) > limit:
			return nil, nil, errForm
		case name == FileField:
			if len(data) > 0 {
				file = data
			}
		default:
			left -= int64(len(data) + len(name))
			text := strings.ReplaceAll(string(data), "\r\n", "\n")
			in.Add(name, strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), ""))
		}
		if left < 0 {
			return nil, nil, errForm
		}
	}
}

func partError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fmt.Errorf("read a form with a picture: %w", err)
	}
	return errForm
}
