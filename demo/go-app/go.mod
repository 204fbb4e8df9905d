module example.com/demo

go 1.18

require (
	golang.org/x/crypto v0.6.0
	golang.org/x/net v0.7.0
)

require golang.org/x/text v0.7.0 // indirect
