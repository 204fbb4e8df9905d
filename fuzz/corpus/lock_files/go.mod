jmodule example.org/a

go 1.21

require (
	golang.org/x/text v0.3.0 // indirect
	"b.org/c" v1.0.0
)
replace golang.org/x/text => ./text
exclude b.org/c v0.9.0
