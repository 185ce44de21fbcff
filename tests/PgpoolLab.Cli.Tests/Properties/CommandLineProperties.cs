using System.CommandLine;
using CsCheck;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Cli.Tests.Compatibility;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Tests.Properties;

/// <summary>Whatever is typed is understood, or told in plain words to be wrong.</summary>
public sealed class CommandLineProperties
{
    private static readonly string[] Commands =
    [
        "setup",
        "up",
        "startall",
        "stopall",
        "nodes",
        "env",
        "psql",
        "destroy",
        "demo",
        "templates",
        "cache",
        "version",
        "install-links",
        "export",
        "list",
    ];

    private static readonly string[] Options =
    [
        "-n",
        "--nodes",
        "-m",
        "--mode",
        "-p",
        "--port",
        "--pg-port",
        "-s",
        "--slots",
        "-r",
        "--rewind",
        "--standbys",
        "--watchdog",
        "--start",
        "--no-stop",
        "--name",
        "--pg-version",
        "--pg-bin",
        "--pgpool-dir",
        "--set",
        "--pgpool-conf",
        "--postgresql-conf",
        "--templates",
        "--run-as",
        "--dry-run",
        "--database",
        "--role",
        "--sql",
        "--keep",
        "--json",
        "--lab",
        "-q",
        "-v",
        "--",
        "-sr",
        "-n3",
        "-n=3",
        "--nodes:3",
        "--port=auto",
        "--set=pgpool.x=y",
        "-",
        "---",
        "--=",
        "-=",
    ];

    private static readonly string[] OldOptionNames =
    [
        "-m",
        "-n",
        "-p",
        "-pg",
        "--no-stop",
        "-d",
        "-s",
        "-r",
        "-e",
        "-t",
        "-c",
        "-wn",
        "-wp",
        "-vip",
        "-v",
        "-q",
        "-sr",
        "-n3",
        "-pg=5",
    ];

    private static readonly Gen<string> Value = Gen.OneOf(
        Any.Text,
        Gen.OneOf(
            "2",
            "128",
            "-1",
            "99999999999",
            "auto",
            "s",
            "streaming",
            "y",
            "clone",
            "pgpool.x=1",
            "postgresql.a = b",
            "127.0.0.1",
            "::1",
            "lab",
            ".",
            "",
            "@x",
            "[x]",
            "[suggest]",
            "[suggest:1]",
            "[diagram]"
        )
    );

    // One for all: every command made remembers its options, and they it.
    private static readonly Command Root = AllCommands.Root(new Screen().Terminal, []);

    private static Gen<string[]> Line(string[] commands, string[] options) =>
        Gen.Select(
            Gen.OneOf(commands),
            Gen.Frequency((3, Gen.OneOf(options)), (2, Value)).Array[0, 7],
            (command, rest) => (string[])[command, .. rest]
        );

    [Fact]
    public void Any_command_line_of_setup_becomes_a_request_or_an_error_in_words() =>
        Line(["setup", "up"], Options)
            .Sample(
                arguments =>
                {
                    if (Understood(arguments, out var parsed))
                    {
                        try
                        {
                            var spec = SetupCommand.Spec(parsed, start: arguments[0] == "up");
                            Assert.True(Path.IsPathRooted(spec.Directory), spec.Directory);
                            Assert.DoesNotContain(
                                spec.Validate(),
                                p => string.IsNullOrWhiteSpace(p.Say(FieldNames.Option))
                            );
                        }
                        catch (InvalidSpecException error)
                        {
                            // A file that is not there.
                            Assert.All(
                                error.Problems,
                                p =>
                                    Assert.Matches(
                                        "^(--(pgpool|postgresql)-conf: |--sql: |--role ')",
                                        p.Say(FieldNames.Option)
                                    )
                            );
                        }
                    }
                },
                iter: Any.Many,
                print: Print
            );

