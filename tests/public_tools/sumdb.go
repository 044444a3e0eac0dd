// Verifies one C2SP tlog-proof with golang.org/x/mod/sumdb alone: the head's Ed25519 signature (sumdb/note) and the
// entry's inclusion under it (sumdb/tlog). Knows nothing of Banyan but that `extra` begins with a length and the entry.
//
// sumdb PROOF VERIFIER-KEY prints origin, index, size; exit code 1 with the reason where it does not hold.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := verify(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verify(path, key string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, signed, found := bytes.Cut(raw, []byte("\n\n"))
	lines := strings.Split(string(before), "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	extra, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil || len(extra) < 2 {
		return fmt.Errorf("extra: %v", err)
	}
	length := int(binary.BigEndian.Uint16(extra))
	if len(extra) < 2+length {
		return fmt.Errorf("extra is cut short")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	head := strings.Split(opened.Text, "\n") // origin, size, root
	if len(head) != 4 || head[0] != verifier.Name() {
		return fmt.Errorf("a head of another log")
	}
	size, err := strconv.ParseInt(head[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(head[2])
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(extra[2:2+length])); err != nil {
		return err
	}
	fmt.Println(head[0], index, size)
	return nil
}
