// How a worker says what it found: JSON, a line for each check; where it meets the others, it waits for a line until all are there.

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

var (
	me      = number("WORKER")
	workers = number("WORKERS")
	wanted  = strings.Fields(os.Getenv("CHECKS"))
	input   = bufio.NewReader(os.Stdin)
)

func number(name string) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		panic(err)
	}
	return n
}

// check reports what `act` returns, or how it failed; either way the next one comes.
func check(name string, act func() any) {
	if !isWanted(name) {
		return
	}
	defer func() {
		if failure := recover(); failure != nil {
			say(map[string]any{"check": name, "failure": fmt.Sprint(failure)})
		}
	}()
	value := act()
	say(map[string]any{"check": name, "value": value})
}

func isWanted(name string) bool {
	for _, each := range wanted {
		if each == name {
			return true
		}
	}
	return false
}

func meet(name string) {
	say(map[string]any{"meet": name})
	if _, err := input.ReadString('\n'); err != nil {
		os.Exit(1)
	}
}

func say(what map[string]any) {
	line, err := json.Marshal(what)
	must(err)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func must1[T any](value T, err error) T {
	must(err)
	return value
}
