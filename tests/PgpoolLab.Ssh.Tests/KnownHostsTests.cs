using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Ssh.Files;

namespace PgpoolLab.Ssh.Tests;

/// <summary>Lines as ssh and ssh-keygen write them.</summary>
public sealed class KnownHostsTests : IDisposable
{
    private const string First = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE2NHDoMPZx0hUMAlO1+Ko9rWEJPXuXJ0WbDB0KZH9Cf";
    private const string Second = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPXWTNJTkY1gx2OsXh36RTLkTX3bAGG5hyhF+NmBTOgX";

    private const string Ecdsa =
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrY"
        + "MjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private SshHome Home => new(_folder.Path, "olga", Identity.Current.UserId);

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        File.SetUnixFileMode(_folder[name], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return _folder[name];
    }

    private static SshKey Key(string line) => SshKey.TryParse(line.Split(' ')[0], line.Split(' ')[1])!;

    private static HostKeyAnswer Compare(string text, string host, int port = 22, string shown = First) =>
        KnownHosts.Of("/f", text).Compare(KnownHosts.NameOf(host, port), Key(shown));

    [Theory]
    [InlineData($"b {First}", "b", 22)]
    [InlineData($"b {First}", "B", 22)]
    [InlineData($"B {First} a comment of words", "b", 22)]
    [InlineData($"a,b,c {First}\r", "b", 22)]
    [InlineData($"  b\t{First}", "b", 22)]
    [InlineData($"[b]:2222 {First}", "b", 2222)]
    [InlineData($"[10.0.0.?]:2222,x {First}", "10.0.0.7", 2222)]
    [InlineData($"*.example.org,!c.example.org {First}", "b.example.org", 22)]
    [InlineData($"* {First}", "b", 2222)]
    [InlineData($"::1 {First}", "::1", 22)]
    [InlineData($"b {Second}\nb {First}", "b", 22)]
    public void The_key_of_a_line_about_the_host_is_known(string text, string host, int port) =>
        Assert.Equal(HostKeyVerdict.Known, Compare(text, host, port).Verdict);

    [Theory]
    [InlineData("", "b", 22)]
    [InlineData($"# b {First}", "b", 22)]
    [InlineData($"c {First}", "b", 22)]
    [InlineData($"b {First}", "b", 2222)]
    [InlineData($"[b]:2222 {First}", "b", 22)]
    [InlineData($"*.example.org,!c.example.org {First}", "c.example.org", 22)]
    [InlineData($"!b {First}", "b", 22)]
    [InlineData("b ssh-ed25519 AAAA", "b", 22)]
    [InlineData("b ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIE2NHDoMPZx0hUMAlO1+Ko9rWEJPXuXJ0WbDB0KZH9Cf", "b", 22)]
    [InlineData("b 1024 35 123456789", "b", 22)]
    [InlineData($"@other b {First}", "b", 22)]
    [InlineData($"|1|x {First}", "b", 22)]
    [InlineData($"|1|!!!|??? {First}", "b", 22)]
    [InlineData($"|2|F1E1KeoE|b {First}", "b", 22)]
    public void Other_lines_say_nothing_of_it(string text, string host, int port) =>
        Assert.Equal(HostKeyVerdict.Unknown, Compare(text, host, port).Verdict);

    [Fact]
    public void Another_key_is_a_changed_one_and_the_lines_are_named()
    {
        var answer = Compare($"# comment\nb {Second}\n*b {Ecdsa}\n", "b");
        Assert.Equal(HostKeyVerdict.Changed, answer.Verdict);
        Assert.Equal(["/f line 2", "/f line 3"], answer.Entries.Select(e => e.Place));
        Assert.Equal(Key(Second).Fingerprint, answer.Entries[0].Key.Fingerprint);
    }

    [Fact]
    public void A_key_that_is_revoked_is_so_whatever_else_is_said()
    {
        var answer = Compare($"b {First}\n@revoked * {First}\n", "b");
        Assert.Equal(HostKeyVerdict.Revoked, answer.Verdict);
        Assert.Equal("/f line 2", Assert.Single(answer.Entries).Place);
        Assert.Equal(HostKeyVerdict.Known, Compare($"b {First}\n@revoked * {Second}\n", "b").Verdict);
        // A revoked line makes no key known.
        Assert.Equal(HostKeyVerdict.Unknown, Compare($"@revoked * {Second}\n", "b").Verdict);
    }

    [Fact]
    public void Authorities_are_not_used_and_that_is_said()
    {
        var answer = Compare($"@cert-authority *.example.org {First}", "b.example.org");
        Assert.Equal(HostKeyVerdict.Unknown, answer.Verdict);
        Assert.Equal(
            "/f line 1: @cert-authority is not used, as certificates of hosts are not supported",
            Assert.Single(answer.Notes)
        );
        Assert.Empty(Compare($"@cert-authority *.example.org {First}", "b").Notes);
    }

