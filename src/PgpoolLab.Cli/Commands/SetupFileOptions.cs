using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary>The options of <c>setup</c> about a lab file, and about what is to be in the lab's databases.</summary>
internal static class SetupFileOptions
{
    private const string Owner = "owner";

    internal static readonly Option<string?> File = new("--file", "-f")
    {
        Description = "Make what this lab file says; options win over it. - for standard input",
        HelpName = "FILE",
    };
    internal static readonly Option<string[]> Database = new("--database")
    {
        Description = "Make this database too, such as shop or shop,owner=app; repeatable",
        HelpName = "NAME[,owner=ROLE]",
        DefaultValueFactory = _ => [],
    };
    internal static readonly Option<string[]> Role = new("--role")
    {
        Description =
            "Make this role, with a password made up for it; after commas: superuser, createdb, createrole, "
            + "replication, nologin, member-of=ROLE, password-file=FILE; repeatable",
        HelpName = "NAME[,...]",
        DefaultValueFactory = _ => [],
    };
    internal static readonly Option<string[]> Sql = new("--sql")
    {
        Description = "Run this file of SQL when the lab works, in the first --database, or in test; repeatable",
        HelpName = "[DATABASE=]FILE",
        DefaultValueFactory = _ => [],
    };

    static SetupFileOptions()
    {
        CommandLine.RequireFile(File);
        ForEach(Database, (text, refuse) => ParseDatabase(text, refuse));
        ForEach(Role, (text, refuse) => ParseRole(text, refuse));
        ForEach(
            Sql,
            (text, refuse) =>
            {
                if (Split(text).File.Length == 0)
                {
                    refuse("it names no file.");
                }
            }
        );
    }

    internal static IReadOnlyList<LabDatabase> DatabasesOf(ParseResult parsed) =>
        [.. (parsed.GetValue(Database) ?? []).Select(t => ParseDatabase(t, _ => { }))];

    internal static IReadOnlyList<(LabRole Role, string? PasswordFile)> RolesOf(ParseResult parsed) =>
        [.. (parsed.GetValue(Role) ?? []).Select(t => ParseRole(t, _ => { }))];

    internal static IReadOnlyList<(string Path, string? Database)> SqlOf(ParseResult parsed) =>
        [.. (parsed.GetValue(Sql) ?? []).Select(Split).Select(s => (Path.GetFullPath(s.File), s.Database))];

    internal static IReadOnlyList<HostRequest> HostsOf(IEnumerable<string> words) =>
        [
            .. words
                .SelectMany(h => h.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                .Distinct(StringComparer.Ordinal)
                .Select(h => new HostRequest(h)),
        ];

    /// <summary><c>shop=seed.sql</c>. What is before the sign is no part of a file's name, unless there is a folder in
    /// it: <c>./a=b.sql</c>.</summary>
    private static (string File, string? Database) Split(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
        && !text[..at].Contains('/', StringComparison.Ordinal)
            ? (text[(at + 1)..], text[..at])
            : (text, null);

    private static LabDatabase ParseDatabase(string text, Action<string> refuse)
    {
        var words = text.Split(',');
        string? owner = null;
        foreach (var (name, value) in words.Skip(1).Select(Pair))
        {
            if (name != Owner || string.IsNullOrEmpty(value))
            {
                refuse($"'{name}' is not understood; write NAME or NAME,owner=ROLE.");
            }

            owner = value;
        }

        Require(LabContentRules.WhyNoDatabase(words[0]), refuse);
        return new LabDatabase(words[0], owner);
    }

    private static (LabRole Role, string? PasswordFile) ParseRole(string text, Action<string> refuse)
    {
        var words = text.Split(',');
        var role = new LabRole(words[0]);
        string? passwordFile = null;
        foreach (var (name, value) in words.Skip(1).Select(Pair))
        {
            if (value is "" || LabRole.Attributes.Contains(name + "=") != value is not null)
            {
                refuse($"{name} {(value is null ? "needs a value" : "takes no value")}.");
                continue;
            }

            switch (name)
            {
                case "superuser":
                    role = role with { IsSuperuser = true };
                    break;
                case "createdb":
                    role = role with { CreatesDatabases = true };
                    break;
                case "createrole":
                    role = role with { CreatesRoles = true };
                    break;
                case "replication":
                    role = role with { Replicates = true };
                    break;
                case "nologin":
                    role = role with { CanLogin = false };
                    break;
                case "member-of":
                    role = role with { MemberOf = [.. role.MemberOf, value!] };
                    break;
                case "password-file":
                    passwordFile = Path.GetFullPath(value!);
                    break;
                default:
                    var known = LabRole.Attributes.Select(a => a.TrimEnd('=')).ToArray();
                    refuse(
                        $"there is no '{name}'; there are {string.Join(", ", known)}."
                            + (Nearest.Of(name, known) is { } near ? $" Did you mean {near}?" : "")
                    );
                    break;
            }
        }

        Require(LabContentRules.WhyNoRole(words[0]), refuse);
        return (role, passwordFile);
    }

    private static (string Name, string? Value) Pair(string word) =>
        word.Split('=', 2) is [var name, var value] ? (name.Trim(), value) : (word.Trim(), null);

    private static void Require(string? problem, Action<string> refuse)
    {
        if (problem is not null)
        {
            refuse(problem);
        }
    }

    private static void ForEach(Option<string[]> option, Action<string, Action<string>> check) =>
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                check(token.Value, problem => result.AddError($"{option.Name} {token.Value}: {problem}"));
            }
        });
}
