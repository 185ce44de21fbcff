using System.Text.Json;
using System.Text.RegularExpressions;
using CsCheck;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Tests.Properties;

/// <summary>Every name goes through every generated file unharmed.</summary>
public sealed partial class TemplateProperties
{
    // One for all: it reads each template once.
    private static readonly ConfigRenderer Renderer = Labs.Renderer();

    [Fact]
    public void Every_script_of_any_lab_is_understood_by_every_shell() =>
        AnyLab.OfAnyKind.Sample(
            lab =>
            {
                using var folder = new TemporaryFolder();
                foreach (var (name, text) in RenderedFiles.Of(lab).Where(f => RenderedFiles.IsScript(f.Key)))
                {
                    File.WriteAllText(folder[name.Replace('/', ' ')], text);
                }

                var files = Directory.GetFiles(folder.Path);
                Assert.NotEmpty(files);
                Assert.All(
                    Shells.All,
                    shell =>
                        Assert.Empty(Shells.Run(shell, $"for script; do {shell} -n \"$script\" || exit 1; done", files))
                );
            },
            iter: Any.Few,
            print: AnyLab.Print
        );

    [Fact]
    public void What_a_script_says_of_folders_and_names_is_what_they_are() =>
        AnyLab.OfAnyKind.Sample(
            lab =>
            {
                var expected = new List<string>();
                var script = new System.Text.StringBuilder();
                foreach (var (file, text) in RenderedFiles.Of(lab).Where(f => RenderedFiles.IsScript(f.Key)))
                {
                    var pgpool = lab.Pgpools.Last(p =>
                        file.StartsWith(Path.GetRelativePath(lab.Root, p.Folder) + "/", StringComparison.Ordinal)
                        || p.Folder == lab.Root
                        || p.Id == 0
                    );
                    foreach (Match assignment in Assignment().Matches(text))
                    {
                        var variable = assignment.Groups[1].Value;
                        script.Append(assignment.Value).Append("\nprintf '%s\\0' \"$").Append(variable).Append("\"\n");
                        expected.Add(
                            variable switch
                            {
                                "pg_bin" => lab.Tools.PostgresBin,
                                "pcp_bin" => lab.Tools.PcpBin,
                                "superuser" => lab.Owner,
                                "lab" => pgpool.ServerFolder,
                                "events" => pgpool.Paths.Events,
                                "PCPPASSFILE" => pgpool.Paths.PcpPass,
                                "PGPOOL_INSTALL_DIR" => lab.PgpoolSetup!.InstallDirectory,
                                _ when Path.GetFileName(file) is "failover.sh" or "follow_primary.sh" =>
                                    $"{pgpool.Paths.Log}/failover.log",
                                _ => $"{pgpool.Paths.Log}/recovery.log",
                            }
                        );
                    }
                }

                Assert.NotEmpty(expected);
                Assert.All(Shells.All, shell => Assert.Equal(expected, Shells.Run(shell, script.ToString())));
            },
            iter: Any.Few,
            print: AnyLab.Print
        );

    /// <summary>The same template is written by setup, and by scripts by way of a here-document. (Those quote also what
    /// needs it only because of the marker in it.)</summary>
    [Fact]
    public void What_a_script_writes_into_a_configuration_file_is_what_setup_writes() =>
        AnyLab
            .OfSetup.Where(l => l.Mode.HasOnlineRecovery() && l.Nodes.Count > 1 && !Shell.IsSafeWord(l.Root))
            .Sample(
                lab =>
                {
                    var script = RenderedFiles.Of(lab)[
                        Path.GetRelativePath(lab.Root, lab.Nodes[0].DataDirectory + "/basebackup.sh")
                    ];
                    var documents = HereDocument().Matches(script).Select(m => m.Groups[1].Value).ToArray();
                    Assert.Equal(2, documents.Length);
                    var primary = lab.Nodes[0];
                    var node = lab.Nodes[1];
                    string[] expected =
                    [
                        .. documents.Select(d =>
                            d.Contains("primary_conninfo", StringComparison.Ordinal)
                                ? Renderer.RenderStandby("postgresql/myrecovery.conf", lab, node, primary)
                                : Renderer.RenderNode("postgresql/_node.conf", lab, node)
                        ),
                    ];
                    var run =
                        $"node_id={node.Id} node_port={node.Port} primary_id={primary.Id} primary_port={primary.Port}\n"
                        + string.Concat(documents.Select(d => $"cat <<END\n{d}END\nprintf '\\0'\n"));
                    Assert.All(Shells.All, shell => Assert.Equal(expected, Shells.Run(shell, run)));
                },
                iter: Any.Few,
                print: AnyLab.Print
            );

