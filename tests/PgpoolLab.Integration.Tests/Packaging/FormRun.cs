using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Integration.Tests;

/// <summary>What one form of the program said and wrote, to be compared with what another did.</summary>
public sealed partial class FormRun : IDisposable
{
    private readonly string _form;
    private readonly List<(string Own, string Neutral)> _names = [];
    private readonly List<(string Name, string Text)> _texts = [];

    public FormRun(string form)
    {
        _form = form;
        Sandbox = new Sandbox(Account.Plain, program: Forms.Program(form));
        Directory.CreateDirectory(Sandbox.Lab);
        Sandbox.Account.Own(Sandbox.Lab);
        _names.AddRange([(Sandbox.ProgramFolder, "<bin>"), (Path.GetDirectoryName(Sandbox.Home)!, "<sandbox>")]);
    }

    public Sandbox Sandbox { get; }

    /// <summary>The first of a block of free ports, for command lines that name them.</summary>
    public int Ports()
    {
        var first = FreePorts.Block();
        _names.AddRange(Enumerable.Range(0, 40).Select(i => ($"{first + i}", $"<port {i}>")));
        return first;
    }

    /// <summary>Runs a script in the lab's folder and keeps what it says.</summary>
    public async Task<Outcome> SayAsync(string script)
    {
        var outcome = await Sandbox.ShellAsync(script);
        _texts.AddRange([
            ($"$ {script}", $"{outcome.Output}\n--- {outcome.ExitCode}"),
            ($"$ {script} (talk)", outcome.Error),
        ]);
        return outcome;
    }

