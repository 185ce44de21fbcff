using System.Net;
using System.Net.Sockets;

namespace PgpoolLab.Integration.Tests.Failures;

/// <summary>Stories of folders, names, languages and ports.</summary>
public sealed class PlaceStories
{
    private static readonly string[] Small = ["-n", "1", "-s", "--port", "auto"];

    [Theory]
    [InlineData("LC_ALL", "xx_YY.UTF-8")]
    [InlineData("LANG", "de_DE.UTF-8")]
    [InlineData("LANGUAGE", "de:fr")]
    public async Task Story_02_a_locale_that_is_not_generated_or_another_language_changes_nothing(
        string variable,
        string value
    )
    {
        using var sandbox = new Sandbox(Account.Plain);
        sandbox.Variables[variable] = value;
        (await sandbox.RunAsync(["setup", .. Small, sandbox.Lab])).Ok();
        (await sandbox.ShellAsync("./startall")).Ok();
        await sandbox.UntilNodesShowAsync(
            "the node is up",
            n => n[0].GetProperty("postgres").GetProperty("up").GetBoolean()
        );
        (await sandbox.ShellAsync("./stopall")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    // A socket's path can have 107 bytes; from 200 on the lab needs a second name.
    [Theory]
    [InlineData(108)]
    [InlineData(210)]
    public async Task Story_03_a_lab_in_a_folder_with_a_long_path_works_also_from_a_long_home(int length)
    {
        using var sandbox = new Sandbox(Account.Plain, new string('l', length));
        sandbox.Variables["HOME"] = $"{sandbox.Home}/{new string('h', 120)}";
        (await sandbox.ShellAsync("mkdir \"$HOME\"")).Ok();
        (await sandbox.RunAsync(["up", .. Small, sandbox.Lab])).Ok();
        (
            await sandbox.ShellAsync(
                "eval \"$(pgpoollab env)\"; psql -XAtqc 'CREATE TABLE t (i int)' -p $PGPOOL_PORT test"
            )
        ).Ok();
        (await sandbox.RunInLabAsync("stopall")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_05_a_folder_reached_by_a_link_is_the_folder_it_leads_to()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.ShellAsync("mkdir real; ln -s real link")).Ok();
        (await sandbox.RunAsync(["up", .. Small, sandbox.Labs + "/link/lab"])).Ok();
        (await sandbox.RunAsync("stopall", "--lab", sandbox.Labs + "/real/lab")).Ok();
        (await sandbox.RunAsync("startall", "--lab", sandbox.Labs + "/link/lab")).Ok();
        (await sandbox.RunAsync("destroy", sandbox.Labs + "/link/lab")).Ok();
        (await sandbox.ShellAsync("rm link; rmdir real")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_06_of_two_setups_at_the_same_ports_at_once_one_is_refused_and_leaves_nothing()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var port = $"{FreePorts.Block()}";
        var labs = new[] { "a", "b" }.Select(n => Path.Combine(sandbox.Labs, n)).ToArray();
        var outcomes = await Task.WhenAll(labs.Select(l => sandbox.RunAsync("up", "-n", "1", "-s", "-p", port, l)));
        var winner = Array.FindIndex(outcomes, o => o.ExitCode == 0);
        var loser = outcomes[1 - winner];
        // Whoever looked before the other listened finds out when its server cannot.
        Assert.True(loser.ExitCode is 4 or 5, loser.Error);
        Assert.Contains(port[..^1], loser.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(labs[1 - winner]));
        (await sandbox.RunAsync("nodes", "--lab", labs[winner])).Ok();
        (await sandbox.RunAsync("destroy", labs[winner])).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_06_a_port_a_stranger_took_while_the_lab_was_stopped_is_told_by_startall()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync(["setup", .. Small, sandbox.Lab])).Ok();
        var port = (await sandbox.NodesAsync()).GetProperty("pgpoolPort").GetInt32();
        using (var stranger = new TcpListener(IPAddress.Loopback, port))
        {
            stranger.Start();
            var outcome = await sandbox.RunInLabAsync("startall");
            outcome.FailedWith(4);
            Assert.Contains($"{port}", outcome.Error, StringComparison.Ordinal);
        }

        (await sandbox.RunInLabAsync("startall")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ \"schema\": 2, \"lab\": {} }")]
    [InlineData("{ \"schema\": 99, \"toolVersion\": \"9.9\" }")]
    public async Task Story_12_a_manifest_that_is_damaged_or_newer_is_said_to_be_and_there_is_a_way_out(string text)
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync(["up", .. Small, sandbox.Lab])).Ok();
        var manifest = Path.Combine(sandbox.Lab, ".pgpoollab/lab.json");
        var whole = await File.ReadAllTextAsync(manifest);
        await File.WriteAllTextAsync(manifest, text);
        foreach (var command in (string[])["nodes", "startall", "destroy"])
        {
            var outcome = (await sandbox.RunInLabAsync(command)).FailedWith(1);
            Assert.Contains(
                text.Contains("99", StringComparison.Ordinal) ? "newer than this program" : "is damaged",
                outcome.Error,
                StringComparison.Ordinal
            );
            Assert.Contains("→", outcome.Error, StringComparison.Ordinal);
        }

        // The way out that it tells.
        (await sandbox.ShellAsync("./stopall --plain")).Ok();
        Assert.Empty(sandbox.ProcessesLeft());
        await File.WriteAllTextAsync(manifest, whole);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_04_programs_of_another_kind_are_told_from_PostgreSQLs()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (
            await sandbox.ShellAsync(
                "mkdir ../bin; for p in initdb postgres pg_ctl pg_basebackup pg_config psql; do printf "
                    + "'#!/bin/sh\\necho frobnicator 3\\n' >../bin/$p; chmod +x ../bin/$p; done"
            )
        ).Ok();
        var outcome = (
            await sandbox.RunAsync("setup", "--port", "auto", "--pg-bin", sandbox["bin"], sandbox.Lab)
        ).FailedWith(3);
        Assert.Contains("frobnicator 3", outcome.Error, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }
}
