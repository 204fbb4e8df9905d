// A program whose old modules the demonstration finds in the executable; it is never run.
package main

import (
	"fmt"

	"golang.org/x/crypto/ssh"
	"golang.org/x/net/http2"
)

func main() {
	fmt.Println(http2.NextProtoTLS, ssh.KeyAlgoED25519)
}
