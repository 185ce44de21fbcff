using System.Globalization;
using PgpoolLab.Hosts;

namespace PgpoolLab.Ssh;

/// <summary>Commands that every login shell runs alike: sh, bash, csh, fish. They begin <c>/bin/sh</c>, and nothing in
/// them means anything to csh (no <c>!</c>, no line break) or to fish (no <c>\'</c>) between its quotes.</summary>
internal static class RemoteScript
{
    /// <summary>Exit codes, of which no shell makes use.</summary>
    internal const int NotThere = 97,
        NotWritten = 98,
        Damaged = 99,
        DoesNotRun = 96;

    /// <summary>A path of that host; <c>~/</c> is its home. The dot keeps line breaks at its end.</summary>
    private const string PathOfFirst =
        """f=$(printf %b. "$1"); f=${f%.}; case $f in "~/"*) f=$HOME/${f#"~/"};; esac; """;

    // What a shell has printed when it started may not have ended its line.
    private const string BeginInstalled = PathOfFirst + """echo; exec "$f" agent "$2" """;

    // A copy that was cut short by a power failure has another length. The folder's time says when it was used last.
    private const string BeginCopied =
        PathOfFirst
        + """p=$f/$2/pgpoollab; echo; if [ -x "$p" ] && [ "$(($(wc -c <"$p")))" = "$4" ]; """
        + """then touch -c "$f/$2" 2>/dev/null; exec "$p" agent "$3"; fi; """
        + """echo "$3 $(uname -s) $(uname -m) $(getconf GNU_LIBC_VERSION 2>/dev/null)"; exit 97""";

    private const string Copy =
        PathOfFirst
        + """umask 077; d=$f/$2; mkdir -p "$d" && chmod 700 "$d" || exit 98; t=$d/.new.$$; """
        + """gone() { rm -f "$t"; }; trap gone 0; trap "exit 98" 1 2 15; """
        + """cat >"$t" && chmod 700 "$t" || exit 98; """
        + """h=$(sha256sum <"$t") || exit 99; [ "${h%% *}" = "$2" ] || exit 99; """
        + """ "$t" agent try </dev/null >/dev/null || exit 96; """
        + """sync "$t" 2>/dev/null || sync; mv -f "$t" "$d/pgpoollab" || exit 98; """
        + RemoveOld;

    // Of other versions, those that nobody has used for 30 days and that do not run: a folder called by a hash, in it
    // our two kinds of files. Without /proc nobody knows what runs.
    private const string RemoveOld =
        """[ -e /proc/self/exe ] || exit 0; for o in "$f"/*; do """
        + """expr "${o##*/}" : "[0-9a-f]\{64\}$" >/dev/null || continue; """
        + """if [ "$o" = "$d" ] || [ -h "$o" ]; then continue; fi; """
        + """[ "$(find "$o" -prune -type d -mtime +30 2>/dev/null)" ] || continue; """
        + """u=; for e in /proc/[0-9]*/exe; do if [ "$e" -ef "$o/pgpoollab" ]; then u=1; fi; done; """
        + """[ "$u" ] || { rm -f "$o/pgpoollab" "$o"/.new.*; rmdir "$o"; } 2>/dev/null; done; exit 0""";

    /// <summary>Begins a program that is there.</summary>
    internal static string Begin(InstalledAgent agent, string mark) => Sh(BeginInstalled, agent.Path, mark);

    /// <summary>Begins a copy; where there is none yet, or one of another length, it says after the mark what the host
    /// is, and ends with <see cref="NotThere"/>.</summary>
    internal static string Begin(CopiedAgent agent, string mark) =>
        Sh(
            BeginCopied,
            agent.Folder,
            agent.Facts.Hash,
            mark,
            agent.Facts.Length.ToString(CultureInfo.InvariantCulture)
        );

    /// <summary>Writes its standard input where <see cref="Begin(CopiedAgent, string)"/> looks for it, whole or not at
    /// all, and removes copies of other versions that are not in use any more.</summary>
    internal static string Write(CopiedAgent agent) => Sh(Copy, agent.Folder, agent.Facts.Hash);

    private static string Sh(string script, string path, params string[] words) =>
        $"exec /bin/sh -c '{script}' sh {Shell.Encode(path)} {string.Join(' ', words)}";
}
