// Copyright: (c) 2026, the mothership.hcp authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command plugin-copy copies the files of one folder into another: a Velero plugin image runs it as an
// init container to hand its plugins to the server.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

var version = "unknown"

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintf(os.Stderr, "plugin-copy %s\nusage: plugin-copy SOURCE-FOLDER TARGET-FOLDER\n", version)
		os.Exit(2)
	}
	if err := copyFolder(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "plugin-copy:", err)
		os.Exit(1)
	}
}

func copyFolder(source, target string) error {
	entries, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		if err := copyFile(filepath.Join(source, entry.Name()), filepath.Join(target, entry.Name())); err != nil {
			return err
		}
		fmt.Println("copied", entry.Name())
	}
	return nil
}

// copyFile writes beside the target and renames, so that a plugin in use is never half written.
func copyFile(source, target string) error {
	input, err := os.Open(source)
	if err != nil {
		return err
	}
	defer input.Close()
	partial := target + ".partial"
	output, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(output, input); err != nil {
		output.Close()
		return err
	}
	if err := output.Close(); err != nil {
		return err
	}
	return os.Rename(partial, target)
}
