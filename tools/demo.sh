#!/bin/sh
# The demo behind `make run`: a generated capture, its calls, and one of them as a ladder.
set -eu
siploom=$1
folder=$(dirname "$siploom")/demo
mkdir -p "$folder"
capture=$folder/demo.pcap
"$siploom" simulate --preset demo --calls 24 --seed 7 --truth "$folder/demo.truth.json" "$capture"
echo "\$ siploom calls demo.pcap"
"$siploom" calls "$capture"
echo
echo "\$ siploom show 'kind == call and state == completed' demo.pcap"
"$siploom" show 'kind == call and state == completed' "$capture"
echo
echo "Go on with:  $siploom show 2 $capture      $siploom grep 'status >= 400' $capture      $siploom stats $capture"
