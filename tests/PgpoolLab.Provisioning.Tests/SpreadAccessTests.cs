using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What the user's own machine keeps of a lab on several hosts.</summary>
public sealed class SpreadAccessTests
{
    [Fact]
    public void Of_a_hosts_passwords_only_the_superusers_at_the_hosts_addresses_are_kept()
    {
        const string file = """
            localhost:11000:*:alice:secret
            192.0.2.1:11000:*:alice:se\:cret
            192.0.2.2:11002:*:alice:secret
            192.0.2.2:11002:*:repl:other
            192.0.2.22:11002:*:alice:secret
            # 192.0.2.1
            """;
        Assert.Equal(
            "192.0.2.1:11000:*:alice:se\\:cret\n192.0.2.2:11002:*:alice:secret\n",
            SpreadAccess.Passwords(SpreadParts.Whole, "alice", file)
        );
    }

    [Fact]
    public void They_are_for_their_owner_alone_and_go_with_the_lab()
    {
        using var folder = new TemporaryFolder();
        var lab = SpreadParts.Whole with { Root = folder.Path };
        Directory.CreateDirectory(lab.Paths.Hidden);
        Assert.False(SpreadAccess.IsHere(lab));
        SpreadAccess.Keep(lab, "secret\n", "certificate\n");
        Assert.True(SpreadAccess.IsHere(lab));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(lab.Paths.SpreadPgPass));
        Assert.StartsWith(lab.Paths.Hidden, lab.Paths.SpreadPgPass, StringComparison.Ordinal);
        Assert.StartsWith(lab.Paths.Hidden, lab.Paths.SpreadTlsAuthority, StringComparison.Ordinal);
    }

    [Fact]
    public void Since_when_a_host_is_silent_is_known_to_the_next_command()
    {
        using var folder = new TemporaryFolder();
        var lab = SpreadParts.Whole with { Root = folder.Path };
        HostSilences.Save(lab, new Dictionary<int, DateTimeOffset> { [1] = SpreadParts.Noon });
        Assert.Empty(HostSilences.Load(lab));
        Directory.CreateDirectory(lab.Paths.Hidden);
        HostSilences.Save(lab, new Dictionary<int, DateTimeOffset> { [1] = SpreadParts.Noon });
        Assert.Equal(SpreadParts.Noon, HostSilences.Load(lab)[1]);
        HostSilences.Save(lab, new Dictionary<int, DateTimeOffset>());
        Assert.False(File.Exists(lab.Paths.Silences));
        File.WriteAllText(lab.Paths.Silences, "{");
        Assert.Empty(HostSilences.Load(lab));
    }
}
