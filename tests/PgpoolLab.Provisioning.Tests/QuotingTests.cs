using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Tests;

public sealed class QuotingTests
{
    [Theory]
    [InlineData("", "''")]
    [InlineData("plain", "'plain'")]
    [InlineData("it's", "'it''s'")]
    [InlineData(@"C:\x", @"'C:\\x'")]
    [InlineData(@"\'", @"'\\'''")]
    [InlineData("$HOME \"x\" %p", "'$HOME \"x\" %p'")]
    public void A_configuration_value(string text, string quoted) => Assert.Equal(quoted, ConfigQuoting.Value(text));

    [Theory]
    [InlineData("olga", "olga")]
    [InlineData("", "''")]
    [InlineData("two words", "'two words'")]
    [InlineData("it's", @"'it\'s'")]
    [InlineData(@"DOMAIN\olga", @"'DOMAIN\\olga'")]
    [InlineData("a=b", "a=b")]
    [InlineData("a\tb", "'a\tb'")] // whatever C calls a space ends a value
    [InlineData("a\vb", "'a\vb'")]
    public void A_value_in_a_connection_string(string text, string quoted) =>
        Assert.Equal(quoted, ConfigQuoting.ConnectionValue(text));

    [Theory]
    [InlineData("/srv/lab", "/srv/lab")]
    [InlineData("100%d", "100%%d")]
    [InlineData("%%", "%%%%")]
    public void A_percent_sign_in_a_command(string text, string quoted) =>
        Assert.Equal(quoted, ConfigQuoting.Percent(text));

    [Theory]
    [InlineData("plain 'and' \"quoted\" %p", "plain 'and' \"quoted\" %p")]
    [InlineData("$HOME", @"\$HOME")]
    [InlineData("`id`", @"\`id\`")]
    [InlineData(@"a\b", @"a\\b")]
    public void A_line_of_a_here_document(string text, string quoted) =>
        Assert.Equal(quoted, ConfigQuoting.HereDocument(text));

    [Theory]
    [InlineData("secret", "5ebe2294ecd0e0f08eab7690d2a6ee69")]
    [InlineData("", "d41d8cd98f00b204e9800998ecf8427e")]
    public void A_pcp_password_is_hashed_as_pg_md5_does(string password, string hash) =>
        Assert.Equal(hash, new PcpUser("olga", password).PasswordHash);

    [Fact]
    public void A_pcp_password_does_not_slip_into_a_log() => Assert.Equal("olga", $"{new PcpUser("olga", "secret")}");

    [Fact]
    public void Secrets_do_not_slip_into_a_log() => Assert.Equal("LabSecrets", $"{Labs.Secrets}");

    /// <summary><c>pg_md5 -m -u olga secret</c> of Pgpool-II 4.3.5.</summary>
    [Fact]
    public void A_line_of_pool_passwd_is_what_pg_md5_writes() =>
        Assert.Equal("olga:md5c906e26ad9361cfbd89e4d968267b1c7", new PcpUser("olga", "secret").PoolPasswdLine);

    [Fact]
    public void Random_passwords_are_easy_to_type_and_differ()
    {
        var passwords = Enumerable.Range(0, 100).Select(_ => PcpUser.RandomPassword()).ToArray();
        Assert.All(passwords, p => Assert.Matches("^[a-zA-Z2-9]{16}$", p));
        Assert.Equal(100, passwords.Distinct().Count());
    }

    [Fact]
    public void Pgpool_listens_in_all_folders_since_4_4_and_before_in_the_first()
    {
        Assert.Equal(
            ["/var/run/postgresql/.s.PGSQL.11000", "/tmp/.s.PGSQL.11001"],
            Sockets(Labs.Former(pgpoolMinor: 3))
        );
        Assert.Equal(
            ["/var/run/postgresql/.s.PGSQL.11000", "/tmp/.s.PGSQL.11000", "/tmp/.s.PGSQL.11001"],
            Sockets(Labs.Former(pgpoolMinor: 4))
        );
    }

    [Fact]
    public void A_Pgpool_with_a_watchdog_has_a_socket_for_its_commands() =>
        Assert.Equal(
            ["/srv/lab/run/.s.PGSQL.11000", "/srv/lab/run/.s.PGSQL.11001", "/srv/lab/run/.s.PGPOOLWD_CMD.11002"],
            Sockets(Labs.Fixed(pgpools: 2))
        );

    private static IReadOnlyList<string> Sockets(Model.Lab lab) => LabSockets.OfPgpool(lab, lab.Pgpool);

    [Fact]
    public void A_nodes_socket_has_a_lock_beside_it()
    {
        var lab = Labs.Former();
        Assert.Equal(
            [
                "/var/run/postgresql/.s.PGSQL.11003",
                "/var/run/postgresql/.s.PGSQL.11003.lock",
                "/tmp/.s.PGSQL.11003",
                "/tmp/.s.PGSQL.11003.lock",
            ],
            LabSockets.OfNode(lab, lab.Nodes[1])
        );
    }
}
