# The hosts of `pgpoollab demo --hosts`: three network namespaces of this machine, each with a home, a /tmp and a /run
# of its own and an sshd, on a bridge without a way out. All of it hangs on one process: when that dies, however it
# dies, the kernel takes away every process, mount and interface. Nothing of the machine itself is changed.
#
#   sh -c TEXT sh enter PID PROGRAM USER VIP ARGS...   be that process, until process PID has ended; PROGRAM with ARGS
#                                                      lives in the network of the hosts, beside them
#   sh hosts.sh die K                                  host K loses its cable and all its processes at once
#   sh hosts.sh boot K                                 it is there again, with its files
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
base=/mnt net=10.98.76
fail() { echo "demo: $*" >&2; exit 1; }
home_of() { getent passwd "$1" | cut -d: -f6; }

enter() { # it becomes the process; whoever waits for it may be killed, and then this must end, too
    caller=$1
    shift
    (
        trap '' INT TERM HUP
        while kill -0 "$caller" && kill -0 $$; do sleep 0.2; done
        kill -0 "$caller" || kill -KILL $$
    ) </dev/null >/dev/null 2>&1 &
    exec unshare --mount --net --pid --ipc --fork --kill-child=KILL --mount-proc --propagation private \
        /bin/sh -c "$PGPOOLLAB_HOSTS" sh first "$@"
}

first() { # the first process in there: it waits for all whose parents have ended
    program=$1 user=$2 vip=$3
    shift 3
    prepare || fail "the hosts could not be made"
    HOME=$base/client XDG_STATE_HOME=$base/client/.state XDG_CACHE_HOME=$base/client/.cache XDG_CONFIG_HOME=$base/client
    export HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_CONFIG_HOME
    unset SSH_AUTH_SOCK PGPOOLLAB_HOSTS
    cd "$base/client" || exit 1
    "$base/bin/pgpoollab" "$@" &
    wait $!
    exit $?
}

prepare() {
    mount -t tmpfs -o mode=755 pgpoollab-demo $base &&
        mkdir -p $base/bin $base/keys $base/client/.ssh && chmod 700 $base/client $base/client/.ssh || return 1
    printf '%s\n' "$PGPOOLLAB_HOSTS" >$base/hosts.sh
    printf '%s\n%s\n' "$user" "$vip" >$base/about
    if [ -e "${program%/*}/pgpoollab.dll" ]; then
        cp -r "${program%/*}/." $base/bin
    else
        cp "$program" $base/bin/pgpoollab
    fi && chmod -R a+rX $base/bin || return 1
    # An account without a password may be locked for sshd; here it is not.
    sed "s/^$user:[!*]*:/$user:*:/" /etc/shadow >$base/keys/shadow && chmod 600 $base/keys/shadow || return 1
    ssh-keygen -q -t ed25519 -N '' -C demo -f $base/client/.ssh/id_ed25519 &&
        ssh-keygen -q -t ed25519 -N '' -C demo -f $base/keys/host &&
        cp $base/client/.ssh/id_ed25519.pub $base/authorized && chmod 644 $base/authorized || return 1
    ip link set lo up && ip link add br0 type bridge && ip addr add $net.254/24 dev br0 &&
        ip link set br0 up || return 1
    for k in 1 2 3; do
        name=$(echo abc | cut -c$k)
        printf 'Host %s\n HostName %s\n User %s\n ConnectTimeout 10\n' "$name" $net.$k "$user" \
            >>$base/client/.ssh/config
        printf '%s %s\n' $net.$k "$(cut -d' ' -f1,2 $base/keys/host.pub)" >>$base/client/.ssh/known_hosts
        mkdir $base/h$k && chown "$user:" $base/h$k && chmod 700 $base/h$k && boot $k || return 1
    done
    chmod 600 $base/client/.ssh/config $base/client/.ssh/known_hosts
}

boot() { # K
    k=$1
    rm -f $base/h$k.up
    unshare --mount --net --uts --propagation private /bin/sh $base/hosts.sh init $k </dev/null >$base/h$k.log 2>&1 &
    first=$!
    echo $first >$base/h$k.pid
    while [ "$(readlink /proc/$first/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do
        kill -0 $first 2>/dev/null || fail "host $k: $(cat $base/h$k.log)"
        sleep 0.02
    done
    ip link add v$k type veth peer name eth0 netns $first && ip link set v$k master br0 up ||
        fail "host $k has no cable"
    while [ ! -e $base/h$k.up ]; do
        kill -0 $first 2>/dev/null || fail "host $k: $(cat $base/h$k.log)"
        sleep 0.02
    done
    # Who looked for it just now waits for an answer to an old question, and says then that there is no way to it.
    ip neigh flush to $net.$k dev br0
    until [ -n "$(ssh-keyscan -T 2 -t ed25519 $net.$k 2>/dev/null)" ]; do
        kill -0 $first 2>/dev/null || fail "host $k: $(cat $base/h$k.log)"
        sleep 0.1
    done
}

init() { # K: the first process of a host
    set -e
    k=$1
    { read -r user; read -r vip; } <$base/about
    until ip link show dev eth0 >/dev/null 2>&1; do sleep 0.02; done
    hostname "$(echo abc | cut -c$k)"
    ip link set lo up
    ip addr add $net.$k/24 dev eth0
    ip link set eth0 up
    mount -t tmpfs -o mode=1777 tmp /tmp
    mount -t tmpfs -o mode=1777 tmp /var/tmp
    mount -t tmpfs -o mode=1777 shm /dev/shm
    mount -t tmpfs -o mode=755 run /run
    mkdir -p /run/sshd /run/lock
    mount --bind $base/h$k "$(home_of "$user")"
    mount --bind $base/keys/shadow /etc/shadow
    mount -t tmpfs -o mode=750 sudoers /etc/sudoers.d
    as_root="$user ALL=(root) NOPASSWD:"
    ip=$(command -v ip) its="$vip/24 dev eth0"
    cat >/etc/sudoers.d/pgpoollab <<END
$as_root $ip addr replace $its, $ip addr del $its, $(command -v arping) -U $vip -w 1 -I eth0
$as_root $(command -v nft)
END
    chmod 440 /etc/sudoers.d/pgpoollab
    cat >/run/sshd_config <<END
ListenAddress $net.$k
HostKey $base/keys/host
PidFile none
AuthorizedKeysFile $base/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
END
    until /usr/sbin/sshd -f /run/sshd_config; do sleep 0.1; done
    : >$base/h$k.up
    exec sleep 2147483647
}

die() { # K: first the cable, so that nobody hears anything of it any more
    k=$1
    ip link del v$k
    its=$(readlink /proc/"$(cat $base/h$k.pid)"/ns/net)
    [ -n "$its" ] || return 0
    while :; do
        left=
        for process in /proc/[0-9]*; do
            [ "$(readlink "$process/ns/net" 2>/dev/null)" = "$its" ] || continue
            kill -KILL "${process#/proc/}" 2>/dev/null
            left=1
        done
        [ -n "$left" ] || return 0
    done
}

"$@"