    /// <summary>Written by <c>ssh-keygen -H</c>.</summary>
    [Theory]
    [InlineData("b.example.org", 22, "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=")]
    public void Names_that_are_hidden_are_found(string host, int port, string hashed)
    {
        // The sample of sshd(8) is about 192.168.1.61.
        Assert.Equal(HostKeyVerdict.Known, Compare($"{hashed} {First}", "192.168.1.61").Verdict);
        Assert.Equal(HostKeyVerdict.Unknown, Compare($"{hashed} {First}", host, port).Verdict);
        var own = HashedName.Of(KnownHosts.NameOf(host, 2222));
        Assert.Equal(HostKeyVerdict.Known, Compare($"{own} {First}", host, 2222).Verdict);
        Assert.Equal(HostKeyVerdict.Unknown, Compare($"{own} {First}", host).Verdict);
    }

    [Fact]
    public void A_host_is_asked_for_keys_of_the_types_that_are_known_of_it()
    {
        var known = KnownHosts.Of("/f", $"b {Ecdsa}\nc ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB\n@revoked b {First}");
        Assert.Equal(["ecdsa-sha2-nistp256"], HostKeyAlgorithms.For(known.TypesOf("b")));
        Assert.Equal(["rsa-sha2-512", "rsa-sha2-256"], HostKeyAlgorithms.For(known.TypesOf("c")));
        Assert.Equal(HostKeyAlgorithms.Safe, HostKeyAlgorithms.For(known.TypesOf("d")));
        // Of a type that is not used any more nothing can be asked.
        Assert.Equal(HostKeyAlgorithms.Safe, HostKeyAlgorithms.For(["ssh-dss"]));
    }

