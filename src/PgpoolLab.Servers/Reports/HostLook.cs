using System.Globalization;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>What became of asking one host of a lab on several how its servers are.</summary>
/// <param name="Host">The host.</param>
/// <param name="AskedAt">When it was asked.</param>
/// <param name="Part">What its part is like; null when it did not say.</param>
/// <param name="Problem">Why it did not.</param>
public sealed record HostLook(LabHost Host, DateTimeOffset AskedAt, PartLook? Part, string? Problem)
{
    /// <summary>Since when it has not answered; null when it has.</summary>
    public DateTimeOffset? SilentSince { get; init; }

    /// <summary>As it is shown.</summary>
    internal HostView View =>
        new(Host.Name, Host.Address, Part is not null) { SilentSince = SilentSince, Problem = Problem };

    /// <summary>" since 12:03:04", with the date when that was on another day; empty when it is not known.</summary>
    public static string Since(DateTimeOffset? since, DateTimeOffset now) =>
        since is { } moment
            ? " since "
                + moment
                    .ToOffset(now.Offset)
                    .ToString(
                        moment.ToOffset(now.Offset).Date == now.Date ? "HH:mm:ss" : "yyyy-MM-dd HH:mm:ss",
                        CultureInfo.InvariantCulture
                    )
            : "";

    /// <summary>What went wrong with a host, for the end of a sentence that names it already.</summary>
    /// <param name="host">The host.</param>
    /// <param name="message">The message: <c>Host b (postgres@192.0.2.2:22) has not answered within 2 s.</c></param>
    public static string ProblemOf(LabHost host, string message)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(message);
        var name = $"Host {host.Name} ";
        var text = message.TrimEnd('.');
        if (!text.StartsWith(name, StringComparison.Ordinal))
        {
            return text;
        }

        text = text[name.Length..];
        return "it "
            + (
                text.StartsWith('(') && text.IndexOf(") ", StringComparison.Ordinal) is > 0 and var end
                    ? text[(end + 2)..]
                    : text
            );
    }

    /// <summary>That it does not answer, as a sentence without its end: <c>Host b does not answer since 12:03:04: why
    /// not</c>.</summary>
    public string Silence =>
        $"Host {Host.Name} does not answer{Since(SilentSince, AskedAt)}: {(Problem ?? "nothing came").TrimEnd('.')}";
}