    [Fact]
    public void What_PostgreSQL_is_told_to_run_reaches_the_archive() =>
        AnyLab
            .OfSetup.Where(l => l.Mode.HasOnlineRecovery() && l.Nodes.Count > 1)
            .Select(l => l with { UseSlots = false })
            .Array[1, 5]
            .Sample(
                labs =>
                {
                    var script = "cp() { printf '%s\\0' \"$@\"; }\nmv() { cp \"$@\"; }\n";
                    var expected = new List<string>();
                    foreach (var lab in labs)
                    {
                        var archive = $"{lab.ServerPaths.Archive}/data0";
                        var settings = ManualParser.Settings(
                            Renderer.RenderNode("postgresql/_node.conf", lab, lab.Nodes[0])
                                + Renderer.RenderStandby("postgresql/myrecovery.conf", lab, lab.Nodes[1], lab.Nodes[0])
                        );
                        script +=
                            ManualParser.Expanded(settings["archive_command"], path: "pg_wal/X", file: "X")
                            + "\n"
                            + ManualParser.Expanded(settings["restore_command"], path: "pg_wal/Y", file: "X")
                            + "\n";
                        expected.AddRange([
                            "pg_wal/X",
                            $"{archive}/X.part",
                            $"{archive}/X.part",
                            $"{archive}/X",
                            $"{archive}/X",
                            "pg_wal/Y",
                        ]);
                    }

                    Assert.Equal(expected, Shells.Run("/bin/sh", script));
                },
                iter: Any.Few,
                print: l => string.Join('\n', l.Select(AnyLab.Print))
            );

    [Fact]
    public void What_a_configuration_says_is_what_was_asked_for() =>
        AnyLab.OfSetup.Sample(
            lab =>
            {
                var postgres = ManualParser.Settings(
                    RenderedFiles.Of(lab)[
                        Path.GetRelativePath(lab.Root, lab.Nodes[0].DataDirectory + "/postgresql.conf")
                    ]
                );
                Assert.Equal(lab.PostgresSettings["some.setting"], postgres["some.setting"]);
                Assert.Equal(lab.ServerPaths.Log, postgres["log_directory"]);
                Assert.Equal(
                    lab.Nodes[0].ServerDataDirectory,
                    postgres.GetValueOrDefault("data_directory") ?? lab.Nodes[0].DataDirectory
                );
                foreach (var pgpool in lab.Pgpools)
                {
                    var conf = RenderedFiles.Of(lab)[Path.GetRelativePath(lab.Root, pgpool.Paths.PgpoolConf)];
                    // Pgpool-II takes what is between two quotes as it stands.
                    var values = conf.Split('\n')
                        .Select(l => Verbatim().Match(l))
                        .Where(m => m.Success)
                        .GroupBy(m => m.Groups[1].Value)
                        .ToDictionary(g => g.Key, g => g.Last().Groups[2].Value);
                    Assert.Equal(lab.PgpoolSettings["some_setting"], values["some_setting"]);
                    Assert.Equal(lab.CheckRole, values["health_check_user"]);
                    Assert.Equal(lab.Owner, values.GetValueOrDefault("recovery_user", lab.Owner));
                    Assert.Equal($"{pgpool.ServerFolder}/run/pgpool.pid", values["pid_file_name"]);
                    Assert.Equal(
                        lab.Nodes.Select(n => n.ServerDataDirectory),
                        lab.Nodes.Select(n => values[$"backend_data_directory{n.Id}"])
                    );
                    Assert.DoesNotContain('\'', lab.Owner);
                }
            },
            iter: Any.Few,
            print: AnyLab.Print
        );

