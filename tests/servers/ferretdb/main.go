// A MongoDB-wire server for the tests: FerretDB 1.24 over SQLite.
//
//	ferretdb <listen address> <data directory>
//
// Prints the address it listens on, and ends when its standard input ends: with the process that started it, however
// that ended.
//
// FerretDB 1.24 reads, compares and writes in steps of their own, so two findAndModify at once can both win. MongoDB
// runs each command as one. The front does so here: it lets one command at a time through.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/FerretDB/FerretDB/ferretdb"
)

const (
	headerBytes  = 16
	maxBytes     = 48_000_000
	opMsg        = 2013
	noReplyFlags = 1 << 1 // moreToCome: the sender waits for no reply
)

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	socket := filepath.Join(os.Args[2], "socket")
	// A killed server leaves its socket behind.
	_ = os.Remove(socket)
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: socket},
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:  "sqlite",
		// A kill loses nothing this way; only a power cut could.
		SQLiteURL: "file:" + os.Args[2] + "/?_pragma=synchronous(off)",
	})
	if err != nil {
		log.Fatal(err)
	}
	go front(listener, socket)
	fmt.Println(listener.Addr())

	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	if err := server.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

func front(listener net.Listener, socket string) {
	var turn sync.Mutex
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go relay(client, socket, &turn)
	}
}

// relay carries the commands of one connection until either side closes it.
func relay(client net.Conn, socket string, turn *sync.Mutex) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		command, err := readMessage(client)
		if err != nil {
			return
		}
		reply, err := ask(server, command, turn)
		if err != nil {
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

func ask(server net.Conn, command []byte, turn *sync.Mutex) ([]byte, error) {
	turn.Lock()
	defer turn.Unlock()
	if _, err := server.Write(command); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(command[12:]) == opMsg && command[headerBytes]&noReplyFlags != 0 {
		return nil, nil
	}
	return readMessage(server)
}

// readMessage reads one message of the wire protocol: a header that begins with the length of the whole.
func readMessage(from io.Reader) ([]byte, error) {
	header := make([]byte, headerBytes)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header)
	if length <= headerBytes || length > maxBytes {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	message := append(header, make([]byte, length-headerBytes)...)
	_, err := io.ReadFull(from, message[headerBytes:])
	return message, err
}
