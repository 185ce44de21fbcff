using System.Diagnostics;
using PgpoolLab.Hosts;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>What we read of ssh's configuration is what ssh itself reads: <c>ssh -G</c> prints it.</summary>
public sealed class SshConfigComparedTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>With -F ssh reads this file alone, and its home is the user's, so paths in here are absolute.</summary>
    private const string Configuration = """
        # A comment, and a line with blanks at its end
        Include FOLDER/conf.d/* FOLDER/more.[c-e]/[!13-9] FOLDER/more.d/\[x\] ~no-such-user/*
        RevokedHostKeys FOLDER/revoked
        IdentityFile FOLDER/everywhere
        Host first second !third
            HostName=%h.example.org
            User "lab user"
            port = 2222
        Host f* !first
            Port 9
            User nobody
        HOST *.example.org 10.0.0.?
            ProxyJump bastion,olga@far:2200
            UserKnownHostsFile FOLDER/a "FOLDER/b c"
        Match host *.example.org,!x.example.org
            ConnectTimeout 7
            HostKeyAlias by-match
            IdentityFile FOLDER/%h-%r
        Match originalhost second user lab*
            IdentitiesOnly yes
            StrictHostKeyChecking accept-new
        Match !host first !localuser nosuchuser
            IdentityAgent FOLDER/agent
            HashKnownHosts yes
        Host none
            ProxyJump none
            ProxyCommand nc %h %p
            IdentityFile none
        Match all
            Port 33
            ConnectTimeout 1m30s
            User 'last one'
        """;

    [Theory]
    [InlineData("first")]
    [InlineData("second")]
    [InlineData("third")]
    [InlineData("fourth")]
    [InlineData("b.example.org")]
    [InlineData("x.example.org")]
    [InlineData("10.0.0.7")]
    [InlineData("10.0.0.77")]
    [InlineData("olga@included")]
    [InlineData("UPPER")]
    [InlineData("none")]
    public async Task Every_host_is_resolved_as_ssh_does(string host)
    {
        Directory.CreateDirectory(_folder["conf.d"]);
        Directory.CreateDirectory(_folder[".ssh"]);
        await File.WriteAllTextAsync(_folder["conf.d/1"], "Host included\n Port 44\n HostName \"10.1.1.1\"\n");
        await File.WriteAllTextAsync(_folder["conf.d/2"], "HostKeyAlias\tfrom-include # comment\nHost other\n");
        Directory.CreateDirectory(_folder["more.d"]);
        await File.WriteAllTextAsync(_folder["more.d/1"], "Host *\n Port 1\n");
        await File.WriteAllTextAsync(_folder["more.d/2"], "Host b.example.org\n Port 55\n");
        await File.WriteAllTextAsync(_folder["more.d/[x]"], "Host x.example.org\n Port 56\n");
        foreach (var file in new[] { "config", ".ssh/config" })
        {
            await File.WriteAllTextAsync(
                _folder[file],
                Configuration.Replace("FOLDER", _folder.Path, StringComparison.Ordinal)
            );
            File.SetUnixFileMode(_folder[file], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var home = new SshHome(_folder.Path, Environment.UserName, Identity.Current.UserId)
        {
            SystemFolder = _folder["none"],
            Variable = _ => null,
        };
        var ours = SshConfig.Resolve(SshAddress.Parse(host), home);
        var ssh = await AskSshAsync(host);
        Assert.Equal(ssh["hostname"].Single(), ours.HostName);
        Assert.Equal(ssh["port"].Single(), $"{ours.Port}");
        Assert.Equal(ssh["user"].Single(), ours.User);
        Assert.Equal(ssh["hostkeyalias"].Single(), ours.HostKeyAlias);
        Assert.Equal(ssh["identitiesonly"].Single() == "yes", ours.IdentitiesOnly);
        Assert.Equal(ssh["hashknownhosts"].Single() == "yes", ours.HidesNames);
        Assert.Equal(ssh.GetValueOrDefault("proxyjump", [""]).Single(), string.Join(',', ours.Jumps));
        Assert.Equal(ssh["identityfile"].Where(f => f != "none").Select(f => Named(f, ours)), ours.IdentityFiles);
        Assert.Equal(ssh.GetValueOrDefault("identityagent", [""]).Single(), ours.AgentSocket ?? "");
        Assert.Equal(
            ssh["stricthostkeychecking"].Single() == "accept-new" ? UnknownHostKeys.Accept : UnknownHostKeys.Ask,
            ours.UnknownKeys
        );
        Assert.Equal(ssh["revokedhostkeys"], ours.RevokedKeys);
        Assert.Equal(double.Parse(ssh["connecttimeout"].Single()), ours.ConnectTimeout.TotalSeconds);
        // Its home is the one that the system knows.
        var itsHome = Identity.Find(Environment.UserName)!.Home;
        Assert.Equal(
            ssh["userknownhostsfile"].Single(),
            string.Join(' ', ours.UserKnownHosts)
                .Replace($"{_folder.Path}/.ssh", $"{itsHome}/.ssh", StringComparison.Ordinal)
        );
    }

    /// <summary>ssh prints these as they are written.</summary>
    private static string Named(string file, SshSettings ours) =>
        file.Replace("%h", ours.HostName, StringComparison.Ordinal).Replace("%r", ours.User, StringComparison.Ordinal);

    private async Task<Dictionary<string, string[]>> AskSshAsync(string host)
    {
        using var ssh = Reaper.Start(
            new ProcessStartInfo("ssh", ["-G", "-F", _folder["config"], host])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        );
        var error = ssh.StandardError.ReadToEndAsync();
        var output = await ssh.StandardOutput.ReadToEndAsync();
        await ssh.WaitForExitAsync();
        Assert.True(ssh.ExitCode == 0, await error);
        return output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Split(' ', 2))
            .Where(w => w.Length == 2)
            .GroupBy(w => w[0], w => w[1])
            .ToDictionary(g => g.Key, g => g.ToArray());
    }
}
