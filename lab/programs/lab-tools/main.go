// Copyright: (c) 2026, the mothership.hcp authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command lab-tools is the workload that tests of a cluster run: a small HTTP server and client, a
// resolver and a sleeper in one static binary, so that an image needs no shell.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"syscall"
	"time"
)

const timeout = 5 * time.Second

var version = "unknown"

func main() {
	arguments := append(os.Args[1:], "", "")
	var err error
	switch arguments[0] {
	case "serve":
		err = serve(arguments[1])
	case "get":
		err = get(arguments[1])
	case "resolve":
		err = resolve(arguments[1])
	case "echo":
		fmt.Println(arguments[1])
	case "hostname":
		var name string
		name, err = os.Hostname()
		fmt.Println(name)
	case "sleep":
		err = sleep(arguments[1])
	default:
		fmt.Fprintf(os.Stderr, "lab-tools %s\nusage: lab-tools serve [ADDRESS] | get URL | resolve NAME | echo TEXT | hostname | sleep [DURATION]\n", version)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab-tools:", err)
		os.Exit(1)
	}
}

// serve answers every request with the host name (the pod's name) and logs it.
func serve(address string) error {
	if address == "" {
		address = ":8080"
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	handler := http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		log.Printf("%s %s from %s", request.Method, request.URL.Path, request.RemoteAddr)
		fmt.Fprintln(writer, name)
	})
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: timeout}
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ended.Done()
		_ = server.Close()
	}()
	log.Printf("serving on %s as %s", address, name)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func get(url string) error {
	client := &http.Client{Timeout: timeout}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}

func resolve(name string) error {
	limited, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(limited, name)
	if err != nil {
		return err
	}
	sort.Strings(addresses)
	for _, address := range addresses {
		fmt.Println(address)
	}
	return nil
}

// sleep waits for the duration, or until it is told to end.
func sleep(text string) error {
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if text == "" {
		<-ended.Done()
		return nil
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	select {
	case <-ended.Done():
	case <-time.After(length):
	}
	return nil
}
