using System.Diagnostics;

namespace PgpoolLab.Ssh.Tests;

/// <summary>What runs on a host before pgpoollab does: a few lines of a shell, here in the shells of this
/// machine.</summary>
public sealed class RemoteScriptTests : IDisposable
{
    private const string Mark = "0123456789abcdef";
    private readonly TemporaryFolder _folder = new(" it's {} $HOME");

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Some => new(Shells.All.Where(s => !s.EndsWith("zsh", StringComparison.Ordinal)));

    private string Folder => _folder["copies"];

    private CopiedAgent Agent(string text = "echo \"it ran: $1 $2\"")
    {
        File.WriteAllText(_folder["program"], $"#!/bin/sh\n{text}\n");
        return new CopiedAgent(_folder["program"]) { Folder = Folder };
    }

    private string CopyOf(CopiedAgent agent) => $"{Folder}/{agent.Facts.Hash}/pgpoollab";

    private static (int Code, string Output) Run(string shell, string command, string? input = null)
    {
        var info = new ProcessStartInfo(
            "/bin/sh",
            ["-c", command.Replace("exec /bin/sh -c", $"exec {shell} -c", StringComparison.Ordinal)]
        )
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(info)!;
        process.StandardInput.Write(input ?? "");
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal("", error.Result);
        return (process.ExitCode, output);
    }

    private void Write(string shell, CopiedAgent agent) =>
        Assert.Equal(0, Run(shell, RemoteScript.Write(agent), File.ReadAllText(agent.Path)).Code);

    /// <summary>A power failure right after it was copied, or somebody's hand.</summary>
    [Theory]
    [MemberData(nameof(Some))]
    public void A_copy_of_another_length_is_none_and_is_replaced_by_a_whole_one(string shell)
    {
        var agent = Agent();
        var begin = RemoteScript.Begin(agent, Mark);
        var (code, output) = Run(shell, begin);
        Assert.Equal(RemoteScript.NotThere, code);
        Assert.StartsWith($"\n{Mark} Linux ", output, StringComparison.Ordinal);
        Write(shell, agent);
        Assert.Equal((0, $"\nit ran: agent {Mark}\n"), Run(shell, begin));
        Assert.Equal(
            ["pgpoollab"],
            Directory.GetFileSystemEntries($"{Folder}/{agent.Facts.Hash}").Select(Path.GetFileName)
        );

        var whole = File.ReadAllText(CopyOf(agent));
        foreach (var damaged in new[] { "", whole[..^3], whole + "more" })
        {
            File.WriteAllText(CopyOf(agent), damaged);
            Assert.Equal(RemoteScript.NotThere, Run(shell, begin).Code);
            Write(shell, agent);
            Assert.Equal(0, Run(shell, begin).Code);
        }
    }

    [Theory]
    [MemberData(nameof(Some))]
    public void Copies_that_nobody_has_used_for_a_month_and_that_do_not_run_are_removed_and_nothing_else(string shell)
    {
        var old = DateTime.UtcNow.AddDays(-40);
        string Make(char letter, string file = "pgpoollab")
        {
            var folder = Directory.CreateDirectory($"{Folder}/{new string(letter, 64)}").FullName;
            File.WriteAllText($"{folder}/{file}", "");
            Directory.SetLastWriteTimeUtc(folder, old);
            return folder;
        }

        var agent = Agent();
        Write(shell, agent);
        Directory.SetLastWriteTimeUtc(Path.GetDirectoryName(CopyOf(agent))!, old);
        var gone = Make('a');
        File.WriteAllText($"{gone}/.new.123", "");
        Directory.SetLastWriteTimeUtc(gone, old);
        var young = Make('b');
        Directory.SetLastWriteTimeUtc(young, DateTime.UtcNow.AddDays(-20));
        var running = Make('c');
        Executable.Copy("/bin/sleep", $"{running}/pgpoollab");
        Directory.SetLastWriteTimeUtc(running, old);
        var withMore = Make('d', "somebody's");
        var capitals = Make('A');
        var elsewhere = Directory.CreateDirectory(_folder["elsewhere"]).FullName;
        File.WriteAllText($"{elsewhere}/pgpoollab", "");
        Directory.SetLastWriteTimeUtc(elsewhere, old);
        File.CreateSymbolicLink($"{Folder}/{new string('e', 64)}", elsewhere);
        File.WriteAllText($"{Folder}/{new string('f', 64)}", "");
        Directory.CreateDirectory($"{Folder}/mine");
        Directory.SetLastWriteTimeUtc($"{Folder}/mine", old);

        using (var sleeping = Process.Start($"{running}/pgpoollab", ["1000"]))
        {
            try
            {
                Write(shell, agent);
            }
            finally
            {
                sleeping.Kill();
                sleeping.WaitForExit();
            }
        }

        Assert.False(Directory.Exists(gone));
        Assert.All(
            [
                $"{young}/pgpoollab",
                $"{running}/pgpoollab",
                $"{withMore}/somebody's",
                $"{capitals}/pgpoollab",
                $"{elsewhere}/pgpoollab",
                $"{Folder}/{new string('e', 64)}",
                $"{Folder}/{new string('f', 64)}",
                $"{Folder}/mine",
                CopyOf(agent),
            ],
            p => Assert.True(Path.Exists(p), p)
        );
        // To use one is what keeps it.
        Directory.SetLastWriteTimeUtc(Path.GetDirectoryName(CopyOf(agent))!, old);
        Run(shell, RemoteScript.Begin(agent, Mark));
        Write(shell, Agent("echo another"));
        Assert.True(File.Exists(CopyOf(agent)));
        Assert.False(Directory.Exists(running));
    }

    [Fact]
    public void What_arrived_damaged_or_does_not_run_leaves_nothing()
    {
        var agent = Agent();
        Assert.Equal(RemoteScript.Damaged, Run("/bin/sh", RemoteScript.Write(agent), "half of it").Code);
        var failing = Agent("exit 5");
        Assert.Equal(
            RemoteScript.DoesNotRun,
            Run("/bin/sh", RemoteScript.Write(failing), File.ReadAllText(failing.Path)).Code
        );
        Assert.Empty(Directory.GetFiles(Folder, "*", SearchOption.AllDirectories));
    }

    /// <summary>csh takes <c>!</c> for its history even between quotes, and fish takes <c>\'</c>.</summary>
    [Fact]
    public void Nothing_in_a_command_means_anything_to_another_login_shell()
    {
        var agent = Agent();
        string[] commands =
        [
            RemoteScript.Write(agent),
            RemoteScript.Begin(agent, Mark),
            RemoteScript.Begin(new InstalledAgent("~/it's here!"), Mark),
        ];
        Assert.All(
            commands,
            c =>
            {
                Assert.DoesNotContain('!', c);
                Assert.DoesNotContain('\n', c);
                Assert.DoesNotContain(@"\'", c, StringComparison.Ordinal);
            }
        );
    }
}
