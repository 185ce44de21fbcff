using PgpoolLab.Model;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Ssh.Tests;

public sealed class SshConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's");
    private readonly Dictionary<string, string> _variables = [];

    public SshConfigTests()
    {
        Directory.CreateDirectory(_folder[".ssh"]);
        Directory.CreateDirectory(_folder["etc"]);
    }

    public void Dispose() => _folder.Dispose();

    private SshHome Home =>
        new(_folder.Path, "olga", (int)PgpoolLab.Hosts.Identity.Current.UserId)
        {
            SystemFolder = _folder["etc"],
            Variable = _variables.GetValueOrDefault,
            HomeOf = name => name == "eva" ? _folder["eva"] : null,
        };

    private void Write(string text, string name = ".ssh/config")
    {
        File.WriteAllText(_folder[name], text);
        File.SetUnixFileMode(_folder[name], UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private SshSettings Resolve(string host) => SshConfig.Resolve(SshAddress.Parse(host), Home);

    private LabException Refused(string host) => Assert.Throws<LabException>(() => Resolve(host));

    [Fact]
    public void Without_any_configuration_a_host_is_what_it_is_called()
    {
        var b = Resolve("B.example.org");
        Assert.Equal("olga@b.example.org:22", b.Resolved);
        Assert.Equal("B.example.org", b.Name);
        Assert.Equal(new[] { "id_rsa", "id_ecdsa", "id_ed25519" }.Select(n => _folder[$".ssh/{n}"]), b.IdentityFiles);
        Assert.Equal([_folder[".ssh/known_hosts"], _folder[".ssh/known_hosts2"]], b.UserKnownHosts);
        Assert.Equal([_folder["etc/ssh_known_hosts"], _folder["etc/ssh_known_hosts2"]], b.GlobalKnownHosts);
        Assert.Equal(TimeSpan.FromSeconds(10), b.ConnectTimeout);
        Assert.Equal(UnknownHostKeys.Ask, b.UnknownKeys);
        Assert.Null(b.AgentSocket);
        Assert.Empty(b.Jumps);
        Assert.Empty(b.Notes);
    }

    [Fact]
    public void The_first_value_counts_and_of_identity_files_all()
    {
        Write(
            """
            # comment
            IdentityFile ~/first
            Host b? !bx
                HostName %h.example.org
                User   "lab user"   # whose account it is
                Port=2222
                IdentityFile = %d/keys/%r@%n:%p

            Host *
            	User nobody
                IdentityFile none
                ConnectTimeout 1m
                hostkeyalias the-b
                HashKnownHosts yes
            """
        );
        Write("Host *\n User system\n Port 1\n IdentitiesOnly yes\n", "etc/ssh_config");
        var b = Resolve("b1");
        Assert.Equal("lab user@b1.example.org:2222", b.Resolved);
        Assert.Equal([_folder["first"], _folder["keys/lab user@b1:2222"]], b.IdentityFiles);
        Assert.Equal(TimeSpan.FromMinutes(1), b.ConnectTimeout);
        Assert.Equal("the-b", b.KeyName);
        Assert.True(b.HidesNames);
        Assert.True(b.IdentitiesOnly);
        Assert.Equal("nobody@bx:1", Resolve("bx").Resolved);
        // What is asked for counts before all files.
        Assert.Equal("root@b1.example.org:22", Resolve("root@b1:22").Resolved);
    }

    [Fact]
    public void A_match_is_about_the_name_that_is_connected_to()
    {
        Write(
            """
            Host short
              HostName db1.example.org
            Match host *.example.org user !lab,olga
              Port 1
            Match originalhost=short !localuser other
              User matched
            Match all
              ConnectTimeout 3
            Match exec "test -e /" host short
              Port 9
            """
        );
        var b = Resolve("short");
        Assert.Equal("matched@db1.example.org:1", b.Resolved);
        Assert.Equal(TimeSpan.FromSeconds(3), b.ConnectTimeout);
        Assert.Equal(
            $"{_folder[".ssh/config"]} line 9: Match exec is not supported; its lines are left out.",
            Assert.Single(b.Notes)
        );
        Assert.Equal("lab@short:22", (Resolve("lab@short") with { HostName = "short" }).Resolved);
    }

    [Fact]
    public void Included_files_are_read_where_they_are_named()
    {
        Directory.CreateDirectory(_folder[".ssh/conf.d"]);
        Write("Host a\n User of-a\n", ".ssh/conf.d/10-a");
        Write("User of-all\n Host b\n Port 2\n", ".ssh/conf.d/20-b");
        Write("User hidden\n", ".ssh/conf.d/.30");
        Write("Port 3\n", "other");
        Write("Include conf.d/* none/*\nHost b\n Include ~/other\nHost c\n Include conf.d/20-b\n");
        Assert.Equal("of-a@a:22", Resolve("a").Resolved);
        Assert.Equal("of-all@b:2", Resolve("b").Resolved);
        Assert.Equal("of-all@d:22", Resolve("d").Resolved);
    }

    [Fact]
    public void What_is_included_may_be_a_pattern_with_brackets_or_lie_in_anothers_home()
    {
        Directory.CreateDirectory(_folder[".ssh/conf.d"]);
        Directory.CreateDirectory(_folder["eva"]);
        Write("User of-b\n", ".ssh/conf.d/b");
        Write("Port 7\n", ".ssh/conf.d/d");
        Write("HostKeyAlias evas\nIdentityFile ~eva/key\n", "eva/more");
        Write("Include conf.d/[a-c] ~nobody/* ~eva/m*\nInclude conf.d/[!a-c]\n");
        var b = Resolve("x");
        Assert.Equal("of-b@x:7", b.Resolved);
        Assert.Equal("evas", b.HostKeyAlias);
        Assert.Equal([_folder["eva/key"]], b.IdentityFiles);
        // The system's configuration is nobody's home.
        Write("Include ~/other\n", "etc/ssh_config");
        Assert.Contains("is for a user's own configuration", Refused("x").Message, StringComparison.Ordinal);
    }

    /// <summary>As fnmatch(3) says; the comparison with ssh itself is elsewhere.</summary>
    [Theory]
    [InlineData("a", "[a-c]", true)]
    [InlineData("d", "[a-c]", false)]
    [InlineData("d", "[!a-c]", true)]
    [InlineData("d", "[^a-c]", true)]
    [InlineData("]", "[]a]", true)]
    [InlineData("-", "[a-]", true)]
    [InlineData("[", "[", true)]
    [InlineData("[a", "[a", true)]
    [InlineData("a-7.conf", "?-[[:digit:]].*", true)]
    [InlineData("a-x.conf", "?-[[:digit:]].*", false)]
    [InlineData("*", @"\*", true)]
    [InlineData("a", @"\*", false)]
    [InlineData("]", @"[\]]", true)]
    [InlineData("ab", "a[b]*", true)]
    [InlineData(".a", "*", false)]
    [InlineData(".a", "[.]a", false)]
    [InlineData(".a", ".*", true)]
    [InlineData("😀", "?", true)]
    [InlineData("aXbXc", "a*b*c", true)]
    public void A_pattern_of_file_names_means_what_it_means_to_ssh(string name, string pattern, bool expected) =>
        Assert.Equal(expected, FilePattern.Fits(name, pattern));

    /// <summary>What is included within a block that is about other hosts is about none.</summary>
    [Fact]
    public void A_file_that_is_included_for_others_says_nothing_by_its_own_blocks()
    {
        Write("Host *\n User everybody\n", ".ssh/more");
        Write("Host a\n Include more\n");
        Assert.Equal("everybody@a:22", Resolve("a").Resolved);
        Assert.Equal("olga@b:22", Resolve("b").Resolved);
    }

    [Fact]
    public void Files_that_include_each_other_are_refused()
    {
        Write("Include config\n");
        Assert.Equal(ExitCode.Usage, Refused("b").Code);
    }

    [Theory]
    [InlineData("none", "")]
    [InlineData("bastion", "bastion")]
    [InlineData("a,olga@b:2222, ssh://c:1 ,[::1]:22", "a olga@b:2222 c:1 [::1]:22")]
    public void Jumps_are_a_list(string value, string expected)
    {
        Write($"Host x\n ProxyJump \"{value}\"\n ProxyCommand nc %h %p\n");
        Assert.Equal(expected, string.Join(' ', Resolve("x").Jumps));
    }

    /// <summary>Without it we would go elsewhere than ssh does.</summary>
    [Fact]
    public void A_proxy_command_is_refused_by_its_line()
    {
        Write("Host x\n ProxyCommand nc %h %p\n ProxyJump bastion\nHost y\n ProxyCommand none\n ProxyJump z\n");
        var error = Refused("x");
        Assert.Equal($"{_folder[".ssh/config"]} line 2: x has a ProxyCommand, which is not supported.", error.Message);
        Assert.Empty(Resolve("y").Jumps);
    }

    [Theory]
    [InlineData("yes", UnknownHostKeys.Refuse)]
    [InlineData("ask", UnknownHostKeys.Ask)]
    [InlineData("accept-new", UnknownHostKeys.Accept)]
    [InlineData("no", UnknownHostKeys.Ask)]
    [InlineData("off", UnknownHostKeys.Ask)]
    public void Keys_of_hosts_are_checked_whatever_is_said(string value, UnknownHostKeys expected)
    {
        Write($"StrictHostKeyChecking {value}\n");
        Assert.Equal(expected, Resolve("b").UnknownKeys);
        Assert.Equal(value is "no" or "off" ? 1 : 0, Resolve("b").Notes.Count);
    }

    [Theory]
    [InlineData("none", null)]
    [InlineData("SSH_AUTH_SOCK", "/run/agent")]
    [InlineData("$OTHER", "/run/other")]
    [InlineData("${OTHER}.%u", "/run/other.olga")]
    [InlineData("/a/b", "/a/b")]
    public void An_agent_is_named_in_several_ways(string value, string? expected)
    {
        _variables["SSH_AUTH_SOCK"] = "/run/agent";
        _variables["OTHER"] = "/run/other";
        Assert.Equal("/run/agent", Resolve("b").AgentSocket);
        Write($"IdentityAgent {value}\n");
        Assert.Equal(expected, Resolve("b").AgentSocket);
    }

    [Fact]
    public void Files_of_known_hosts_are_several_or_none()
    {
        Write("UserKnownHostsFile \"~/a b\" /c/%k\nGlobalKnownHostsFile none\nUserKnownHostsFile /d\n");
        var b = Resolve("b");
        Assert.Equal([_folder["a b"], "/c/b"], b.UserKnownHosts);
        Assert.Empty(b.GlobalKnownHosts);
        Assert.Empty(b.RevokedKeys);
        Write("UserKnownHostsFile /dev/null\nRevokedHostKeys ~/revoked /r/%h\n");
        Assert.Empty(Resolve("b").UserKnownHosts);
        Assert.Equal([_folder["revoked"], "/r/b"], Resolve("b").RevokedKeys);
        Assert.Empty(Resolve("b").Notes);
    }

    [Theory]
    [InlineData("Port 0", "line 1: \"0\" is no port")]
    [InlineData("\nPort x", "line 2: \"x\" is no port")]
    [InlineData("User", "line 1: user has no value")]
    [InlineData("User \"olga", "line 1: a quote is not closed")]
    [InlineData("ConnectTimeout soon", "line 1: \"soon\" is no number of seconds")]
    [InlineData("Host", "line 1: Host has no name")]
    [InlineData("Match host", "line 1: Match host has no value")]
    [InlineData("Match", "line 1: Match has no condition")]
    [InlineData("HostName %q", "\"%q\" in \"%q\" means nothing here")]
    [InlineData("IdentityFile ${NONE}/x", "\"${NONE}/x\" has a variable that is not set")]
    [InlineData("ProxyJump a,,b", "ProxyJump has \"\", which names no host")]
    [InlineData("ProxyJump -oProxyCommand=x", "ProxyJump has \"-oProxyCommand=x\", which names no host")]
    [InlineData("HostName -b", "HostName is \"-b\", which names no host")]
    [InlineData("HostName b\u001b[31m", "which names no host")]
    [InlineData("User -l", "User is \"-l\", which names no user")]
    [InlineData("HostKeyAlias \"a b\"", "HostKeyAlias is \"a b\", which names no host")]
    [InlineData("IdentityFile ~nobody/x", "\"~nobody/x\" is in the home of a user who is not known")]
    public void What_is_wrong_is_named_by_its_line(string text, string expected)
    {
        Write(text);
        var error = Refused("b");
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, error.Code);
    }

    [Theory]
    [InlineData("Colour blue\nMatch all\nForwardX11 yes\nLocalForward 1 localhost:2")]
    [InlineData("Match canonical\nPort 9\nMatch !canonical host other\nPort 9")]
    public void What_is_about_other_things_is_left_out(string text)
    {
        Write(text);
        Assert.Equal("olga@b:22", Resolve("b").Resolved);
    }

    /// <summary>Who can write it could send us, and our secrets, to another host.</summary>
    [Fact]
    public void A_file_that_others_can_change_is_refused()
    {
        Write("Host b\n");
        File.SetUnixFileMode(_folder[".ssh/config"], UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        Assert.StartsWith("Others can change ", Refused("b").Message, StringComparison.Ordinal);
        // ssh checks what is included, too; and here the system's.
        Write("Include more\n");
        Write("Host b\n", ".ssh/more");
        File.SetUnixFileMode(_folder[".ssh/more"], UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        Assert.StartsWith($"Others can change {_folder[".ssh/more"]}", Refused("b").Message, StringComparison.Ordinal);
        Write("");
        Write("Host b\n", "etc/ssh_config");
        File.SetUnixFileMode(_folder["etc/ssh_config"], UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        Assert.StartsWith(
            $"Others can change {_folder["etc/ssh_config"]}",
            Refused("b").Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("b", "b", null, null)]
    [InlineData("olga@b", "b", "olga", null)]
    [InlineData("DOMAIN\\olga@example.org@b:2", "b", "DOMAIN\\olga@example.org", 2)]
    [InlineData("::1", "::1", null, null)]
    [InlineData("[::1]", "::1", null, null)]
    [InlineData("ssh://olga@b:22/", "b", "olga", 22)]
    public void A_host_is_named_as_for_ssh(string text, string host, string? user, int? port) =>
        Assert.Equal(new SshAddress(host, user, port), SshAddress.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("@b")]
    [InlineData("olga@")]
    [InlineData("b:")]
    [InlineData("b:0")]
    [InlineData("b:99999")]
    [InlineData("[::1]22")]
    [InlineData("-oProxyCommand=x")]
    [InlineData("a b")]
    [InlineData("-olga@b")]
    [InlineData("olga\u001b[2J@b")]
    [InlineData("ol\nga@b")]
    [InlineData("b\u0007")]
    [InlineData("b\u202e")]
    [InlineData("b\u2028")]
    [InlineData("b:-22")]
    [InlineData("b:+22")]
    [InlineData("b:2\u00002")]
    [InlineData("[-b]:22")]
    public void What_names_no_host_is_refused(string text) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<LabException>(() => SshAddress.Parse(text)).Code);
}