    [Fact]
    public void Any_command_line_of_any_command_is_understood_or_an_error_in_words() =>
        Line(Commands, Options)
            .Sample(
                arguments =>
                {
                    Understood(arguments, out _);
                },
                iter: Any.Many,
                print: Print
            );

    [Fact]
    public void Any_old_command_line_in_any_environment_becomes_a_request_or_an_error_in_words() =>
        Gen.Select(
                Line([PgpoolSetupCommand.Name, PgpoolSetupCommand.WatchdogName], OldOptionNames),
                Gen.Select(
                    Gen.OneOf(
                        "BASEPORT",
                        "W_BASE_PORT",
                        "PGBASEPORT",
                        "NUMCLUSTERS",
                        "USE_PG_REWIND",
                        "PGSOCKET_DIR",
                        "PGLIB",
                        "INITDBARG",
                        "CHECK_TIME_WAIT",
                        "PGPOOLDEBUG"
                    ),
                    Value
                ).Array[0, 4]
            )
            .Sample(
                (arguments, variables) =>
                {
                    if (!Understood(arguments, out var parsed))
                    {
                        return;
                    }

                    try
                    {
                        var watchdog = arguments[0] == PgpoolSetupCommand.WatchdogName;
                        var environment = new OldEnvironment(name =>
                            variables.Where(v => v.Item1 == name).Select(v => v.Item2).FirstOrDefault()
                        );
                        var spec = OldEnvironmentTests.Spec(
                            environment,
                            new OldOptions
                            {
                                Mode = parsed.GetValue<string?>("-m"),
                                Nodes = parsed.GetValue<int?>("-n"),
                                Port = parsed.GetValue<int?>("-p"),
                                PgpoolNodes = watchdog ? 3 : null,
                            },
                            Labs.Tools()
                        );
                        Assert.DoesNotContain(
                            spec.Validate(),
                            p => string.IsNullOrWhiteSpace(p.Say(FieldNames.Option))
                        );
                    }
                    catch (LabException error)
                    {
                        Assert.Equal(ExitCode.Usage, error.Code);
                    }
                },
                iter: Any.Many
            );

    [Fact]
    public void Any_folder_can_be_named_behind_two_hyphens() =>
        Any.FolderName.Sample(
            name =>
            {
                string[] arguments = ["setup", "-s", "--", name];
                Assert.True(Understood(arguments, out var parsed));
                Assert.Equal(
                    Path.Combine(Environment.CurrentDirectory, name),
                    SetupCommand.Spec(parsed, start: false).Directory
                );
            },
            iter: Any.Many,
            print: Any.Shown
        );

    [Fact]
    public void Any_value_can_be_given_to_an_option_behind_an_equals_sign() =>
        Any
            .Line.Where(l => l.Length > 0 && l[0] != '-')
            .Sample(
                value =>
                {
                    Assert.True(
                        Understood(["setup", "lab", $"--name={value}", $"--set=postgresql.x={value}"], out var parsed)
                    );
                    var spec = SetupCommand.Spec(parsed, start: false);
                    Assert.Equal((value, $"postgresql.x={value}"), (spec.Name, spec.Settings.Single()));
                },
                iter: Any.Many,
                print: Any.Shown
            );

    /// <summary>What the program does before it runs a command.</summary>
    private static bool Understood(string[] arguments, out ParseResult parsed)
    {
        var screen = new Screen();
        parsed = Root.Parse(arguments, CommandLine.Literally);
        if (parsed.Action is Manual.ShowHelp)
        {
            return false;
        }

        if (
            parsed.Errors.Count == 0
            && UnknownOption.In(parsed) is null
            && parsed.CommandResult.Command.Name == arguments[0]
        )
        {
            return true;
        }

        UsageErrors.Show(screen.Terminal, parsed);
        Assert.Contains("Help:  pgpoollab", screen.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", screen.Error, StringComparison.Ordinal);
        return false;
    }

    private static string Print(string[] arguments) => string.Join(" | ", arguments.Select(Any.Shown));
}