    /// <summary>Keeps every file that pgpoollab has written, with its mode.</summary>
    public void KeepFiles()
    {
        foreach (
            var manifest in Files(Sandbox.Lab).Where(f => Path.GetFileName(f) == "lab.json").Select(File.ReadAllText)
        )
        {
            _names.Add((LabId().Match(manifest).Groups[1].Value, "<lab>"));
            var ports = Port()
                .Matches(manifest)
                .Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))
                .Distinct()
                .Order();
            _names.AddRange(ports.Select((p, i) => ($"{p}", $"<port of the lab {i}>")));
        }

        _names.AddRange(
            Files(Sandbox.Lab)
                .Where(f => Path.GetFileName(f) == "pcppass")
                .SelectMany(File.ReadLines)
                .Select(l => l.Split(':')[3])
                .Where(p => p != Sandbox.Account.LabUser)
                .Distinct()
                .Select(p => (p, "<password>"))
        );
        _names.AddRange(
            Files(Sandbox.Lab)
                .Where(f => Path.GetFileName(f) == "pgpass")
                .SelectMany(File.ReadLines)
                .Select(l => l.Split(':')[^1])
                .Distinct()
                .Select(p => (p, "<password>"))
        );
        _names.AddRange(
            Files(Sandbox.Lab)
                .Where(f => Path.GetFileName(f) == ".pgpoolkey")
                .SelectMany(File.ReadLines)
                .Select(k => (k, "<key>"))
        );
        foreach (var folder in (string[])[Sandbox.Lab, Path.Combine(Sandbox.Home, ".local")])
        {
            _texts.AddRange(
                Files(folder)
                    .Where(f => IsOurs(Path.GetRelativePath(folder, f)))
                    .Select(f => (f, $"{File.GetUnixFileMode(f)}\n{File.ReadAllText(f)}"))
            );
        }
    }

    public void AssertSame(FormRun other)
    {
        // A number that is a port in one run may be something else in the other: each text is freed of both runs'
        // names.
        (string, string)[] names = [.. _names, .. other._names];
        var (mine, others) = (Texts(names), other.Texts(names));
        Assert.Equal(others.Keys, mine.Keys);
        Assert.All(
            mine,
            t =>
                Assert.True(
                    others[t.Key] == t.Value,
                    $"{t.Key} differs\n=== {_form}:\n{t.Value}\n=== {other._form}:\n{others[t.Key]}"
                )
        );
    }

    public void Dispose() => Sandbox.Dispose();

    private static IEnumerable<string> Files(string folder) =>
        !Directory.Exists(folder)
            ? []
            : Directory.EnumerateFiles(
                folder,
                "*",
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }
            );

    /// <summary>Not what PostgreSQL and Pgpool-II have written.</summary>
    private static bool IsOurs(string file)
    {
        var (folders, name) = ((Path.GetDirectoryName(file) ?? "").Split('/'), Path.GetFileName(file));
        return !ServersFile().IsMatch(name)
            && !folders.Any(f =>
                f is "base" or "global" or "archivedir" or "run" || f.StartsWith("pg_", StringComparison.Ordinal)
            )
            && (!folders.Contains("log") || name is "pgpoollab.log");
    }

    private SortedDictionary<string, string> Texts((string Own, string Neutral)[] names) =>
        new(
            _texts
                .GroupBy(t => Neutral(t.Name, names))
                .ToDictionary(
                    g => g.Key,
                    g => string.Join('\n', g.Select(t => InOrder(t.Name, Neutral(t.Text, names))))
                ),
            StringComparer.Ordinal
        );

    private static string Neutral(string text, (string Own, string Neutral)[] names)
    {
        foreach (var (own, neutral) in names)
        {
            text = own.All(char.IsAsciiDigit)
                ? Regex.Replace(text, $@"\b{own}\b", neutral)
                : text.Replace(own, neutral, StringComparison.Ordinal);
        }

        text = Wrappers().Replace(text, "/bin/<lab>");
        text = HandOver().Replace(text, "program=<this program>");
        text = Moment().Replace(text, "<moment>");
        text = Duration().Replace(text, "<n> $1");
        text = Chosen().Replace(Wide().Replace(text, "$1$1"), "| <selects> | <chosen> | <delay> ");
        text = ServersPid().Replace(text, "[<pid>]");
        text = Secret().Replace(text, "$1<secret>");
        // What ran beside a step that failed had ended by then, was cut off, or had not begun.
        text = text.Contains("Whatever setup had made is removed again.", StringComparison.Ordinal)
            ? NodeInTheMaking().Replace(text, "")
            : text;
        return FromCache().Replace(text, "<how the cache was used>");
    }

    /// <summary>Steps that run side by side end in any order.</summary>
    private static string InOrder(string name, string text) =>
        name.EndsWith(".log", StringComparison.Ordinal)
        || name.EndsWith("(talk)", StringComparison.Ordinal)
        || name.Contains("/links/", StringComparison.Ordinal)
            ? Sorted(text)
            : CompletedSteps().Replace(text, m => Sorted(m.Value.Replace(",", "", StringComparison.Ordinal)));

    private static string Sorted(string lines) => string.Join('\n', lines.Split('\n').Order(StringComparer.Ordinal));

    /// <summary>A lab's folder, as env writes it into PATH.</summary>
    [GeneratedRegex("/bin/[0-9a-f]{16}\\b")]
    private static partial Regex Wrappers();

    /// <summary>How a lab's scripts call the program that has made it, which each form is called in another
    /// way.</summary>
    [GeneratedRegex("^program=.*$", RegexOptions.Multiline)]
    private static partial Regex HandOver();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?|\b\d{8}-\d{6}-[0-9a-f]{8}\b")]
    private static partial Regex Moment();

    [GeneratedRegex(@"\b[\d.]+ (ms|s)\b")]
    private static partial Regex Duration();

    /// <summary>Tables are as wide as what is in them.</summary>
    [GeneratedRegex("([ ─-])\\1+")]
    private static partial Regex Wide();

    /// <summary>The node Pgpool-II reads from, how often it has, and how far the node was behind just then: it draws
    /// lots.</summary>
    [GeneratedRegex(@"\| \d+ +\| (true|false) +\| [\d.]+( second)? ")]
    private static partial Regex Chosen();

    [GeneratedRegex(@"\[\d+\](?= (LOG|FATAL))")]
    private static partial Regex ServersPid();

    /// <summary>Passwords, their hashes, the watchdog's key.</summary>
    [GeneratedRegex(
        """((?<=[:']AES)|\bpassword |^[^#:\n]*:(?=[0-9a-f]{32}$)|wd_authkey = ')[\w+/=]+|\b[0-9a-f]{32}\b""",
        RegexOptions.Multiline
    )]
    private static partial Regex Secret();

    [GeneratedRegex(@"^(FAIL|ok) +Create node \d+\b.*\n?", RegexOptions.Multiline)]
    private static partial Regex NodeInTheMaking();

    [GeneratedRegex("where their template .*")]
    private static partial Regex FromCache();

    [GeneratedRegex("""    "id": "([0-9a-f]{8})",""")]
    private static partial Regex LabId();

    [GeneratedRegex("""(?:[pP]ort|heartbeat)": (\d+)""")]
    private static partial Regex Port();

    [GeneratedRegex("""(?<="completedSteps": \[)[^\]]*""")]
    private static partial Regex CompletedSteps();

    [GeneratedRegex(
        @"^(PG_VERSION|postmaster\.(pid|opts)|current_logfiles|backup_label.*|backup_manifest|.*\.history|lock)$"
    )]
    private static partial Regex ServersFile();
}
