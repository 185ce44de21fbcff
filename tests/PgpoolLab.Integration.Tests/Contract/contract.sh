#!/bin/bash
# Makes a lab with $PGPOOL_SETUP in the current, empty folder and looks at it from outside, as Pgpool-II's regression
# tests do. Prints what it finds, a line each: key, tab, value. It judges nothing.
#
# Called with: mode, port, port of node 0, more options. PGBIN: PostgreSQL's programs; PCP: Pgpool-II's.
mode=$1 port=$2 pg=$3
shift 3
pcp=$((port + 1))
me=$(whoami)
export PGHOST=localhost PATH=$PGBIN:$PATH
exec 3>&1 4>&2 >>contract.log 2>&1
mv contract.log ../contract.log

fact() { printf '%s\t%s\n' "$1" "$(printf '%s' "$2" | tr '\n\t' '| ')" >&3; }
sql() { # port sql [database]
    PGCONNECT_TIMEOUT=5 psql -XAtq -p "$1" -d "${3-test}" -c "$2" 2>&1
}
nodes() { # status and role of each node, as Pgpool-II shows them
    PGCONNECT_TIMEOUT=5 psql -XAtq -F' ' -p "$port" -d test -c 'show pool_nodes' 2>/dev/null |
        awk '{ print $1, $4 }' | tr '\n' ','
}
# Pgpool-II before 4.3 has fewer columns.
roles() {
    PGCONNECT_TIMEOUT=5 psql -XAq -P footer=off -F' ' -p "$port" -d test -c 'show pool_nodes' 2>/dev/null |
        awk '
            NR == 1 { for (i = 1; i <= NF; i++) if ($i == "role") role = i; next }
            { print $1, $4, $role }
        ' | tr '\n' ','
}
until_true() { # seconds command...: the tenths of a second it took, or "never"
    local tries=0 limit=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt $limit ] || { echo never; return 1; }
        sleep 0.1
    done
    echo $tries
}
answers() { sql "$1" 'select 1' | grep -qx 1; }
pool_answers() { [ -n "$(nodes)" ]; }
nodes_are() { [ "$(nodes)" = "$1" ]; }
listens() { (exec 9<>"/dev/tcp/localhost/$1") 2>/dev/null; }
inserts() { psql -XAtq -p "$port" -d test -c "insert into proof (t) values ('$1')"; }
rows_are_same() { # on both nodes, sooner or later
    local query='select string_agg(t, null order by i) from proof'
    [ "$(sql "$pg" "$query")" = "$(sql $((pg + 1)) "$query")" ]
}
silent() { ! listens "$port" && ! listens "$pcp" && ! listens "$pg" && ! listens $((pg + 1)); }

# ---- 1, 2, 3: the process
# shellcheck disable=SC2086 # PGPOOL_SETUP is words
$PGPOOL_SETUP -m "$mode" -n 2 -p "$port" -pg "$pg" "$@" >../setup.out 2>../setup.err </dev/null
fact exit $?
fact output "$(cat ../setup.out)"
mkdir ../full && touch ../full/file
(
    cd ../full && $PGPOOL_SETUP -m "$mode" -n 2 -p "$port" -pg "$pg" >../refused.out 2>&1 </dev/null
    fact "exit in a full folder" $?
    fact "files in a full folder" "$(ls)"
)
fact "pid file after setup" "$(ls run)"
fact "silent after setup" "$(silent && echo yes)"
fact "status file" "$(cat log/pgpool_status)"

# ---- 4 to 7: startall
fact "executable" "$(for f in startall shutdownall pgpool_reload; do [ -x $f ] && printf '%s ' $f; done)"
fact "sh accepts" "$(for f in startall shutdownall pgpool_reload; do sh -n $f && printf '%s ' $f; done)"
fact "lines with pgpool.conf" "$(grep -c pgpool.conf startall)"
fact "starts pgpool with" "$(grep -o 'bin/pgpool -D -n -f' startall)"
echo MARK >>log/pgpool.log
sh ./startall
fact "answers after" "$(until_true 20 pool_answers)"
fact "marks in the log" "$(grep -c MARK log/pgpool.log)"
fact "nodes" "$(nodes)"
fact "roles" "$(roles)"
fact "databases" "$(
    for n in 0 1; do sql $((pg + n)) "select count(*) from pg_database where datname = 'test'" postgres; done
)"

