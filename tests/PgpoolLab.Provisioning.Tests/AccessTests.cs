using System.Security.Cryptography.X509Certificates;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Passwords, certificates, and who is asked for what.</summary>
public sealed class AccessTests
{
    [Fact]
    public void A_scram_verifier_is_that_of_RFC_7677() =>
        Assert.Equal(
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
                + ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
            new DatabaseUser("user", "pencil").ScramVerifier(Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="))
        );

    [Fact]
    public void An_md5_verifier_is_PostgreSQLs() =>
        Assert.Equal(
            "md532e12f215ba27cb750c9e093ce4b5127",
            new DatabaseUser("postgres", "password").Verifier(AuthMethod.Md5)
        );

    /// <summary>The lines <c>pg_enc -m -K thekey</c> of 4.3.5 has written.</summary>
    [Theory]
    [InlineData("postgres", "pw-owner", "postgres:AES9e30W1ZleTJITyDtLcqMvA==")]
    [InlineData("pgpool", "pw-pgpool", "pgpool:AESC8FrScZASK/4qhP65/z+rA==")]
    public void A_line_of_pool_passwd_is_as_pg_enc_writes_it(string name, string password, string line) =>
        Assert.Equal(line, new DatabaseUser(name, password).PoolPasswdLine("thekey"));

    [Fact]
    public void Every_role_that_logs_in_has_a_password_of_its_own()
    {
        var secrets = LabSecrets.For(Labs.Fixed() with { Invoker = "root" });
        Assert.Equal(["olga", "root", "repl", "pgpool"], secrets.DatabaseUsers.Select(u => u.Name));
        string[] all =
        [
            .. secrets.DatabaseUsers.Select(u => u.Password),
            .. secrets.PcpUsers.Select(u => u.Password),
            secrets.PoolKey,
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.All(all, p => Assert.True(p.Length >= 16, p));
        Assert.DoesNotContain(
            all,
            p =>
                $"{secrets} {string.Join(' ', secrets.DatabaseUsers)} {string.Join(' ', secrets.PcpUsers)}".Contains(
                    p,
                    StringComparison.Ordinal
                )
        );
    }

    /// <summary>
    /// Where they are empty Pgpool-II looks into pool_passwd. Up to 4.3.12 its processes do so by one descriptor, each
    /// moves the others' place in the file, a password is not found, and the node is given up.
    /// </summary>
    [Fact]
    public void The_passwords_Pgpool_logs_in_with_itself_are_in_its_configuration()
    {
        var lab = Labs.Fixed();
        var secrets = LabSecrets.For(lab);
        var conf = Labs.Renderer().Render("pgpool/pgpool.conf", lab, null, secrets).Split('\n');
        foreach (
            var (name, role) in ((string, string)[])
                [("sr_check", "pgpool"), ("health_check", "pgpool"), ("recovery", lab.Owner)]
        )
        {
            Assert.Contains($"{name}_user = '{role}'", conf);
            var password = secrets.DatabaseUsers.Single(u => u.Name == role);
            Assert.Contains(
                $"{name}_password = '{password.PoolPasswdLine(secrets.PoolKey)[(role.Length + 1)..]}'",
                conf
            );
        }

        conf = Labs.Renderer()
            .Render("pgpool/pgpool.conf", lab with { Auth = AuthMethod.Trust }, null, Labs.Secrets)
            .Split('\n');
        Assert.Equal(3, conf.Count(l => l.EndsWith("_password = ''", StringComparison.Ordinal)));
    }

    [Fact]
    public void Where_nobody_is_asked_there_are_no_passwords_but_pcps()
    {
        Assert.All(
            [Labs.Fixed() with { Auth = AuthMethod.Trust }, Labs.Old()],
            lab => Assert.Empty(LabSecrets.For(lab).DatabaseUsers)
        );
        Assert.NotEqual("olga", LabSecrets.For(Labs.Fixed() with { Auth = AuthMethod.Trust }).PcpUsers[0].Password);
        Assert.Equal("olga", LabSecrets.For(Labs.Old()).PcpUsers[0].Password);
    }

    [Theory]
    [InlineData("repl")]
    [InlineData("pgpool")]
    public void A_user_who_is_called_as_a_role_is_that_role(string owner)
    {
        var lab = Labs.Fixed() with { Owner = owner };
        Assert.Equal(3 - 1, lab.LoginRoles.Count);
        Assert.DoesNotContain(
            Clusters.ClusterRecipe.Of(lab).Statements,
            s => s.StartsWith($"CREATE ROLE \"{owner}\"", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData(AuthMethod.ScramSha256, "scram-sha-256")]
    [InlineData(AuthMethod.Md5, "md5")]
    [InlineData(AuthMethod.Trust, "trust")]
    public void The_methods_in_the_files_are_what_was_asked(AuthMethod method, string word)
    {
        var lab = Labs.Fixed() with { Auth = method };
        var rules = Rules(lab, "postgresql/pg_hba.conf");
        Assert.All(rules.Where(r => r[0] == "local"), r => Assert.Equal("trust", r[^1]));
        Assert.All(rules.Where(r => r[0] != "local"), r => Assert.Equal(word, r[^1]));
        var pool = Rules(lab, "pgpool/pool_hba.conf");
        Assert.All(pool.Where(r => r[0] != "local" && r[2] != "all"), r => Assert.Equal(word, r[^1]));
        Assert.All(
            pool.Where(r => r[2] == "all"),
            r => Assert.Equal(method is AuthMethod.Trust ? "trust" : "password", r[^1])
        );
        Assert.Contains(
            $"enable_pool_hba = {(method is AuthMethod.Trust ? "off" : "on")}",
            Labs.Renderer().Render("pgpool/pgpool.conf", lab, null, Labs.SecretsOf(lab)),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Only_what_the_user_names_is_opened_and_by_TLS_only(int pgpoolMinor)
    {
        var closed = Labs.Fixed(pgpoolMinor: pgpoolMinor);
        foreach (var file in (string[])["postgresql/pg_hba.conf", "pgpool/pool_hba.conf"])
        {
            Assert.DoesNotContain(Rules(closed, file), r => r[0] == "hostssl");
            var opened = Rules(closed with { ListenAddresses = ["192.0.2.7"], UseTls = true }, file)
                .Where(r => !r.Contains("127.0.0.1/32") && !r.Contains("::1/128") && r[0] != "local")
                .ToArray();
            Assert.NotEmpty(opened);
            Assert.All(opened, r => Assert.Equal("hostssl", r[0]));
        }

        Assert.Equal("'localhost'", Setting(closed, "listen_addresses"));
        Assert.Equal("'*'", Setting(closed with { ListenAddresses = ["*"] }, "pcp_listen_addresses"));
        Assert.Equal(
            pgpoolMinor >= 4 ? "'localhost,192.0.2.7'" : "'192.0.2.7'",
            Setting(closed with { ListenAddresses = ["192.0.2.7"] }, "listen_addresses")
        );
    }

    [Fact]
    public void Names_with_a_meaning_are_quoted_in_rules() =>
        Assert.Equal(
            ["olga", "o-2", "\"all\"", "\"replication\"", "\"x y\"", "\"o\"\"x\""],
            ((string[])["olga", "o-2", "all", "replication", "x y", "o\"x"]).Select(ConfigQuoting.AccessRuleName)
        );

    [Fact]
    public void The_certificate_is_signed_by_the_labs_authority_for_the_names_clients_use()
    {
        var certificates = LabCertificates.Make(
            Labs.Fixed() with
            {
                ListenAddresses = ["192.0.2.7", "2001:db8::7", "db.example"],
            },
            DateTimeOffset.UtcNow
        );
        using var authority = X509Certificate2.CreateFromPem(certificates.Authority);
        using var server = X509Certificate2.CreateFromPem(certificates.Server, certificates.ServerKey);
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        Assert.True(chain.Build(server), string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation)));
        Assert.All(
            ["localhost", "127.0.0.1", "192.0.2.7", "db.example"],
            n => Assert.True(server.MatchesHostname(n, allowWildcards: false, allowCommonName: false), n)
        );
        Assert.False(server.MatchesHostname("192.0.2.8"));
        // libpq before PostgreSQL 15 knows an address by a name alone.
        var alternatives = server.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.All(
            ["127.0.0.1", "192.0.2.7", "2001:db8::7"],
            n => Assert.Contains(n, alternatives.EnumerateDnsNames())
        );
        Assert.DoesNotContain("PRIVATE", certificates.Authority + certificates.Server, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_lead_from_where_programs_look_to_the_private_folder()
    {
        var links = LabSockets.LinksOf(Labs.Fixed());
        Assert.Equal(
            [
                "/var/run/postgresql/.s.PGSQL.11000",
                "/var/run/postgresql/.s.PGSQL.11002",
                "/var/run/postgresql/.s.PGSQL.11003",
                "/tmp/.s.PGSQL.11000",
                "/tmp/.s.PGSQL.11002",
                "/tmp/.s.PGSQL.11003",
                "/tmp/.s.PGSQL.11001",
            ],
            links.Select(l => l.Link)
        );
        Assert.All(links, l => Assert.Equal($"/srv/lab/run/{Path.GetFileName(l.Link)}", l.Socket));
        Assert.Empty(LabSockets.LinksOf(Labs.Old()));
        Assert.Empty(LabSockets.LinksOf(Labs.Former()));
    }

    [Fact]
    public void A_manifest_cannot_have_sockets_deleted_elsewhere()
    {
        var lab = Labs.Fixed();
        var forged = lab with
        {
            Pgpools = [lab.Pgpool with { SocketDirectories = ["/etc"], PcpSocketDirectory = "/etc" }],
        };
        Assert.All(
            LabSockets.OfPgpool(forged.WithOwnFolders(), forged.WithOwnFolders().Pgpool),
            s => Assert.StartsWith("/srv/lab/run/", s, StringComparison.Ordinal)
        );
    }

    private static string[][] Rules(Lab lab, string template) =>
        Labs.Renderer()
            .Render(template, lab)
            .Split('\n')
            .Where(l => l.Length > 0 && l[0] != '#')
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToArray();

    private static string Setting(Lab lab, string name) =>
        Labs.Renderer()
            .Render("pgpool/pgpool.conf", lab, null, Labs.SecretsOf(lab))
            .Split('\n')
            .Single(l => l.StartsWith($"{name} = ", StringComparison.Ordinal))[$"{name} = ".Length..];
}
