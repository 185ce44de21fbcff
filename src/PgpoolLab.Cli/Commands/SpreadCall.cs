using System.CommandLine;
using System.CommandLine.Parsing;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Cli.Commands;

/// <summary>How a command on servers was called, for a lab on several hosts.</summary>
/// <param name="Verb">The command.</param>
/// <param name="Target">Which server, as the user has written it; null where none was named.</param>
internal sealed record SpreadCall(string Verb, string? Target)
{
    /// <summary>Of <c>kill host</c>: which host.</summary>
    internal string? Host { get; init; }

    /// <summary>Its own options, as they are passed on: none of which lab it is, and of what is printed.</summary>
    internal IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Of <c>recover</c>: also a node that needs it not.</summary>
    internal bool EvenIfWell { get; init; }

    /// <summary>Of <c>recover</c>: how.</summary>
    internal RecoveryMethod Method =>
        Options.Contains("--rewind") ? RecoveryMethod.Rewind
        : Options.Contains("--basebackup") ? RecoveryMethod.BaseBackup
        : RecoveryMethod.AsConfigured;

    /// <summary>Reads it.</summary>
    internal static SpreadCall Of(string verb, ParseResult parsed)
    {
        var words = parsed
            .CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(a => a.Tokens)
            .Select(t => t.Value)
            .ToArray();
        var options = parsed
            .CommandResult.Children.OfType<OptionResult>()
            .Where(o => !o.Implicit && o.Option != CommandLine.DryRun)
            .Where(o => o.Option != CommandLine.Lab && o.Option != CommandLine.Json)
            .ToArray();
        return new SpreadCall(verb, words.ElementAtOrDefault(0))
        {
            Host = words.ElementAtOrDefault(1),
            Options = [.. options.SelectMany(o => (string[])[o.Option.Name, .. o.Tokens.Select(t => t.Value)])],
            EvenIfWell = options.Any(o => o.Option.Name == "--yes"),
        };
    }
}