# ---- 11, 12: bashrc.ports, pcppass, pcp
fact "bashrc.ports" "$(cat bashrc.ports)"
fact "mode of pcppass" "$(stat -c %a pcppass)"
fact "pcppass" "$(grep "^localhost:" pcppass)"
fact "variables" "$(
    . ./bashrc.ports
    echo "$PGPOOL_PORT $PCP_PORT $(cmp "$PCPPASSFILE" pcppass && echo same) $(sh -c 'echo $PGPOOL_PORT')"
)"
. ./bashrc.ports
fact "pcp by TCP" "$("$PCP/pcp_node_count" -w -h localhost -p "$PCP_PORT")"
fact "pcp by socket" "$("$PCP/pcp_node_count" -w -p "$PCP_PORT")"
fact "folder" "$(pwd)"

# ---- 13 to 15: etc
fact "etc" "$(ls etc | grep -v sh$)"
fact "last byte of pgpool.conf" "$(tail -c 1 etc/pgpool.conf | od -An -c | tr -d ' ')"
fact "includes in pgpool.conf" "$(grep -c '^ *include' etc/pgpool.conf)"
fact "pcp.conf" "$(grep "^$me:" etc/pcp.conf)"
fact "pool_passwd" "$(cat etc/pool_passwd)"
for setting in log_line_prefix log_per_node_statement logging_collector health_check_test pid_file_name logdir \
    work_dir health_check_period0 health_check_timeout0 health_check_max_retries0 health_check_retry_delay0 \
    backend_hostname0 backend_hostname1 backend_port1 backend_weight0 backend_flag0 backend_application_name1 \
    num_init_children max_pool failover_command follow_primary_command follow_master_command \
    recovery_1st_stage_command recovery_2nd_stage_command backend_clustering_mode enable_pool_hba \
    load_balance_mode; do
    fact "setting $setting" "$(psql -XAtq -p "$port" -d test -c "pgpool show $setting")"
done
fact "pool_hba.conf" "$(grep -v '^#' etc/pool_hba.conf | grep .)"
echo "log_per_node_statement = off" >>etc/pgpool.conf
./pgpool_reload
fact "the last setting wins after" "$(
    until_true 10 sh -c "psql -XAtq -p $port -d test -c 'pgpool show log_per_node_statement' | grep -qx off"
)"

# ---- 13: a copy of etc elsewhere
cp -r etc ../copy
mkdir ../copylog
printf 'port = %s\npcp_port = %s\npid_file_name = %s\n' \
    $((port + 20)) $((port + 21)) "'$(cd .. && pwd)/copy.pid'" >>../copy/pgpool.conf
(
    cd .. &&
        exec "$PCP/pgpool" -D -n -f copy/pgpool.conf -F copy/pcp.conf -a copy/pool_hba.conf >copylog/pgpool.log 2>&1
) &
fact "a copy of etc works" "$(until_true 20 answers $((port + 20)) >/dev/null && echo yes)"
"$PCP/pgpool" -f ../copy/pgpool.conf -m f stop
wait

# ---- 16 to 19: the clusters
for n in 0 1; do
    p=$((pg + n))
    fact "superuser $n" "$(sql $p "select current_user, rolsuper from pg_roles where rolname = current_user")"
    fact "extensions $n" "$(
        query="select string_agg(extname, ' ' order by extname) from pg_extension where extname like 'pgpool%'"
        for d in template1 test; do sql $p "$query" $d; done
    )"
    for s in wal_level archive_mode max_prepared_transactions max_wal_senders log_statement logging_collector \
        default_transaction_isolation hot_standby port; do
        fact "$s $n" "$(sql $p "show $s")"
    done
    fact "pg_hba $n" "$(grep -v '^#' data$n/pg_hba.conf | grep . | tr -s ' \t' ' ' | sed 's/ $//')"
    fact "scripts in data$n" "$(cd data$n && ls | grep -E '^(basebackup.sh|pgpool_remote_start|pgpool_recovery_pitr)$')"
done
fact "slots" "$(sql "$pg" "select slot_name from pg_replication_slots order by 1")"
fact "replication" "$(sql "$pg" "select application_name, state from pg_stat_replication")"
fact "archives" "$(ls archivedir 2>/dev/null)"
fact "scram by password" "$(
    sql "$port" "create role scram_user login password 'p'"
    PGPASSWORD=wrong psql -XAtq -p "$pg" -U scram_user -d test -c 'select 1' 2>&1 |
        grep -o 'password authentication failed' | head -1
)"

