using System.Diagnostics;
using PgpoolLab.Model;
using PgpoolLab.Ssh;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>Who logs in.</summary>
public sealed class LoginTests : SshTestBed
{
    /// <summary>The user's key is another one; that of the test is in its own file.</summary>
    private async Task<Sshd> LettingInAsync(string publicKeys, string more = "")
    {
        var sshd = await Sshd.StartAsync(Folder["sshd"], publicKeys);
        Own(sshd);
        Configure("b", sshd.Port, more);
        Trust(sshd);
        return sshd;
    }

    private string Key => Folder["it's a key"];

    [Theory]
    [InlineData("ed25519", "", "")]
    [InlineData("ecdsa-256", "", "")]
    [InlineData("ecdsa-384", "", "")]
    [InlineData("ecdsa-521", "", "")]
    [InlineData("rsa", "", "")]
    [InlineData("rsa", "", "PEM")]
    [InlineData("ecdsa-256", "", "PKCS8")]
    [InlineData("ed25519", "a pass phrase", "")]
    [InlineData("rsa", "a pass phrase", "")]
    [InlineData("rsa", "a pass phrase", "PEM")]
    [InlineData("rsa", "a pass phrase", "PKCS8")]
    public async Task Keys_of_each_type_open_a_host(string type, string passphrase, string format)
    {
        string[] more = format.Length == 0 ? [] : ["-m", format];
        await KeyGen.MakeAsync(Key, type, passphrase, more);
        await LettingInAsync(await File.ReadAllTextAsync($"{Key}.pub"), $"IdentityFile \"{Key}\"");
        // Not every key has its public half beside it.
        File.Delete($"{Key}.pub");
        var person = new Person(true, passphrase);
        await using var host = await ConnectAsync(Options(person));
        await AnswersAsync(host);
        Assert.Equal(passphrase.Length > 0 ? 1 : 0, person.Passphrases.Count);
    }

    [Fact]
    public async Task A_passphrase_is_asked_for_when_the_host_would_take_the_key_and_three_times_at_most()
    {
        await KeyGen.MakeAsync(Key, "ed25519", "secret");
        await KeyGen.MakeAsync(Folder["second"], "ed25519", "other secret");
        await LettingInAsync(
            await File.ReadAllTextAsync($"{Key}.pub"),
            $"IdentityFile \"{Folder["second"]}\"\n IdentityFile \"{Key}\""
        );
        var person = new Person(true, "wrong", "secret");
        await using (await ConnectAsync(Options(person))) { }
        // Of the other key the host wants nothing, and nobody is asked.
        Assert.Equal([(Key, 0), (Key, 1)], person.Passphrases.Select(p => (p.File, p.WrongBefore)));

        var error = await Assert.ThrowsAsync<LoginRefusedException>(() =>
            ConnectAsync(Options(new Person(true, "wrong", "wrong", "wrong", "secret")))
        );
        Assert.Contains($"not offered: {Key} has another passphrase than the 3 that were given", error.Details);
        error = await Assert.ThrowsAsync<LoginRefusedException>(() => ConnectAsync(Options(new Person())));
        Assert.Contains($"not offered: {Key} has a passphrase, which was not given", error.Details);
        // Without a terminal.
        error = await Assert.ThrowsAsync<LoginRefusedException>(() => ConnectAsync());
        Assert.Contains(
            error.Details,
            d => d.StartsWith($"not offered: {Key} has a passphrase, which can only be asked", StringComparison.Ordinal)
        );
        Assert.Equal(ExitCode.Missing, error.Code);
    }

    /// <summary>A host waits for a login as long as its LoginGraceTime says, two minutes by default.</summary>
    [Fact]
    public async Task Who_looks_for_a_passphrase_longer_than_the_host_waits_is_connected_again_and_not_asked_again()
    {
        // The key that ReadyAsync lets in.
        await KeyGen.MakeAsync($"{Home}/.ssh/id_ed25519", "ed25519", "secret");
        await ReadyAsync("LoginGraceTime 8");
        var person = new Person(true, "secret") { Takes = TimeSpan.FromSeconds(10) };
        await using (await ConnectAsync(Options(person))) { }
        Assert.Single(person.Passphrases);
    }

