// Package rooms holds no code: its test keeps the order of the packages. Each
// package may import only the rooms below it that it is allowed to know.
package rooms