# ---- 10: -D forgets
# In raw mode the second node waits for the first to fail, and cannot be detached until then.
detached=1
[ "$mode" != n ] || detached=0
"$PCP/pcp_detach_node" -w -h localhost -p "$PCP_PORT" -n $detached
until_true 10 sh -c "psql -XAtq -F' ' -p $port -d test -c 'show pool_nodes' | grep '^$detached' | grep -q down"
fact "nodes with one detached" "$(nodes)"
./shutdownall
fact "pid file after shutdownall" "$(ls run)"
fact "silent after shutdownall" "$(silent && echo yes)"
./startall
until_true 20 pool_answers
fact "nodes after a restart" "$(nodes)"

# ---- 9: shutdownall bears what is stopped, and can be repeated
"$PGBIN/pg_ctl" -D data1 -m f stop
fact "relative path" $?
./shutdownall
fact "silent with a node stopped before" "$(silent && echo yes)"
./shutdownall
fact "silent the second time" "$(silent && echo yes)"

# ---- 8: startall goes on when a node does not start
mv data1 data1.away
./startall
fact "one node runs without the other" "$(until_true 20 answers "$pg" >/dev/null && echo yes)"
fact "Pgpool-II runs without the other" "$(until_true 30 listens "$port" >/dev/null && echo yes)"
mv data1.away data1
./shutdownall

# ---- 5: that one line alone, in the background
for n in 0 1; do "$PGBIN/pg_ctl" -w -D data$n -l log/alone start; done
{ echo 'dir=`pwd`'; grep pgpool.conf startall; } >pgpool.sh
fact "one line returns" "$(
    PGPOOL_INSTALL_DIR=${PGPOOL_INSTALL_DIR:-/usr} timeout 10 sh pgpool.sh >/dev/null 2>&1 && echo yes
)"
fact "one line alone works" "$(until_true 20 pool_answers >/dev/null && echo yes)"
./shutdownall

# ---- 6: without -D the file decides
cp startall startall.kept
sed -i 's/pgpool -D/pgpool/' startall
printf 'up\ndown\n' >log/pgpool_status
./startall
until_true 20 pool_answers
fact "nodes by the status file" "$(nodes)"
./shutdownall
mv startall.kept startall

# ---- 20 to 22: failover, online recovery from any node to any node
./startall
until_true 20 pool_answers
sql "$port" "create table proof (i serial primary key, t text default 'x')"
sql "$port" "insert into proof (t) values ('a')"
if [ "$mode" = s ] || [ "$mode" = r ] || [ "$mode" = i ]; then
    until_true 10 sh -c "psql -XAtq -p $((pg + 1)) -d test -c 'select 1 from proof'"
    "$PGBIN/pg_ctl" -D data0 -m i stop
    sql "$port" 'select 1'
    fact "node 1 took over" "$(until_true 60 inserts b >/dev/null && echo yes)"
    fact "roles after failover" "$(roles)"
    "$PCP/pcp_recovery_node" -w -h localhost -p "$PCP_PORT" -n 0
    fact "node 0 is back" "$(until_true 60 nodes_are '0 up,1 up,' >/dev/null && echo yes)"
    fact "insert with node 0 back" "$(until_true 20 inserts c >/dev/null && echo yes)"
    fact "rows on node 0 and 1" "$(
        until_true 60 rows_are_same >/dev/null
        query='select string_agg(t, null order by i), count(distinct i) = count(*) from proof'
        for n in 0 1; do sql $((pg + n)) "$query"; done
    )"
    "$PGBIN/pg_ctl" -D data1 -m i stop
    sql "$port" 'select 1'
    fact "node 0 took over" "$(until_true 60 inserts d >/dev/null && echo yes)"
    "$PCP/pcp_recovery_node" -w -h localhost -p "$PCP_PORT" -n 1
    fact "node 1 is back" "$(until_true 60 nodes_are '0 up,1 up,' >/dev/null && echo yes)"
    until_true 20 inserts e
    fact "rows at the end" "$(
        until_true 60 rows_are_same >/dev/null
        for n in 0 1; do sql $((pg + n)) 'select string_agg(t, null order by i) from proof'; done
    )"
    fact "nodes that are standbys" "$(for n in 0 1; do sql $((pg + n)) 'select pg_is_in_recovery()'; done)"
fi
fact "recovery log" "$(tail -n 40 ../contract.log log/recovery.log 2>/dev/null)"
./shutdownall
fact "silent at the end" "$(silent && echo yes)"
