// A cable between two TUN devices that loses, delays, slows down and is cut. tests/servers/link.py starts it as
// `cable SEED FILE FILE`, the numbers of the two open devices, and writes changes to its standard input, one JSON
// object a line; each is answered with what the cable has carried so far. It ends when its input does.
package main

import (
	"bufio"
	"encoding/json"
	"math/rand"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	largestPacket = 65536
	tcp           = 6
	udp           = 17
	// What waits in a router that nobody tuned, so that a sender who is too fast notices by loss.
	queueTime  = 200 * time.Millisecond
	leastQueue = 64 * 1024
)

// Conditions are how the cable is now; a line of the input changes those that it names.
type Conditions struct {
	Loss      float64 `json:"loss"`
	DelayMs   float64 `json:"delay_ms"`
	BytesPerS float64 `json:"bytes_per_s"`
	UDP       bool    `json:"udp"`
	Cut       bool    `json:"cut"`
	// Bytes that it still carries, both ways together, before it is cut; negative where nothing will cut it.
	CutAfter int64 `json:"cut_after"`
}

// Carried counts one direction.
type Carried struct {
	Packets   int64 `json:"packets"`
	Bytes     int64 `json:"bytes"`
	Payload   int64 `json:"payload"`
	Lost      int64 `json:"lost"`
	Overflown int64 `json:"overflown"`
	Refused   int64 `json:"refused"`
	Cut       int64 `json:"cut"`
}

type cable struct {
	sync.Mutex
	Conditions
	ways [2]Carried
}

type waiting struct {
	packet []byte
	due    time.Time
}

func main() {
	seed, left, right := number(1), number(2), number(3)
	line := &cable{Conditions: Conditions{UDP: true, CutAfter: -1}}
	ends := [2]*os.File{os.NewFile(uintptr(left), "left"), os.NewFile(uintptr(right), "right")}
	for way := range ends {
		go line.carry(way, ends[way], ends[1-way], rand.New(rand.NewSource(seed+int64(way))))
	}
	input := bufio.NewScanner(os.Stdin)
	answer := json.NewEncoder(os.Stdout)
	for input.Scan() {
		line.Lock()
		err := json.Unmarshal(input.Bytes(), &line.Conditions)
		now := struct {
			Cut  bool       `json:"cut"`
			Ways [2]Carried `json:"ways"`
		}{line.Cut, line.ways}
		line.Unlock()
		if err != nil || answer.Encode(now) != nil {
			os.Exit(1)
		}
	}
}

// carry takes one direction's packets from one device to the other, in their order.
func (line *cable) carry(way int, from, to *os.File, chance *rand.Rand) {
	queue := make(chan waiting, 1<<14)
	go line.deliver(way, queue, to)
	buffer := make([]byte, largestPacket)
	var free time.Time // when the packet that was let in last has left
	for {
		size, err := from.Read(buffer)
		if err != nil {
			time.Sleep(5 * time.Millisecond) // the device is down
			continue
		}
		now := time.Now()
		line.Lock()
		due, enters := line.enters(way, buffer[:size], now, &free, chance)
		line.Unlock()
		if enters {
			queue <- waiting{append([]byte(nil), buffer[:size]...), due}
		}
	}
}

// enters says when the packet arrives, if nothing but a cut hinders it.
func (line *cable) enters(way int, packet []byte, now time.Time, free *time.Time, chance *rand.Rand) (time.Time, bool) {
	carried := &line.ways[way]
	switch {
	case line.Cut:
		carried.Cut++
		return now, false
	case !line.UDP && protocol(packet) == udp:
		carried.Refused++
		return now, false
	case line.Loss > 0 && chance.Float64() < line.Loss:
		carried.Lost++
		return now, false
	}
	due := now
	if line.BytesPerS > 0 {
		if free.Before(now) {
			*free = now
		}
		room := max(queueTime, seconds(leastQueue/line.BytesPerS))
		if free.Sub(now) > room {
			carried.Overflown++
			return now, false
		}
		*free = free.Add(seconds(float64(len(packet)) / line.BytesPerS))
		due = *free
	}
	return due.Add(seconds(line.DelayMs / 1000)), true
}

func (line *cable) deliver(way int, queue chan waiting, to *os.File) {
	for next := range queue {
		if wait := time.Until(next.due); wait > 0 {
			time.Sleep(wait)
		}
		line.Lock()
		arrives := line.arrives(way, next.packet)
		line.Unlock()
		if arrives {
			to.Write(next.packet) // fails where the device is down, as on a cable that was pulled
		}
	}
}

// arrives counts the packet, which may be the one that is cut off.
func (line *cable) arrives(way int, packet []byte) bool {
	carried, size := &line.ways[way], int64(len(packet))
	if line.CutAfter >= 0 && !line.Cut {
		if line.Cut = size > line.CutAfter; line.Cut {
			line.CutAfter = -1
		} else {
			line.CutAfter -= size
		}
	}
	if line.Cut {
		carried.Cut++
		return false
	}
	carried.Packets++
	carried.Bytes += size
	carried.Payload += payload(packet)
	return true
}

func protocol(packet []byte) byte {
	switch {
	case len(packet) >= 20 && packet[0]>>4 == 4:
		return packet[9]
	case len(packet) >= 40 && packet[0]>>4 == 6:
		return packet[6]
	}
	return 0
}

// payload is what a TCP segment over IPv4 carries besides headers.
func payload(packet []byte) int64 {
	if len(packet) < 40 || packet[0]>>4 != 4 || packet[9] != tcp {
		return 0
	}
	header := 4 * int(packet[0]&15)
	if len(packet) < header+20 {
		return 0
	}
	return int64(len(packet) - header - 4*int(packet[header+12]>>4))
}

func number(argument int) int64 {
	value, err := strconv.ParseInt(os.Args[argument], 10, 64)
	if err != nil {
		panic(err)
	}
	return value
}

func seconds(count float64) time.Duration {
	return time.Duration(count * float64(time.Second))
}
