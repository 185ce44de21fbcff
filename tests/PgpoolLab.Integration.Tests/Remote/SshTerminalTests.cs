using System.Text.Json;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>The program at a terminal, or without one, as it goes to a host.</summary>
public sealed class SshTerminalTests : SshTestBed
{
    private sealed record Seen(int Code, string Text, bool Same);

    private Task<string> RunAsync(string program, params string[] arguments) =>
        KeyGen.RunAsync(program, arguments, ("HOME", Home), ("SSH_AUTH_SOCK", ""), ("TERM", "xterm"));

    private async Task<Seen> AtTerminalAsync(object[][] steps, params string[] arguments)
    {
        var work = JsonSerializer.Serialize(
            new Dictionary<string, object>
            {
                ["arguments"] = (string[])[Sandbox.ProgramFile, .. arguments],
                ["steps"] = steps,
                ["streams"] = (string[])["tty", "tty", "tty"],
                ["folder"] = Folder.Path,
                ["leads"] = false,
            }
        );
        var seen = await RunAsync("python3", Path.Combine(AppContext.BaseDirectory, "terminal.py"), work);
        return JsonSerializer.Deserialize<Seen>(seen, JsonSerializerOptions.Web)!;
    }

    [Fact]
    public async Task A_person_at_a_terminal_is_asked_and_what_is_typed_as_a_passphrase_is_not_shown()
    {
        var key = $"{Home}/.ssh/id_ed25519";
        await KeyGen.MakeAsync(key, "ed25519", "a secret");
        var sshd = await StartAsync();
        Configure("b", sshd.Port);
        string[] reach = ["hosts", "check", "b", "--installed", Sandbox.ProgramFile];
        var seen = await AtTerminalAsync(
            [
                // What is typed before there is a question is no answer to it.
                ["send", "n\n"],
                ["expect", sshd.Key().Fingerprint],
                ["expect", "[y/N]"],
                ["send", "y\n"],
                ["expect", "Passphrase of "],
                // Ctrl+Z: a shell would go on without the echo.
                ["send", "\u001awrong\n"],
                ["expect", "That is not its passphrase."],
                ["expect", "Passphrase of "],
                ["send", "a secret\n"],
            ],
            reach
        );
        // As root no lab can be made there.
        Assert.True(seen.Code == (Hosts.Identity.IsRoot ? 3 : 0), seen.Text);
        Assert.True(seen.Same, "the terminal is another one now");
        Assert.Contains($" {Environment.UserName}@127.0.0.1:{sshd.Port} ", seen.Text, StringComparison.Ordinal);
        Assert.Contains("1 of 1 hosts answer.", seen.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", seen.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", seen.Text, StringComparison.Ordinal);

        // Ctrl+C at a question ends the command, and the terminal shows again what is typed.
        seen = await AtTerminalAsync(
            [
                ["expect", "Passphrase of "],
                ["send", "\u0003"],
            ],
            reach
        );
        Assert.True((seen.Code, seen.Same) == (130, true), $"{seen.Code}, {seen.Same}: {seen.Text}");

        // Without a terminal nobody is asked.
        string[] shell = ["-c", "\"$@\" 2>&1 </dev/null; echo \"exit code $?\"", "sh", Sandbox.ProgramFile, .. reach];
        var refused = await RunAsync("/bin/sh", shell);
        Assert.Contains("problem  b  Host b (", refused, StringComparison.Ordinal);
        Assert.Contains($"not offered: {key} has a passphrase", refused, StringComparison.Ordinal);
        Assert.EndsWith("exit code 3\n", refused, StringComparison.Ordinal);
    }
}
