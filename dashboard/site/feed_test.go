package site_test

import (
	"bytes"
	"encoding/xml"
	"testing"
	"time"

	"rookery/dashboard/site"
)

func TestFeed(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 11, 4, 0, 0, time.UTC)
	var out bytes.Buffer
	err := site.WriteFeed(&out, site.FeedView{
		Title: "Acme <Support>", Link: "https://social.acme.example/@support", Self: "https://social.acme.example/@support/feed.rss",
		Description: "Help & parts\x00", Version: "0.1",
		Posts: []site.FeedPost{
			{Tags: []string{"fell3"}, Post: site.Post{URL: "https://social.acme.example/@support/2", At: at,
				Content: "<p>a ]]> b \x0b c &amp; d</p>",
				Media: []site.Media{
					{Kind: site.Image, URL: "https://media.example/w.png", Type: "image/png", Size: 1234, Alt: "A <wheel>"},
					{Kind: site.Loop, URL: "https://media.example/l.mp4", Type: "video/mp4", Size: 99},
				}}},
			{Post: site.Post{URL: "https://social.acme.example/@support/1", At: at.Add(-time.Hour), Warning: "Recall", Content: "<p>x</p>"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Channel struct {
			Title       string `xml:"title"`
			Description string `xml:"description"`
			Items       []struct {
				GUID        string `xml:"guid"`
				Title       string `xml:"title"`
				PubDate     string `xml:"pubDate"`
				Description string `xml:"description"`
				Category    string `xml:"category"`
				Enclosure   []struct {
					URL    string `xml:"url,attr"`
					Length int    `xml:"length,attr"`
					Type   string `xml:"type,attr"`
				} `xml:"enclosure"`
				Media []struct {
					Medium      string `xml:"medium,attr"`
					Description string `xml:"http://search.yahoo.com/mrss/ description"`
				} `xml:"http://search.yahoo.com/mrss/ content"`
			} `xml:"item"`
		} `xml:"channel"`
	}
	if err := xml.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("the feed cannot be read: %v\n%s", err, out.String())
	}
	c := got.Channel
	if c.Title != "Acme <Support>" || c.Description != "Help & parts" || len(c.Items) != 2 {
		t.Fatalf("channel %+v", c)
	}
	first := c.Items[0]
	if first.Description != "<p>a ]]> b  c &amp; d</p>" {
		t.Errorf("content %q", first.Description)
	}
	if first.GUID != "https://social.acme.example/@support/2" || first.PubDate != "Fri, 20 Nov 2026 11:04:00 +0000" || first.Category != "fell3" {
		t.Errorf("item %+v", first)
	}
	if len(first.Enclosure) != 1 || first.Enclosure[0].URL != "https://media.example/w.png" || first.Enclosure[0].Length != 1234 {
		t.Errorf("enclosures %+v, want the first file alone", first.Enclosure)
	}
	if len(first.Media) != 2 || first.Media[0].Description != "A <wheel>" || first.Media[1].Medium != "video" {
		t.Errorf("media %+v", first.Media)
	}
	if c.Items[1].Title != "CW: Recall" {
		t.Errorf("title of a post with a warning: %q", c.Items[1].Title)
	}
}
