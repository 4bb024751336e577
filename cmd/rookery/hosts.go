package main

import "net"

// portSuffix is what URLs need behind a host name: "" for port 80, else ":port".
func portSuffix(listen string) (string, error) {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", wrongUse("--listen %s is no address with a port, such as 127.0.0.1:8080", listen)
	}
	if port == "80" {
		return "", nil
	}
	return ":" + port, nil
}

// hostname is a host without its port.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}
