package fetch

import "sync"

// perHost counts what is under way on each host.
type perHost struct {
	most  int
	mu    sync.Mutex
	count map[string]int
}

func (p *perHost) enter(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count[host] >= p.most {
		return false
	}
	p.count[host]++
	return true
}

func (p *perHost) leave(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count[host]--; p.count[host] == 0 {
		delete(p.count, host)
	}
}
