using System.Globalization;

namespace PgpoolLab.Model;

/// <summary>A machine that a lab is to be on, as somebody has asked for it.</summary>
/// <param name="Name">What it is called: a name of <c>~/.ssh/config</c>, <c>user@host:port</c>, or, with an address,
/// any name.</param>
public sealed record HostRequest(string Name)
{
    /// <summary>Where it is reached by ssh; null for by its name.</summary>
    public string? Address { get; init; }

    /// <summary>The port of its sshd; null for what ssh's configuration says.</summary>
    public int? Port { get; init; }

    /// <summary>Whom to log in as; null for what ssh's configuration says.</summary>
    public string? User { get; init; }

    /// <summary>What was asked for, of what ssh is told.</summary>
    /// <param name="name">The name.</param>
    /// <param name="login">As <see cref="Login"/> writes it; null for the name.</param>
    public static HostRequest OfLogin(string name, string? login)
    {
        if (login is null)
        {
            return new HostRequest(name);
        }

        var at = login.LastIndexOf('@');
        var (user, rest) = at < 0 ? (null, login) : (login[..at], login[(at + 1)..]);
        var close = rest.LastIndexOf(']');
        var colon = rest.LastIndexOf(':');
        var hasPort = colon > close && (close >= 0 || rest.IndexOf(':', StringComparison.Ordinal) == colon);
        var address = hasPort ? rest[..colon] : rest;
        address = address.StartsWith('[') ? address[1..^1] : address;
        return new HostRequest(name)
        {
            Address = address == name ? null : address,
            Port = hasPort ? int.Parse(rest[(colon + 1)..], CultureInfo.InvariantCulture) : null,
            User = user,
        };
    }

    /// <summary>What ssh is told: the name, unless more was said.</summary>
    public string Login
    {
        get
        {
            if (Address is null && Port is null && User is null)
            {
                return Name;
            }

            var host = Address ?? Name;
            return (User is null ? "" : User + "@")
                + (host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)
                + (Port is { } port ? ":" + port.ToString(CultureInfo.InvariantCulture) : "");
        }
    }
}
