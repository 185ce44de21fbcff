# What ./pgpoollab, ./test and ./pack need to know of a machine. Sourced by them; POSIX sh.

# Installs packages of Debian or Ubuntu. What apt-get does is shown, and it is never ended: in a session of its own
# Ctrl+C does not reach it. One that was ended leaves the machine half configured.
apt() { # arguments of apt-get
    DEBIAN_FRONTEND=noninteractive setsid --wait apt-get "$@" </dev/null >&2
}

# True where apt knows what it could install. A fresh machine's does not before "apt-get update".
apt_has_lists() {
    for list in /var/lib/apt/lists/*_Packages*; do
        [ -e "$list" ] && return 0
    done
    return 1
}

# The SDK ends at once where ICU is not installed, unless it is told to do without.
has_icu() {
    for folder in /usr/lib /usr/lib64 /usr/lib/*-linux-* /lib /lib64 /usr/local/lib; do
        for library in "$folder"/libicuuc.so*; do
            [ -e "$library" ] && return 0
        done
    done
    { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | grep -q 'libicuuc\.so'
}

prepare_dotnet() {
    export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
    [ "$(uname -s)" = Linux ] && ! has_icu && export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
    return 0
}
