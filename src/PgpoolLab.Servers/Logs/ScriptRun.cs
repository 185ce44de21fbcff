using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Logs;

/// <summary>A run of one of the scripts that Pgpool-II calls, as an event.</summary>
internal static class ScriptRun
{
    internal static LabEvent? Read(LogLine line)
    {
        if (ScriptRecord.Read(line.Text) is not { } run)
        {
            return null;
        }

        var arguments = new Dictionary<string, object> { ["script"] = run.Script };
        foreach (var (name, value) in run.Arguments)
        {
            arguments[name] = value;
        }

        arguments["exit_code"] = run.ExitCode;
        arguments["duration_ms"] = run.Milliseconds;
        var subject = run.Node is null ? run.Script : $"{run.Script} of node {run.Node}";
        return new LabEvent(
            line.At,
            run.Script is "follow_primary" ? "follow-ends" : "script-ends",
            line.Source.Label,
            run.Node,
            arguments,
            run.ExitCode == 0
                ? $"{subject}: done in {run.Milliseconds} ms"
                : $"{subject} failed: exit code {run.ExitCode}, {run.Milliseconds} ms"
        );
    }
}
