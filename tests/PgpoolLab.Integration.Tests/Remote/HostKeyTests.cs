using PgpoolLab.Model;
using PgpoolLab.Ssh;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>Whether a host is the one that is meant.</summary>
public sealed class HostKeyTests : SshTestBed
{
    [Fact]
    public async Task A_key_that_nobody_knows_is_refused_asked_for_or_added()
    {
        var sshd = await StartAsync();
        Configure("b", sshd.Port);
        var error = await Assert.ThrowsAsync<HostKeyException>(() => ConnectAsync());
        Assert.Equal((HostKeyVerdict.Unknown, ExitCode.Missing), (error.Verdict, error.Code));
        Assert.Equal($"shown: ED25519 {sshd.Key().Fingerprint}", error.Details[0]);
        Assert.Contains(error.Hints, h => h.Contains("--accept-new", StringComparison.Ordinal));

        var careful = new Person(trusts: false);
        await Assert.ThrowsAsync<HostKeyException>(() => ConnectAsync(Options(careful)));
        var asked = Assert.Single(careful.Unknown);
        Assert.Equal(("b", $"[127.0.0.1]:{sshd.Port}", Known), (asked.Host, asked.KeyName, asked.File));
        Assert.Equal(sshd.Key(), asked.Key);
        Assert.False(File.Exists(Known));

        await using (var host = await ConnectAsync(Options(new Person())))
        {
            await AnswersAsync(host);
            Assert.Equal("b", host.Name);
            Assert.Equal($"{Environment.UserName}@127.0.0.1:{sshd.Port}", host.Resolved);
            Assert.Equal(1, host.RoundTrips);
            Assert.NotEqual("", host.AgentVersion);
        }

        Assert.Equal($"[127.0.0.1]:{sshd.Port} {sshd.Key().ToLine()}\n", await File.ReadAllTextAsync(Known));
        // From now on it is known.
        await using var again = await ConnectAsync();
    }

    [Fact]
    public async Task Who_wants_it_has_new_keys_added_and_who_is_strict_is_not_even_asked()
    {
        var sshd = await StartAsync();
        Configure("strict", sshd.Port, "StrictHostKeyChecking yes");
        Configure("new", sshd.Port, "StrictHostKeyChecking accept-new\n HashKnownHosts yes");
        var person = new Person();
        await Assert.ThrowsAsync<HostKeyException>(() => ConnectAsync(Options(person), "strict"));
        Assert.Empty(person.Unknown);
        await using (await ConnectAsync("new")) { }
        Assert.StartsWith("|1|", await File.ReadAllTextAsync(Known), StringComparison.Ordinal);
        // ssh itself finds what was added.
        await KeyGen.RunAsync("ssh-keygen", ["-F", $"[127.0.0.1]:{sshd.Port}", "-f", Known]);
        await using (await ConnectAsync("strict")) { }
        File.Delete(Known);
        await using var added = await ConnectAsync(Options() with { AcceptNew = true }, "strict");
        Assert.True(File.Exists(Known));
    }

    /// <summary>Nobody tries again: whoever listens in has to be found out the first time.</summary>
    [Fact]
    public async Task A_key_that_has_changed_is_refused_with_both_fingerprints_and_the_command_that_helps()
    {
        var sshd = await StartAsync();
        Configure("b", sshd.Port);
        await KeyGen.MakeAsync(Folder["other"], "ed25519");
        var other = Sshd.KeyIn(Folder["other.pub"]);
        await File.WriteAllTextAsync(Known, $"# comment\n[127.0.0.1]:{sshd.Port} {other.ToLine()}\n");
        var person = new Person();
        var error = await Assert.ThrowsAsync<HostKeyException>(() =>
            ConnectAsync(Options(person) with { AcceptNew = true })
        );
        Assert.Equal(HostKeyVerdict.Changed, error.Verdict);
        Assert.Equal([$"shown: {sshd.Key()}", $"known: {other} ({Known} line 2)"], error.Details);
        Assert.Equal(1, sshd.Connections);
        Assert.Empty(person.Unknown);
        // The command does what it says.
        var command = Assert.Single(error.Hints)[(error.Hints[0].IndexOf(":  ", StringComparison.Ordinal) + 3)..];
        await KeyGen.RunAsync("/bin/sh", ["-c", command]);
        await using var host = await ConnectAsync(Options(person));
        Assert.Single(person.Unknown);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_and_a_name_that_is_hidden_is_found()
    {
        var sshd = await StartAsync();
        Configure("b", sshd.Port);
        Trust(sshd);
        await KeyGen.RunAsync("ssh-keygen", ["-H", "-f", Known]);
        Assert.DoesNotContain("127.0.0.1", await File.ReadAllTextAsync(Known), StringComparison.Ordinal);
        await using (await ConnectAsync()) { }
        await File.AppendAllTextAsync(Known, $"@revoked * {sshd.Key().ToLine()}\n");
        var error = await Assert.ThrowsAsync<HostKeyException>(() =>
            ConnectAsync(Options(new Person()) with { AcceptNew = true })
        );
        Assert.Equal(HostKeyVerdict.Revoked, error.Verdict);
        Assert.Contains($"revoked: {Known} line 2", error.Details);

        File.Delete(Known);
        Trust(sshd);
        Configure("c", sshd.Port, $"RevokedHostKeys \"{Folder["revoked"]}\"");
        Assert.Contains(
            "is not there",
            (await Assert.ThrowsAsync<LabException>(() => ConnectAsync("c"))).Message,
            StringComparison.Ordinal
        );
        var before = sshd.Connections;
        await File.WriteAllTextAsync(Folder["revoked"], sshd.Key().ToLine());
        error = await Assert.ThrowsAsync<HostKeyException>(() => ConnectAsync("c"));
        Assert.Equal(HostKeyVerdict.Revoked, error.Verdict);
        Assert.Equal(before + 1, sshd.Connections);
        await KeyGen.RunAsync("ssh-keygen", ["-k", "-f", Folder["krl"], Folder["revoked"]]);
        File.Move(Folder["krl"], Folder["revoked"], overwrite: true);
        Assert.Contains(
            "KRL",
            (await Assert.ThrowsAsync<LabException>(() => ConnectAsync("c"))).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(before + 1, sshd.Connections);
    }

    /// <summary>A host has several keys and shows one: were it another than the known one it would look
    /// changed.</summary>
    [Theory]
    [InlineData("ecdsa")]
    [InlineData("rsa")]
    public async Task A_host_with_several_keys_is_asked_for_the_one_that_is_known(string type)
    {
        var sshd = await StartAsync("", "ed25519", "ecdsa", "rsa");
        Configure("b", sshd.Port);
        Trust(sshd, type);
        await using var host = await ConnectAsync();
        await AnswersAsync(host);
    }

    [Fact]
    public async Task A_host_without_a_key_of_the_known_type_is_refused()
    {
        var sshd = await StartAsync();
        Configure("b", sshd.Port);
        await KeyGen.MakeAsync(Folder["other"], "ecdsa");
        await File.WriteAllTextAsync(Known, $"[127.0.0.1]:{sshd.Port} {Sshd.KeyIn(Folder["other.pub"]).ToLine()}\n");
        var error = await Assert.ThrowsAsync<HostKeyException>(() =>
            ConnectAsync(Options(new Person()) with { AcceptNew = true })
        );
        Assert.Equal(HostKeyVerdict.Changed, error.Verdict);
        Assert.Contains("has no key of the type that is known of it (ECDSA)", error.Message, StringComparison.Ordinal);
    }
}
