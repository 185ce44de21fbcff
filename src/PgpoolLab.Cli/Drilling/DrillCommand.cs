using System.CommandLine;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Drills.Files;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Drilling;

/// <summary><c>drill</c>: breaks a lab under load and measures what that costs.</summary>
internal static class DrillCommand
{
    private const string Ending = ".yaml";

    private static readonly Argument<string?> Which = new("DRILL")
    {
        Description = "A drill that the program brings (drill list), or a drill file",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<bool> All = new("--all", "-a")
    {
        Description = "Every drill that the program brings, one after the other",
    };

    private static readonly Option<int?> Repeat = new("--repeat", "-r")
    {
        Description = "How often each is run (default: once, or as the file says)",
        HelpName = "N",
    };

    private static readonly Option<bool> Keep = new("--keep", "-k")
    {
        Description = "Leave the lab as it is afterwards (default: remove it)",
    };

    private static readonly Option<string?> OwnLab = new("--lab")
    {
        Description = "Use this lab, not a new one. A snapshot is saved before, to be put back",
        HelpName = "NAME|DIR",
    };

    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "A setting of the lab, as of setup: pgpool.NAME=VALUE or postgresql.NAME=VALUE",
        HelpName = "NAME=VALUE",
    };

    private static readonly Option<int?> Clients = new("--clients", "-c")
    {
        Description = "How many clients write (default: 8, or as the file says)",
        HelpName = "N",
    };

    private static readonly Option<double?> Rate = new("--rate")
    {
        Description = "Rows a second, all clients together (default: 400, or as the file says)",
        HelpName = "N",
    };

    private static readonly Option<string?> Report = new("--report")
    {
        Description = "Where the page with the picture goes (default: drill-NAME.html in the current folder)",
        HelpName = "FILE",
    };

    private static readonly Option<bool> NoReport = new("--no-report") { Description = "Write no page" };

    private static readonly Option<string?> Junit = new("--junit")
    {
        Description = "Write the outcome as JUnit's XML as well, a test case for each run",
        HelpName = "FILE",
    };

    private static readonly Option<bool> Tap = new("--tap")
    {
        Description = "Print the outcome in the Test Anything Protocol",
    };

    internal static Command Create(Terminal terminal)
    {
        var command = new Command(
            "drill",
            "Break a lab under load, and measure what that costs: how long nothing could be written, which "
                + "acknowledged rows are gone, for how long two nodes took writes"
        )
        {
            Which,
            All,
            Repeat,
            Clients,
            Rate,
            Set,
            OwnLab,
            Keep,
            Report,
            NoReport,
            Junit,
            Tap,
            CommandLine.Json,
            List(terminal),
            Show(terminal),
            Schema(terminal),
        }
            .Guide(
                CommandGroup.Break,
                ("pgpoollab drill list", "Show which drills there are"),
                ("pgpoollab drill primary-dies", "Kill the primary under load: what was lost, and for how long"),
                ("pgpoollab drill primary-dies --repeat 10", "Do it ten times: the median, and the worst"),
                ("pgpoollab drill cut-then-die --set pgpool.health_check_timeout=3", "With another setting"),
                ("pgpoollab drill mine.yaml --junit drill.xml", "A drill of your own, in a pipeline"),
                ("pgpoollab drill show cut-then-die > mine.yaml", "Begin one of your own with one that there is")
            )
            .Synonyms("chaos", "rto", "rpo", "failure", "measure");
        Repeat.Validators.Add(r => RequireFrom(r, Repeat, 1, 1000));
        Clients.Validators.Add(r => RequireFrom(r, Clients, 1, 200));
        CommandLine.RequireFile(Report);
        CommandLine.RequireFile(Junit);
        command.Validators.Add(result =>
        {
            var (named, all) = (result.GetValue(Which) is not null, result.GetValue(All));
            if (named == all)
            {
                result.AddError(
                    named
                        ? "Name a drill, or say --all, not both."
                        : "Which drill? Show them all:  pgpoollab drill list"
                );
            }

            if (result.GetValue(OwnLab) is not null && (all || result.GetValue(Keep)))
            {
                result.AddError("--lab goes with one drill, and the lab stays in any case.");
            }

            if (result.GetValue(Tap) && result.GetValue(CommandLine.Json))
            {
                result.AddError("--json and --tap do not go together.");
            }
        });
        command.SetAction(
            (parsed, cancellationToken) =>
                new DrillSession(terminal, WishOf(parsed)).RunAsync(Drills(parsed), cancellationToken)
        );
        return command;
    }

