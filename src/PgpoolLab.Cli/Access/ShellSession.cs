using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Startup;

namespace PgpoolLab.Cli.Access;

/// <summary>What a shell had before <c>env</c>, as a variable of that shell remembers it.</summary>
/// <param name="Variables">Those that were changed, with their values; null for one that was not set.</param>
/// <param name="Path">PATH.</param>
/// <param name="Changed">PATH as env has set it.</param>
/// <param name="Functions">The functions env has defined.</param>
internal sealed record SavedShell(
    IReadOnlyDictionary<string, string?> Variables,
    string Path,
    string Changed,
    IReadOnlyList<string> Functions
);

/// <summary>A shell that <c>env</c> changes, and changes back.</summary>
/// <param name="environment">Its exported variables.</param>
internal sealed class ShellSession(Func<string, string?> environment)
{
    /// <summary>The variable that remembers.</summary>
    internal const string Saved = "PGPOOLLAB_SAVED";

    private const string PathName = "PATH";

    private static string? _callersPath;

    private readonly SavedShell? _saved = Read(environment(Saved));

    /// <summary>The shell that has called this program.</summary>
    internal static ShellSession OfCaller() =>
        new(n =>
            n == PathName
                ? _callersPath ?? Environment.GetEnvironmentVariable(n)
                : Environment.GetEnvironmentVariable(n)
        );

    /// <summary>Takes wrappers out of this process's PATH, once, at its beginning: setup would take them for an
    /// installation of Pgpool-II.</summary>
    internal static void LeaveWrappers()
    {
        _callersPath = Environment.GetEnvironmentVariable(PathName);
        ThisProcess.ChangePath(Wrappers.Without(_callersPath));
    }

    /// <summary>False when there is nothing to take back.</summary>
    internal bool IsChanged => _saved is not null;

    /// <summary>The functions that an earlier env has defined.</summary>
    internal IReadOnlyList<string> Functions => _saved?.Functions ?? [];

    /// <summary>PATH without what env has put there.</summary>
    internal string Path
    {
        get
        {
            var path = environment(PathName) ?? "";
            if (_saved is null || path == _saved.Changed)
            {
                return _saved?.Path ?? path;
            }

            // The user has changed it since: only what env has added goes.
            var added = _saved.Changed.Split(':').Except(_saved.Path.Split(':')).ToHashSet();
            return string.Join(':', path.Split(':').Where(f => !added.Contains(f)));
        }
    }

    /// <summary>What the shell has to do to have these variables, and to remember what it had. What an earlier env has
    /// set, for another lab, is taken back.</summary>
    /// <param name="wanted">Variables and values, PATH among them; null for one that must not be set.</param>
    /// <param name="functions">Functions that it defines.</param>
    internal IReadOnlyDictionary<string, string?> Enter(
        IReadOnlyDictionary<string, string?> wanted,
        IReadOnlyList<string> functions
    )
    {
        var before = wanted.Keys.Where(n => n != PathName).ToDictionary(n => n, Before);
        var changes = Leave()
            .Where(c => !wanted.ContainsKey(c.Key) && c.Key is not PathName and not Saved)
            .ToDictionary();
        foreach (var (name, value) in wanted)
        {
            changes[name] = value;
        }

        changes[Saved] = JsonSerializer.Serialize(
            new SavedShell(before, Path, wanted.GetValueOrDefault(PathName) ?? Path, functions),
            SavedShellJson.Default.SavedShell
        );
        return changes;
    }

    /// <summary>What the shell has to do to be as it was.</summary>
    internal IReadOnlyDictionary<string, string?> Leave()
    {
        if (_saved is null)
        {
            return new Dictionary<string, string?>();
        }

        var changes = _saved.Variables.ToDictionary();
        changes[PathName] = Path;
        changes[Saved] = null;
        return changes;
    }

    private string? Before(string name) =>
        _saved is not null && _saved.Variables.TryGetValue(name, out var value) ? value : environment(name);

    private static SavedShell? Read(string? text)
    {
        try
        {
            var saved = string.IsNullOrEmpty(text)
                ? null
                : JsonSerializer.Deserialize(text, SavedShellJson.Default.SavedShell);
            return saved is { Variables: not null, Path: not null, Changed: not null, Functions: not null }
                ? saved
                : null;
        }
        catch (JsonException)
        {
            // Somebody else's, or cut off: there is nothing to take back.
            return null;
        }
    }
}

[JsonSerializable(typeof(SavedShell))]
internal sealed partial class SavedShellJson : JsonSerializerContext;