    [Fact]
    public void Every_generated_line_that_is_no_comment_of_a_configuration_is_a_setting() =>
        AnyLab.OfAnyKind.Sample(
            lab =>
            {
                foreach (
                    var (name, text) in RenderedFiles
                        .Of(lab)
                        .Where(f =>
                            Path.GetFileName(f.Key)
                                is "pgpool.conf"
                                    or "postgresql.conf"
                                    or "myrecovery.conf"
                                    or "recovery.conf"
                        )
                )
                {
                    Assert.All(
                        text.Split('\n').Where(l => l.Trim().Length > 0 && l[0] != '#'),
                        l => Assert.Matches(@"^[A-Za-z_][A-Za-z0-9_.]* = ('([^'\n]|'')*'|[A-Za-z0-9_.%-]+)( +#.*)?$", l)
                    );
                }
            },
            iter: Any.Few,
            print: AnyLab.Print
        );

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Whatever_a_script_is_called_with_the_event_it_writes_is_JSON(bool fails)
    {
        using var folder = new TemporaryFolder(" it's");
        var file = RenderedFiles.Of(Labs.Fixed())["etc/failover.sh"];
        var fragment = file[
            file.IndexOf("# ---- every run", StringComparison.Ordinal)..file.IndexOf(
                "# Pgpool-II's worker",
                StringComparison.Ordinal
            )
        ];
        fragment = fragment.Replace(
            "events=/srv/lab/log/events.jsonl",
            $"events={Shell.Quote(folder["events"])}",
            StringComparison.Ordinal
        );
        Assert.Contains(folder.Path[..5], fragment, StringComparison.Ordinal);
        Any.Text.Array[0, 6]
            .Array[1, 10]
            .Sample(
                calls =>
                {
                    foreach (var shell in Shells.All)
                    {
                        File.Delete(folder["events"]);
                        File.WriteAllText(
                            folder["script"],
                            $"set -u\nevent=failover log=/dev/null\n{fragment}\nexit {(fails ? 3 : 0)}\n"
                        );
                        Shells.Run(
                            shell,
                            string.Concat(
                                calls.Select(c =>
                                    $"{shell} {Shell.Quote(folder["script"])} "
                                    + $"{string.Join(' ', c.Select(Shell.Quote))} || :\n"
                                )
                            )
                        );
                        var events = File.ReadAllLines(folder["events"])
                            .Select(l => JsonDocument.Parse(l).RootElement)
                            .ToArray();
                        Assert.Equal(
                            calls.Select(c => string.Join('|', c.Select(AsOneLine))),
                            events.Select(e =>
                                string.Join('|', e.GetProperty("arguments").EnumerateArray().Select(a => a.GetString()))
                            )
                        );
                        Assert.All(events, e => Assert.Equal(fails ? 3 : 0, e.GetProperty("exit_code").GetInt32()));
                    }
                },
                iter: Any.Few / 2,
                threads: 1,
                print: c => string.Join('\n', c.Select(a => string.Join(" | ", a.Select(Any.Shown))))
            );

        // Control characters of ASCII become spaces.
        static string AsOneLine(string text) => string.Concat(text.Select(c => c < ' ' ? ' ' : c));
    }

    [GeneratedRegex(
        "^(?:export (?=PCP))?((?<=export )PCPPASSFILE|pg_bin|pcp_bin|superuser|lab|log|events|PGPOOL_INSTALL_DIR)=.*$",
        RegexOptions.Multiline
    )]
    private static partial Regex Assignment();

    [GeneratedRegex("<<END\n(.*?)^END$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex HereDocument();

    [GeneratedRegex("^([a-z_0-9]+) = '(.*)'$")]
    private static partial Regex Verbatim();
}
