using PgpoolLab.Model;
using PgpoolLab.Ssh;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>How the program gets to the other end.</summary>
public sealed class AgentCopyTests : SshTestBed
{
    private SshOptions Copied(string program, string folder) =>
        Options() with
        {
            Agent = new CopiedAgent(program) { Folder = folder },
        };

    /// <summary>What a shell reads when it starts says more than nothing, takes its time, and does not end its
    /// line.</summary>
    [Theory]
    [InlineData(
        "echo Welcome; echo '{}'; echo oops >&2; sleep 1; printf 'loading ...'; eval \"$SSH_ORIGINAL_COMMAND\""
    )]
    [InlineData("exec csh -f -c \"$SSH_ORIGINAL_COMMAND\"")]
    public async Task A_shell_with_much_to_say_and_another_one_than_sh_begin_it_all_the_same(string shell)
    {
        var program = Program("agent program", $"exec '{Sandbox.ProgramFile}' \"$@\"");
        await ReadyAsync($"ForceCommand {shell}");
        await using (var host = await ConnectAsync(Options() with { Agent = new InstalledAgent(program) }))
        {
            await AnswersAsync(host);
        }

        await using var copied = await ConnectAsync(Copied(program, Folder["it's \"odd\" $HOME {!} \\ ü"]));
        await AnswersAsync(copied);
    }

    /// <summary>A host that allows one session at a time, which is all that is needed.</summary>
    [Fact]
    public async Task A_program_is_copied_once_for_its_owner_alone_also_by_two_at_once_and_with_one_session()
    {
        await ReadyAsync("MaxSessions 1");
        var program = Program("program", $"exec '{Sandbox.ProgramFile}' \"$@\"");
        var options = Copied(program, Folder["copies/agent"]);
        var hosts = await Task.WhenAll(ConnectAsync(options), ConnectAsync(options));
        foreach (var host in hosts)
        {
            await AnswersAsync(host);
            await host.DisposeAsync();
        }

        var folder = Assert.Single(Directory.GetDirectories(Folder["copies/agent"]));
        var hash = System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(program));
        Assert.Equal(Convert.ToHexStringLower(hash), Path.GetFileName(folder));
        var copy = Assert.Single(Directory.GetFileSystemEntries(folder));
        Assert.Equal("pgpoollab", Path.GetFileName(copy));
        const UnixFileMode owners = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.All(
            new[] { Folder["copies"], Folder["copies/agent"], folder, copy },
            p => Assert.Equal(owners, File.GetUnixFileMode(p))
        );
        var written = File.GetLastWriteTimeUtc(copy);
        await using (await ConnectAsync(options))
        {
            Assert.Equal(written, File.GetLastWriteTimeUtc(copy));
        }

        // One that was damaged, but has its length, is found out when it says nothing.
        var whole = await File.ReadAllTextAsync(copy);
        foreach (var damage in new[] { "exit 127", "exit 1", "kill -SEGV $$" })
        {
            Executable.Write(copy, $"#!/bin/sh\n{damage}\n#".PadRight(whole.Length - 1, 'x') + "\n");
            await using (var repaired = await ConnectAsync(options))
            {
                await AnswersAsync(repaired);
            }

            Assert.Equal(whole, await File.ReadAllTextAsync(copy));
        }
    }

    [Fact]
    public async Task A_program_that_does_not_run_there_is_reported_in_its_own_words_and_leaves_nothing()
    {
        await ReadyAsync();
        var words = "libc.so.6: version `GLIBC_2.99' not found";
        var broken = Program("broken", $"cat <<'END' >&2\n{words}\nEND\nexit 1");
        var error = await Assert.ThrowsAsync<NoAgentException>(() => ConnectAsync(Copied(broken, Folder["copies"])));
        Assert.True(
            error.Details is [var said] && said == words,
            $"{error.Message} {string.Join("\n", error.Details)}"
        );
        Assert.Equal(ExitCode.Missing, error.Code);
        Assert.Equal(2, error.Hints.Count);
        Assert.Empty(Directory.GetFiles(Folder["copies"], "*", SearchOption.AllDirectories));

        error = await Assert.ThrowsAsync<NoAgentException>(() =>
            ConnectAsync(Options() with { Agent = new InstalledAgent(broken) })
        );
        Assert.Contains("ended with exit code 1 before it said a word", error.Message, StringComparison.Ordinal);
        Assert.Equal([words], error.Details);

        error = await Assert.ThrowsAsync<NoAgentException>(() =>
            ConnectAsync(Options() with { Agent = new InstalledAgent("no-such-program") })
        );
        Assert.Contains(error.Details, d => d.Contains("no-such-program: not found", StringComparison.Ordinal));

        // Where nothing can be written.
        await File.WriteAllTextAsync(Folder["a file"], "");
        error = await Assert.ThrowsAsync<NoAgentException>(() => ConnectAsync(Copied(broken, Folder["a file/agent"])));
        Assert.Contains("cannot be copied", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Details);
    }

    /// <summary>Before anything is made there.</summary>
    [Theory]
    [InlineData(0xf3, "GLIBC_2.2", "the program is for riscv64")]
    [InlineData(0, "GLIBC_2.17\0GLIBC_2.999\0GLIBC_2.4", "the program needs 2.999")]
    public async Task A_program_for_another_processor_or_a_newer_library_is_not_even_copied(
        int machine,
        string library,
        string expected
    )
    {
        await ReadyAsync();
        var header = new byte[64];
        "\u007fELF"u8.CopyTo(header);
        header[18] = (byte)machine;
        await File.WriteAllBytesAsync(Folder["program"], [.. header, .. System.Text.Encoding.ASCII.GetBytes(library)]);
        var error = await Assert.ThrowsAsync<NoAgentException>(() =>
            ConnectAsync(Copied(Folder["program"], Folder["copies"]))
        );
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder["copies"]));
    }
}
