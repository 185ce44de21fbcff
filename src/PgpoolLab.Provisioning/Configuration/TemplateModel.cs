using PgpoolLab.Hosts;
using PgpoolLab.Model;
using Scriban;
using Scriban.Parsing;
using Scriban.Runtime;
using Scriban.Syntax;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>An object for templates in which a name that does not exist is an error, with file and line.</summary>
internal sealed class StrictObject(string name) : ScriptObject
{
    public override bool TryGetValue(TemplateContext? context, SourceSpan span, string member, out object? value) =>
        base.TryGetValue(context, span, member, out value)
            ? true
            : throw new ScriptRuntimeException(span, $"there is no '{member}' in '{name}'; it has {string.Join(", ", Keys.Order(StringComparer.Ordinal))}");
}

/// <summary>A function of one text for templates, without reflection (which ahead-of-time compilation would cut away).</summary>
internal sealed class TextFunction(string name, Func<TemplateContext, string, string> body) : IScriptCustomFunction
{
    public int RequiredParameterCount => 1;

    public int ParameterCount => 1;

    public ScriptVarParamKind VarParamKind => ScriptVarParamKind.None;

    public Type ReturnType => typeof(string);

    public ScriptParameterInfo GetParameterInfo(int index) => new(typeof(string), "text");

    public object? Invoke(TemplateContext context, ScriptNode? callerContext, ScriptArray arguments, ScriptBlockStatement? blockStatement) =>
        arguments.Count == 1 ? body(context, context.ObjectToString(arguments[0]) ?? "") : throw new ScriptRuntimeException(callerContext?.Span ?? default, $"{name} takes one text");

    public ValueTask<object?> InvokeAsync(TemplateContext context, ScriptNode? callerContext, ScriptArray arguments, ScriptBlockStatement? blockStatement) =>
        ValueTask.FromResult(Invoke(context, callerContext, arguments, blockStatement));
}

/// <summary>What templates can name. <c>docs/templates.md</c> lists it for users.</summary>
internal static class TemplateModel
{
    internal static ScriptObject Program(string version) => new StrictObject("program") { ["version"] = version };

    internal static ScriptObject LabOf(Lab lab) => new StrictObject("lab")
    {
        ["name"] = lab.Name,
        ["id"] = lab.Id,
        ["root"] = lab.Root,
        ["safe_root"] = lab.SafeAlias ?? lab.Root,
        ["owner"] = lab.Owner,
        ["database"] = Lab.Database,
        ["mode"] = lab.Mode switch { ClusteringMode.StreamingReplication => "streaming_replication", _ => throw new ArgumentOutOfRangeException(nameof(lab)) },
        ["slots"] = lab.UseSlots,
        ["rewind"] = lab.UseRewind,
    };

    internal static ScriptObject PathsOf(Lab lab) => new StrictObject("paths")
    {
        ["etc"] = lab.Paths.Etc,
        ["log"] = lab.Paths.Log,
        ["run"] = lab.Paths.Run,
        ["archive"] = lab.Paths.Archive,
        ["failover"] = lab.Paths.FailoverScript,
        ["follow_primary"] = lab.Paths.FollowPrimaryScript,
        ["pgpool_pid"] = lab.Paths.PgpoolPid,
        ["oiddir"] = lab.Paths.OidDirectory,
        ["events"] = lab.Paths.Events,
        ["pcppass"] = lab.Paths.PcpPass,
    };

    internal static ScriptObject PostgresOf(Lab lab) => new StrictObject("pg")
    {
        ["major"] = lab.Tools.Postgres.Major,
        ["version_text"] = lab.Tools.Postgres.ToString(),
        ["bin"] = lab.Tools.PostgresBin,
        ["socket_dirs"] = new ScriptArray(lab.Pgpool.SocketDirectories),
        ["fast_backup_options"] = new ScriptArray(Tools.PgBaseBackup.FastOptions(lab.Tools.Postgres)),
    };

    internal static ScriptObject PgpoolOf(Lab lab) => new StrictObject("pgpool")
    {
        ["version"] = lab.Tools.Pgpool.Number,
        ["version_text"] = lab.Tools.Pgpool.ToString(),
        // The folder alone is quoted: users look for the words "bin/pgpool -D".
        ["bin_words"] = Shell.Quote(lab.Tools.PgpoolBin),
        ["pcp_bin"] = lab.Tools.PcpBin,
        ["port"] = lab.Pgpool.Port,
        ["pcp_port"] = lab.Pgpool.PcpPort,
        ["socket_dirs"] = new ScriptArray(lab.Pgpool.SocketDirectories),
        ["pcp_socket_dir"] = lab.Pgpool.PcpSocketDirectory,
        ["sockets"] = new ScriptArray(LabSockets.OfPgpool(lab)),
    };

    /// <summary>One node; texts may be markers that a shell script replaces (see <see cref="ConfigRenderer"/>).</summary>
    internal static ScriptObject Node(Lab lab, string id, string port)
    {
        var serverRoot = lab.SafeAlias ?? lab.Root;
        return new StrictObject("node")
        {
            ["id"] = id,
            ["port"] = port,
            ["data"] = $"{lab.Root}/data{id}",
            ["server_data"] = $"{serverRoot}/data{id}",
            ["log_name"] = $"node{id}.log",
            ["application_name"] = $"server{id}",
            ["slot"] = $"pgpool_setup_slot{id}",
            ["archive"] = $"{lab.Paths.Archive}/data{id}",
        };
    }

    internal static ScriptArray Nodes(Lab lab) =>
        new(lab.Nodes.Select(n =>
        {
            var node = Node(lab, n.Id.ToString(), n.Port.ToString());
            node["id"] = n.Id;
            node["port"] = n.Port;
            return node;
        }));

    internal static ScriptObject Standby(Lab lab, string id, string primaryId, string primaryPort) => new StrictObject("standby")
    {
        ["application_name"] = $"server{id}",
        ["slot"] = $"pgpool_setup_slot{id}",
        ["primary_port"] = primaryPort,
        ["primary_archive"] = $"{lab.Paths.Archive}/data{primaryId}",
    };

    internal static ScriptObject SettingsOf(Lab lab) => new StrictObject("settings")
    {
        ["pgpool"] = Pairs(lab.PgpoolSettings),
        ["postgresql"] = Pairs(lab.PostgresSettings),
    };

    internal static ScriptObject Pcp(IEnumerable<PcpUser> users) => new StrictObject("pcp")
    {
        ["users"] = new ScriptArray(users.Select(u => new StrictObject("user") { ["name"] = u.Name, ["password"] = u.Password, ["md5"] = u.PasswordHash })),
    };

    private static ScriptArray Pairs(IReadOnlyDictionary<string, string> settings) =>
        new(settings.Select(s => new StrictObject("setting") { ["key"] = s.Key, ["value"] = s.Value }));
}
