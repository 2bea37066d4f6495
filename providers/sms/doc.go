// Package sms is Tocsin's vocabulary: numbers, texts ready for the air, states
// and what a carrier answers. Every other package speaks these words.
//
// It knows no protocol, no campaign, no database and no rate; it imports
// nothing of Tocsin.
package sms
