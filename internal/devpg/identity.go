package devpg

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// identity is the user Postgres runs as; a nil credential means ours.
type identity struct {
	uid, gid   int
	credential *syscall.Credential
}

// chooseIdentity returns who owns the cluster. Postgres refuses to run as
// root, so root steps down to the cluster's owner, else postgres, else nobody.
func chooseIdentity(lay layout) (identity, error) {
	me := identity{uid: os.Geteuid(), gid: os.Getegid()}
	owner, exists := ownerOf(lay.pgdata())
	if me.uid != 0 {
		if exists && owner.uid != me.uid {
			return identity{}, fmt.Errorf("the data in %s belongs to another user (id %d): "+
				"run as that user or as root, or choose another data folder", lay.root, owner.uid)
		}
		return me, nil
	}
	if exists && owner.uid != 0 {
		return stepDown(owner.uid, owner.gid), nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.Atoi(found.Uid)
		gid, errG := strconv.Atoi(found.Gid)
		if errU == nil && errG == nil && uid != 0 {
			return stepDown(uid, gid), nil
		}
	}
	return identity{}, fmt.Errorf("running as root, and Postgres refuses to: " +
		"there is neither a user postgres nor a user nobody to step down to")
}

func stepDown(uid, gid int) identity {
	return identity{uid: uid, gid: gid, credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// ownerOf tells who owns a file, and whether there is one.
func ownerOf(path string) (identity, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return identity{}, false
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, false
	}
	return identity{uid: int(sys.Uid), gid: int(sys.Gid)}, true
}

// makePrivate makes a folder that this identity alone can enter.
func (who identity) makePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	if who.credential == nil {
		return nil
	}
	if err := os.Chown(dir, who.uid, who.gid); err != nil {
		return fmt.Errorf("give %s to the Postgres user: %w", dir, err)
	}
	return nil
}
