using System.Text;
using System.Text.Json;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Servers.Watching;

/// <summary>What one server of a lab is like since a moment.</summary>
/// <param name="At">When that was seen.</param>
/// <param name="Source">Whose state it is: <c>node0</c>, <c>pgpool1</c>, <c>pgpoollab</c> for what is at work.</param>
/// <param name="Node">The node it is about; null for none.</param>
/// <param name="State">Its state, in few words.</param>
public sealed record LabChange(DateTimeOffset At, string Source, int? Node, string State)
{
    /// <summary>What differs between two looks; everything at the first.</summary>
    /// <param name="before">The look before; null for none.</param>
    /// <param name="now">This look.</param>
    /// <param name="at">When it was.</param>
    public static IReadOnlyList<LabChange> Between(NodesReport? before, NodesReport now, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(now);
        var old = before is null ? [] : StatesOf(before).ToDictionary(s => s.Source, s => s.State);
        return
        [
            .. StatesOf(now)
                .Where(s => old.GetValueOrDefault(s.Source) != s.State && !(s.State.Length == 0 && before is null))
                .Select(s => new LabChange(at, s.Source, s.Node, s.State.Length == 0 ? "nothing is at work" : s.State)),
        ];
    }

    /// <summary>As one line of JSON, beside those of <see cref="LabEvent"/>.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, JsonLines.Options))
        {
            json.WriteStartObject();
            json.WriteTime(At);
            json.WriteString("source", Source);
            json.WriteWhole("node", Node);
            json.WriteString("state", State);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static IEnumerable<(string Source, int? Node, string State)> StatesOf(NodesReport report)
    {
        foreach (var host in report.Hosts ?? [])
        {
            yield return (
                $"host {host.Name}",
                null,
                host.Answers ? "answers" : $"does not answer: {host.Problem ?? "no answer"}"
            );
        }

        if (report.Watchdog.Count == 0)
        {
            yield return (
                "pgpool",
                null,
                report.PgpoolAnswers ? "answers" : $"does not answer: {report.PgpoolProblem ?? "no answer"}"
            );
        }

        foreach (var member in report.Watchdog)
        {
            yield return ($"pgpool{member.Id}", null, StateOf(member));
        }

        foreach (var node in report.Nodes)
        {
            yield return ($"node{node.Id}", node.Id, $"{PgpoolOn(node)}; {PostgresOf(node.Postgres)}");
        }

        yield return ("pgpoollab", null, string.Join("; ", report.AtWork.Select(w => w.Title)));
    }

    private static string StateOf(WatchdogView member) =>
        member.ProcessId is null && !member.Answers ? "does not run"
        : !member.Answers ? $"does not answer: {member.Problem ?? "no answer"}"
        : $"answers, {member.Status ?? "says not what it is"}"
            + member.Quorum switch
            {
                true => ", quorum",
                false => ", no quorum",
                null => "",
            };

    private static string PgpoolOn(NodeView node) =>
        node.Pgpool is { } pool ? $"Pgpool-II: {pool.Status} as {pool.Role}" : "Pgpool-II: no answer";

    private static string PostgresOf(PostgresSays says) =>
        "PostgreSQL: "
        + (
            says.IsSuspended ? "suspended"
            : !says.Up ? says.Problem ?? "no answer"
            : $"{says.Role}, timeline {says.Timeline}"
                + (says.InRecovery is true ? $", {says.Receiver ?? "receives nothing"}" : "")
        );
}
