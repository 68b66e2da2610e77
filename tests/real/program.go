// Goroutines, preemption by signals, panics, a child.
package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"sync"
)

func work(n int) (sum float64) {
	for i := 1; i <= n; i++ {
		sum += math.Sqrt(float64(i))
	}
	return
}

func main() {
	results := make([]float64, 100)
	var wait sync.WaitGroup
	for i := range results {
		wait.Add(1)
		go func(i int) { defer wait.Done(); results[i] = work(10000 * (i % 10)) }(i)
	}
	wait.Wait()
	sum := 0.0
	for _, x := range results {
		sum += x
	}
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var nothing *int
		fmt.Println(*nothing)
	}()
	out, err := exec.Command("/bin/echo", "child").Output()
	fmt.Printf("%.3f %s %v\n", sum, out, err)
	os.Exit(3)
}