    private static void RequireFrom(
        System.CommandLine.Parsing.OptionResult result,
        Option<int?> option,
        int least,
        int most
    )
    {
        if (result.GetValue(option) is { } number && (number < least || number > most))
        {
            result.AddError($"{option.Name} must be from {least} to {most}; it is {number}.");
        }
    }

    private static DrillWish WishOf(ParseResult parsed) =>
        new(
            parsed.GetValue(Repeat),
            parsed.GetValue(Clients),
            parsed.GetValue(Rate),
            parsed.GetValue(Set) ?? [],
            parsed.GetValue(OwnLab),
            parsed.GetValue(Keep),
            parsed.GetValue(NoReport)
                ? null
                : Path.GetFullPath(
                    parsed.GetValue(Report)
                        ?? $"drill-{(parsed.GetValue(All) ? "all" : NameOf(parsed.GetValue(Which)!))}.html",
                    Invocation.CurrentFolder
                ),
            parsed.GetValue(Junit) is { } junit ? Path.GetFullPath(junit, Invocation.CurrentFolder) : null,
            parsed.GetValue(Tap),
            parsed.GetValue(CommandLine.Json)
        );

    private static string NameOf(string drill) => Path.GetFileNameWithoutExtension(drill);

    private static IReadOnlyList<DrillSpec> Drills(ParseResult parsed) =>
        parsed.GetValue(All)
            ? [.. DrillLibrary.Names.Select(n => DrillFileReader.ReadOwn(n)!)]
            : [Find(parsed.GetValue(Which)!)];

    private static DrillSpec Find(string name)
    {
        var path = Path.GetFullPath(name, Invocation.CurrentFolder);
        if (!name.Contains('/') && !name.EndsWith(Ending, StringComparison.Ordinal))
        {
            return DrillFileReader.ReadOwn(name) ?? throw Unknown(name);
        }

        return DrillFileReader.Read(
            path,
            name,
            int.TryParse(Environment.GetEnvironmentVariable("SUDO_UID"), out var user) ? user : null
        );
    }

    private static LabException Unknown(string name) =>
        new(ExitCode.Usage, $"There is no drill '{name}'.")
        {
            Hints =
            [
                .. Nearest.Of(name, DrillLibrary.Names) is { } near
                    ? (string[])[$"Did you mean {near}?"]
                    : ["Show them all:  pgpoollab drill list"],
                $"A file of your own needs its folder or its ending:  pgpoollab drill ./{name}{Ending}",
            ],
        };

    private static Command List(Terminal terminal)
    {
        var command = new Command("list", "List the drills that the program brings") { CommandLine.Json }.Guide(
            ("pgpoollab drill list", "Show their names, and what happens in each")
        );
        command.SetAction(parsed =>
        {
            DrillListView.Print(
                terminal,
                [.. DrillLibrary.Names.Select(n => DrillFileReader.ReadOwn(n)!)],
                parsed.GetValue(CommandLine.Json)
            );
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Show(Terminal terminal)
    {
        var name = new Argument<string>("DRILL") { Description = "Its name" };
        name.CompletionSources.Add([.. DrillLibrary.Names]);
        var command = new Command("show", "Print a drill that the program brings, as a file to begin with")
        {
            name,
        }.Guide(("pgpoollab drill show primary-dies > mine.yaml", "Begin a drill of your own"));
        command.SetAction(parsed =>
        {
            var which = parsed.GetValue(name)!;
            terminal.Verbatim.Write(DrillLibrary.TextOf(which) ?? throw Unknown(which));
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Schema(Terminal terminal)
    {
        var command = new Command(
            "schema",
            "Print the JSON Schema of drill files, by which editors complete and check them"
        ).Guide(
            ("pgpoollab drill schema > drill.schema.json", "Write it where the first line of a drill file names it")
        );
        command.SetAction(_ =>
        {
            terminal.Out.WriteLine(DrillSchema.Text());
            return (int)ExitCode.Done;
        });
        return command;
    }
}