    [Fact]
    public void A_key_that_is_added_is_known_and_what_was_there_stays()
    {
        var file = _folder["ssh/known_hosts"];
        KnownHostsFile.Append(file, KnownHosts.NameOf("b", 2222), Key(First), hashed: false);
        Assert.Equal($"[b]:2222 {First}\n", File.ReadAllText(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(_folder["ssh"])
        );
        // An editor has left the last line open.
        File.WriteAllText(file, "a line of somebody's");
        KnownHostsFile.Append(file, "c", Key(First), hashed: true);
        var lines = File.ReadAllLines(file);
        Assert.Equal(2, lines.Length);
        Assert.Equal("a line of somebody's", lines[0]);
        Assert.StartsWith("|1|", lines[1], StringComparison.Ordinal);
        Assert.Equal(HostKeyVerdict.Known, KnownHosts.Read([file], Home).Compare("c", Key(First)).Verdict);
    }

    /// <summary>Several hosts at once, and several commands.</summary>
    [Fact]
    public void Keys_that_are_added_at_once_are_all_there()
    {
        var file = _folder["known_hosts"];
        Parallel.For(0, 100, n => KnownHostsFile.Append(file, $"host{n}", Key(First), hashed: false));
        var known = KnownHosts.Read([file, _folder["none"]], Home);
        Assert.All(
            Enumerable.Range(0, 100),
            n => Assert.Equal(HostKeyVerdict.Known, known.Compare($"host{n}", Key(First)).Verdict)
        );
    }

    /// <summary>Whoever can write it decides whom we trust.</summary>
    [Fact]
    public void A_file_that_others_can_change_or_exchange_is_refused_with_its_rights()
    {
        Directory.CreateDirectory(_folder["a"]);
        var file = Write("a/known_hosts", $"b {First}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        var error = Assert.Throws<LabException>(() => KnownHosts.Read([file], Home));
        Assert.Equal(
            (ExitCode.Usage, $"Others can change {file} (its mode is 0402), so it is not used."),
            (error.Code, error.Message)
        );
        Assert.Equal($"Then let nobody else write it:  chmod go-w {Shell.Quote(file)}", error.Hints[^1]);

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Equal(HostKeyVerdict.Known, KnownHosts.Read([file], Home).Compare("b", Key(First)).Verdict);
        File.CreateSymbolicLink(_folder["link"], file);
        File.SetUnixFileMode(_folder["a"], Modes.PrivateFolder | UnixFileMode.OtherWrite);
        foreach (var path in new[] { file, _folder["link"] })
        {
            error = Assert.Throws<LabException>(() => KnownHosts.Read([path], Home));
            Assert.Equal(
                $"Others can exchange {path} (others can write in {_folder["a"]}), so it is not used.",
                error.Message
            );
        }
    }

    [Fact]
    public void Anothers_file_is_refused_and_one_that_the_users_own_group_can_write_is_not()
    {
        Assert.SkipUnless(Identity.IsRoot, "only root can give files away");
        const int stranger = 54321;
        var file = Write("known_hosts", $"b {First}\n");
        Identity.Own(file, stranger, stranger);
        var error = Assert.Throws<LabException>(() => KnownHosts.Read([file], Home));
        Assert.Equal(
            $"Others can change {file} (it belongs to the user {stranger}), so it is not used.",
            error.Message
        );
        Identity.Own(file, 0, stranger);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupWrite);
        Assert.Throws<LabException>(() => KnownHosts.Read([file], Home));
        KnownHosts.Read([file], Home with { PrivateGroup = () => stranger });
    }

    [Fact]
    public void A_key_of_a_file_of_revoked_keys_is_revoked_for_every_host()
    {
        var known = Write("known_hosts", $"b {First}\nc {Second}\n");
        var revoked = Write("revoked", $"# lost\n\n  {First} of b\r\n{Ecdsa}");
        var hosts = KnownHosts.Read([known], Home, [revoked]);
        var answer = hosts.Compare("b", Key(First));
        Assert.Equal(HostKeyVerdict.Revoked, answer.Verdict);
        Assert.Equal($"{revoked} line 3", Assert.Single(answer.Entries).Place);
        Assert.Equal(HostKeyVerdict.Revoked, hosts.Compare("unknown", Key(Ecdsa)).Verdict);
        Assert.Equal(HostKeyVerdict.Known, hosts.Compare("c", Key(Second)).Verdict);
        Assert.Equal(["ssh-ed25519"], hosts.TypesOf("b"));
    }

    /// <summary>As with ssh: what cannot be read may revoke any key.</summary>
    [Theory]
    [InlineData(null, "is not there")]
    [InlineData("SSHKRL\n\0\0\u0001", "is a binary list (KRL), which pgpoollab does not read")]
    [InlineData($"{First}\nb {First}\n", "has no public key in line 2")]
    [InlineData("ssh-ed25519 AAAA\n", "has no public key in line 1")]
    [InlineData("ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t\n", "in line 1")]
    public void A_file_of_revoked_keys_that_is_not_understood_lets_nobody_be_trusted(string? text, string why)
    {
        var file = text is null ? _folder["revoked"] : Write("revoked", text);
        var error = Assert.Throws<LabException>(() => KnownHosts.Read([], Home, [file]));
        Assert.StartsWith($"RevokedHostKeys names {file}, which ", error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Single(error.Hints);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("a,b")]
    [InlineData("!b")]
    [InlineData("@revoked")]
    [InlineData("|1|")]
    [InlineData("a b")]
    [InlineData("")]
    public void A_name_that_would_mean_other_hosts_is_not_written(string name)
    {
        Assert.Throws<IOException>(() =>
            KnownHostsFile.Append(_folder["known_hosts"], name, Key(First), hashed: false)
        );
        Assert.False(File.Exists(_folder["known_hosts"]));
    }

    [Theory]
    [InlineData("ssh-ed25519")]
    [InlineData("sk-ecdsa-sha2-nistp256@openssh.com")]
    [InlineData("ssh-\u001b[31m")]
    [InlineData("ssh ed25519")]
    [InlineData("ssh-rsa\nb")]
    [InlineData("SSH-RSA")]
    [InlineData("ssh_rsa")]
    public void The_type_of_a_key_is_a_word_of_few_characters(string type)
    {
        var blob = new byte[] { 0, 0, 0, (byte)type.Length }
            .Concat(System.Text.Encoding.ASCII.GetBytes(type))
            .ToArray();
        Assert.Equal(
            type.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '@' or '.' or '-'),
            SshKey.TryRead(blob) is not null
        );
    }

    [Fact]
    public void A_link_stays_one()
    {
        File.WriteAllText(_folder["real"], "");
        File.CreateSymbolicLink(_folder["known_hosts"], _folder["real"]);
        KnownHostsFile.Append(_folder["known_hosts"], "b", Key(First), hashed: false);
        Assert.NotNull(new FileInfo(_folder["known_hosts"]).LinkTarget);
        Assert.Equal($"b {First}\n", File.ReadAllText(_folder["real"]));
    }

    [Fact]
    public void A_key_is_shown_as_ssh_keygen_shows_it() =>
        Assert.Equal("ED25519 SHA256:" + Fingerprint(First), Key(First).ToString());

    private static string Fingerprint(string line) =>
        Convert
            .ToBase64String(System.Security.Cryptography.SHA256.HashData(Convert.FromBase64String(line.Split(' ')[1])))
            .TrimEnd('=');
}