    [Fact]
    public async Task Several_hosts_at_once_ask_for_a_passphrase_once()
    {
        await KeyGen.MakeAsync(Key, "ed25519", "secret");
        await LettingInAsync(await File.ReadAllTextAsync($"{Key}.pub"), $"IdentityFile \"{Key}\"");
        var person = new Person(true, "secret");
        using var hosts = new SshHosts(Options(person));
        var connected = await Task.WhenAll(
            Enumerable
                .Range(0, 3)
                .Select(n => hosts.ConnectAsync(new SshRequest(SshAddress.Parse("b")) { Name = $"host{n}" }, default))
        );
        Assert.Equal(["host0", "host1", "host2"], connected.Select(h => h.Name));
        Assert.Single(person.Passphrases);
        foreach (var host in connected)
        {
            await AnswersAsync(host);
            await host.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_host_that_lets_nobody_in_is_reported_with_all_that_was_offered_and_what_was_not()
    {
        await KeyGen.MakeAsync(Folder["other"], "ed25519");
        await KeyGen.MakeAsync($"{Home}/.ssh/id_ed25519", "ed25519");
        await KeyGen.MakeAsync($"{Home}/.ssh/id_ecdsa", "ecdsa");
        File.SetUnixFileMode($"{Home}/.ssh/id_ecdsa", UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var sshd = await LettingInAsync(await File.ReadAllTextAsync(Folder["other.pub"]));
        Variables["SSH_AUTH_SOCK"] = Folder["nobody"];
        var error = await Assert.ThrowsAsync<LoginRefusedException>(() => ConnectAsync());
        Assert.Equal(
            $"Host b ({Environment.UserName}@127.0.0.1:{sshd.Port}) lets {Environment.UserName} in with none of the "
                + "keys that were offered.",
            error.Message
        );
        var offered = Sshd.KeyIn($"{Home}/.ssh/id_ed25519.pub");
        Assert.Equal($"offered: {Home}/.ssh/id_ed25519, {offered}", error.Details[0]);
        Assert.Contains(error.Details, d => d.StartsWith("not offered: the agent at ", StringComparison.Ordinal));
        Assert.Contains(
            error.Details,
            d => d.StartsWith($"not offered: {Home}/.ssh/id_ecdsa can be read by others", StringComparison.Ordinal)
        );
        Assert.Contains($"not there: {Home}/.ssh/id_rsa", error.Details);
    }

    [Fact]
    public async Task A_host_that_hangs_up_after_a_few_keys_wants_the_right_one_to_be_named()
    {
        // OpenSSH 10.6 takes six before it counts (sshd_config: PubkeyOptions max-pk-ok); older ones count at once.
        string[] names = [.. Enumerable.Range(1, 9).Select(n => $"wrong{n}"), "right"];
        foreach (var name in names)
        {
            await KeyGen.MakeAsync(Folder[name], "ed25519");
        }

        var sshd = await Sshd.StartAsync(
            Folder["sshd"],
            await File.ReadAllTextAsync(Folder["right.pub"]),
            "MaxAuthTries 2"
        );
        Own(sshd);
        Configure("b", sshd.Port, string.Join("\n ", names.Select(n => $"IdentityFile {Folder[n]}")));
        Trust(sshd);
        var error = await Assert.ThrowsAsync<LoginRefusedException>(() => ConnectAsync());
        Assert.Contains("IdentitiesOnly", Assert.Single(error.Hints), StringComparison.Ordinal);
        Assert.Equal(names.Length, error.Details.Count(d => d.StartsWith("offered: ", StringComparison.Ordinal)));
        using var hosts = new SshHosts(Options());
        // Whoever asks may name it as well; it comes first.
        var request = new SshRequest(SshAddress.Parse("b")) { IdentityFile = Folder["right"] };
        await using var host = await hosts.ConnectAsync(request, CancellationToken.None);
    }

    [Fact]
    public async Task Without_any_key_that_is_said()
    {
        await KeyGen.MakeAsync(Folder["other"], "ed25519");
        await LettingInAsync(await File.ReadAllTextAsync(Folder["other.pub"]));
        var error = await Assert.ThrowsAsync<LoginRefusedException>(() => ConnectAsync());
        Assert.EndsWith("lets nobody in without a key, and there is none to offer.", error.Message);
    }

    [Fact]
    public async Task An_agents_keys_open_a_host_and_only_the_named_ones_where_that_is_said()
    {
        var socket = Folder["agent"];
        Own(
            new Ended(
                Reaper.Start(new ProcessStartInfo("ssh-agent", ["-D", "-a", socket]) { RedirectStandardOutput = true })
            )
        );
        await Sshd.UntilAsync(() => File.Exists(socket), "ssh-agent does not begin");
        string[] types = ["ed25519", "ecdsa-384", "rsa"];
        foreach (var type in types)
        {
            await KeyGen.MakeAsync(Folder[type], type);
            await KeyGen.RunAsync("ssh-add", ["-q", Folder[type]], ("SSH_AUTH_SOCK", socket));
            File.Delete(Folder[type]);
        }

        var sshd = await LettingInAsync("");
        foreach (var type in types)
        {
            await File.WriteAllTextAsync(
                Folder["sshd/authorized_keys"],
                await File.ReadAllTextAsync(Folder[$"{type}.pub"])
            );
            Variables["SSH_AUTH_SOCK"] = socket;
            await using var host = await ConnectAsync();
            await AnswersAsync(host);
        }

        // Its RSA key would do; the named one does not.
        Configure("only", sshd.Port, $"IdentitiesOnly yes\n IdentityFile {Folder["ed25519"]}");
        var error = await Assert.ThrowsAsync<LoginRefusedException>(() => ConnectAsync("only"));
        Assert.Equal(
            [$"offered: a ed25519 (agent), {Sshd.KeyIn(Folder["ed25519.pub"])}"],
            error.Details.Where(d => d.StartsWith("offered", StringComparison.Ordinal))
        );
        Configure("named", sshd.Port, $"IdentitiesOnly yes\n IdentityFile {Folder["rsa"]}\n IdentityAgent {socket}");
        Variables.Clear();
        await using var named = await ConnectAsync("named");
    }

    private sealed class Ended(Process process) : IDisposable
    {
        public void Dispose()
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }
}
