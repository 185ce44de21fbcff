using PgpoolLab.Model;

namespace PgpoolLab.Ssh.Files;

/// <summary>ssh's configuration, as far as it says how to get to a host: the user's <c>~/.ssh/config</c>, then the
/// system's.</summary>
/// <remarks>ssh_config(5). docs/ssh.md lists what is read.</remarks>
public static class SshConfig
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(10);
    private static readonly string[] UsualIdentities = ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"];

    /// <summary>Looks a host up.</summary>
    /// <param name="address">How it was asked for: what that says counts before any file.</param>
    /// <param name="home">Whose configuration it is.</param>
    /// <exception cref="LabException">A file has what ssh would refuse, too.</exception>
    public static SshSettings Resolve(SshAddress address, SshHome home)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(home);
        var values = new SshValues();
        var reader = new SshConfigReader(address, home, values);
        try
        {
            reader.Read(Path.Combine(home.UserFolder, "config"), home.UserFolder, isUsers: true);
            reader.Read(Path.Combine(home.SystemFolder, "ssh_config"), home.SystemFolder, isUsers: false);
            return Complete(address, home, values);
        }
        catch (FormatException error)
        {
            throw SshValues.Wrong($"The configuration of ssh for {address.Host}", error.Message);
        }
    }

    private static SshSettings Complete(SshAddress address, SshHome home, SshValues values)
    {
        var hostName = HostNameOf(address, values).ToLowerInvariant();
        var port = address.Port ?? SshAddress.PortOf(values["port"] ?? "") ?? 22;
        var user = address.User ?? values["user"] ?? home.UserName;
        var alias = values["hostkeyalias"];
        RequireNames(hostName, user, alias);
        var tokens = new SshTokens(home, address.Host, hostName, port, user, alias ?? hostName);
        RefuseProxyCommand(address, values);
        var unknownKeys = UnknownKeysOf(values);
        SshValues.TryTime(values["connecttimeout"] ?? "", out var timeout);
        return new SshSettings
        {
            Name = address.Host,
            HostName = hostName,
            Port = port,
            User = user,
            HostKeyAlias = alias,
            IdentityFiles =
            [
                .. (values.IdentityFiles.Count > 0 ? values.IdentityFiles : UsualIdentities.AsEnumerable())
                    .Where(f => !IsNone(f))
                    .Select(tokens.PathOf)
                    .Distinct(),
            ],
            IdentitiesOnly = values["identitiesonly"] == "yes",
            AgentSocket = AgentOf(values["identityagent"], home, tokens),
            Jumps = JumpsOf(values["proxyjump"]),
            UserKnownHosts = Files(
                values.List("userknownhostsfile"),
                ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"],
                tokens
            ),
            GlobalKnownHosts = Files(
                values.List("globalknownhostsfile"),
                [$"{home.SystemFolder}/ssh_known_hosts", $"{home.SystemFolder}/ssh_known_hosts2"],
                tokens
            ),
            RevokedKeys = Files(values.List("revokedhostkeys"), [], tokens),
            UnknownKeys = unknownKeys,
            HidesNames = values["hashknownhosts"] == "yes",
            ConnectTimeout = timeout ?? UsualTimeout,
            Notes = values.Notes,
        };
    }

    /// <summary>What a file says goes where words of the command line go.</summary>
    private static void RequireNames(string hostName, string user, string? alias)
    {
        if (!SshAddress.IsHost(hostName))
        {
            throw new FormatException($"HostName is \"{hostName}\", which names no host");
        }

        if (!SshAddress.IsUser(user))
        {
            throw new FormatException($"User is \"{user}\", which names no user");
        }

        if (alias is not null && !SshAddress.IsHost(alias))
        {
            throw new FormatException($"HostKeyAlias is \"{alias}\", which names no host");
        }
    }

    /// <summary>The name to connect to, as far as it is known by now.</summary>
    internal static string HostNameOf(SshAddress address, SshValues values) =>
        values["hostname"] is { } name
            ? SshTokens.Percent(name, token => token == 'h' ? address.Host : null)
            : address.Host;

    private static string? AgentOf(string? configured, SshHome home, SshTokens tokens)
    {
        const string usual = "SSH_AUTH_SOCK";
        var socket = configured switch
        {
            null or usual => home.Variable(usual),
            _ when IsNone(configured) => null,
            ['$', not '{', ..] => home.Variable(configured[1..]),
            _ => tokens.PathOf(configured),
        };
        return string.IsNullOrEmpty(socket) ? null : socket;
    }

    private static SshAddress[] JumpsOf(string? configured) =>
        configured is null || IsNone(configured)
            ? []
            :
            [
                .. configured
                    .Split(',')
                    .Select(j =>
                        SshAddress.TryParse(j.Trim())
                        ?? throw new FormatException($"ProxyJump has \"{j.Trim()}\", which names no host")
                    ),
            ];

    private static string[] Files(IReadOnlyList<string>? configured, string[] usual, SshTokens tokens) =>
        // What is written there is known by nobody, and read by nobody.
        [.. (configured ?? usual).Where(f => !IsNone(f) && f != "/dev/null").Select(tokens.PathOf)];

    private static UnknownHostKeys UnknownKeysOf(SshValues values)
    {
        switch (values["stricthostkeychecking"])
        {
            case "yes" or "true":
                return UnknownHostKeys.Refuse;
            case "accept-new":
                return UnknownHostKeys.Accept;
            case "no" or "off" or "false":
                values.Note("StrictHostKeyChecking no is taken as ask: keys of hosts are always checked.");
                return UnknownHostKeys.Ask;
            default:
                return UnknownHostKeys.Ask;
        }
    }

    /// <summary>To leave it out would be to connect to another place than ssh does.</summary>
    private static void RefuseProxyCommand(SshAddress address, SshValues values)
    {
        if (values["proxycommand"] is { } command && !IsNone(command))
        {
            throw new LabException(
                ExitCode.Usage,
                $"{values["proxycommand-place"]}: {address.Host} has a ProxyCommand, which is not supported."
            )
            {
                Hints = ["Write ProxyJump HOST instead: it needs no program, and ssh knows it, too."],
            };
        }
    }

    private static bool IsNone(string value) => value.Equals("none", StringComparison.OrdinalIgnoreCase);
}
