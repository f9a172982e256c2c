#!/bin/sh
# The demo behind `make run`: siploom serve with live simulated traffic, until Ctrl-C. DEMO=capture shows a capture in the terminal instead.
set -eu
siploom=$1
folder=$(dirname "$siploom")/demo
mkdir -p "$folder"

if [ "${DEMO:-serve}" = capture ]; then
  capture=$folder/demo.pcap
  "$siploom" simulate --preset demo --calls 24 --seed 7 --truth "$folder/demo.truth.json" "$capture"
  echo "\$ siploom calls demo.pcap"
  "$siploom" calls "$capture"
  echo
  echo "\$ siploom show 'kind == call and state == completed' demo.pcap"
  "$siploom" show 'kind == call and state == completed' "$capture"
  echo
  echo "Go on with:  $siploom show 2 $capture      $siploom grep 'status >= 400' $capture      $siploom stats $capture"
  exit 0
fi

log=$folder/serve.log
: > "$log"
# What an older build kept for the demo may be of no use to this one.
"$siploom" store stat --store "$folder/data/store" > /dev/null 2>&1 || rm -rf "$folder/data"
# Free ports when the usual ones are taken.
port_is_taken() { grep -qi ":$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp; }
listen=127.0.0.1:8080
hep=127.0.0.1:9060
port_is_taken 8080 && listen=127.0.0.1:0
port_is_taken 9060 && hep=127.0.0.1:0
"$siploom" serve --data "$folder/data" --listen "$listen" --hep "$hep" 2> "$log" &
serve=$!
traffic=""
trap 'kill -INT $serve $traffic 2>/dev/null; wait $serve 2>/dev/null; exit 0' INT TERM
tries=0
until grep -q "open http" "$log"; do
  kill -0 $serve 2>/dev/null || { cat "$log" >&2; exit 1; }
  tries=$((tries + 1))
  [ $tries -lt 100 ] || { cat "$log" >&2; exit 1; }
  sleep 0.1
done
hep=$(sed -n 's/.*taking HEP on \([^ ]*\) .*/\1/p' "$log" | head -n 1)
"$siploom" simulate --hep "udp:$hep" --rate 3 > "$folder/traffic.log" 2>&1 &
traffic=$!
url=$(sed -n 's/.*open \(http[^ ]*\).*/\1/p' "$log" | tail -n 1)
echo "siploom takes simulated traffic on $hep and keeps it in $folder/data."
echo
echo "    $url"
echo
echo "In another terminal:  $siploom query --store $folder/data/store -r      $siploom doctor --store $folder/data/store --hep $hep"
echo "A capture in the terminal instead:  make run DEMO=capture                       Ctrl-C ends it."
wait $serve
