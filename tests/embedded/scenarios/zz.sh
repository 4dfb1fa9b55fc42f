. "$(dirname "$0")/../lib.sh"
must network_start
daemon_configure
must daemon_start
must guest_start 1 stock ${Q:-2}
in_ns g1 ping -c3 -W1 10.9.0.1; ngctl stats; $XENSIM stats; ip -s link show vif1.0; in_ns g1 ip -s link show eth0;  in_ns outside ip n; in_ns g1 ip n; guest_sum 1 .tx_packets; cat $DIR/guest-1.json
cat $DIR/netback-ngd.log
echo ok x >&3
