using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;
using Scriban.Runtime;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>Turns a lab into the text of its files. Unknown names in a template are errors that give file and
/// line.</summary>
/// <param name="templates">Where templates come from.</param>
/// <param name="programVersion">This program's version, for the files' heads.</param>
public sealed partial class ConfigRenderer(TemplateStore templates, string programVersion)
{
    private readonly TemplateEngine _engine = new(templates);

    /// <summary>How the lab's scripts call this program; null for by its name alone.</summary>
    public ScriptProgram? Program { get; init; }

    /// <summary>A file of the whole lab, or of one of its Pgpool-IIs.</summary>
    /// <param name="name">Template, for example <c>pgpool/pgpool.conf</c>.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="pgpool">The Pgpool-II whose file it is; null for the first.</param>
    /// <param name="secrets">Passwords and keys; only files of mode 0600 name them.</param>
    /// <exception cref="LabException">The template has an error.</exception>
    public string Render(string name, Lab lab, PgpoolNode? pgpool = null, LabSecrets? secrets = null)
    {
        var globals = Globals(lab, pgpool, secrets);
        if (secrets is not null)
        {
            globals["pcp"] = TemplateModel.Pcp(secrets.PcpUsers);
            globals["passwords"] = TemplateModel.Passwords([.. secrets.DatabaseUsers, .. secrets.RoleUsers]);
        }

        return Render(name, lab, globals);
    }

    /// <summary>A file of one node, such as the additions to its postgresql.conf.</summary>
    public string RenderNode(string name, Lab lab, PostgresNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var globals = Globals(lab);
        globals["node"] = TemplateModel.Node(lab, node.Id.ToString(), node.Port.ToString(), node.Host);
        return Render(name, lab, globals);
    }

    /// <summary>The recovery settings of a standby.</summary>
    public string RenderStandby(string name, Lab lab, PostgresNode node, PostgresNode primary)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(primary);
        var globals = Globals(lab);
        globals["standby"] = TemplateModel.Standby(
            lab,
            node.Id.ToString(),
            primary.Id.ToString(),
            primary.Port.ToString()
        );
        return Render(name, lab, globals);
    }

    /// <summary>A file for another engine.</summary>
    /// <param name="name">Template, for example <c>kubernetes/cluster.yaml</c>.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="export">What the engine is told.</param>
    internal string RenderExport(string name, Lab lab, ScriptObject export)
    {
        var globals = Globals(lab);
        globals["export"] = export;
        return Render(name, lab, globals);
    }

    private ScriptObject Globals(Lab lab, PgpoolNode? pgpool = null, LabSecrets? secrets = null)
    {
        ArgumentNullException.ThrowIfNull(lab);
        pgpool ??= lab.Pgpool;
        return new ScriptObject
        {
            ["program"] = TemplateModel.ProgramOf(programVersion, Program),
            ["lab"] = TemplateModel.LabOf(lab, pgpool),
            ["paths"] = TemplateModel.PathsOf(lab, pgpool),
            ["pg"] = TemplateModel.PostgresOf(lab),
            ["pgpool"] = TemplateModel.PgpoolOf(lab, pgpool, secrets?.WatchdogKey ?? ""),
            ["pgpools"] = TemplateModel.Pgpools(lab),
            ["hosts"] = TemplateModel.HostsOf(lab),
            ["pgpool_setup"] = TemplateModel.PgpoolSetupOf(lab),
            ["nodes"] = TemplateModel.Nodes(lab, pgpool),
            ["own_nodes"] = TemplateModel.OwnNodes(lab, pgpool),
            ["settings"] = TemplateModel.SettingsOf(lab),
            ["environment"] = TemplateModel.Environment,
            ["conf"] = new TextFunction("conf", (_, text) => ConfigQuoting.Value(text)),
            ["sh"] = new TextFunction("sh", (_, text) => Shell.Quote(text)),
            ["conninfo"] = new TextFunction("conninfo", (_, text) => ConfigQuoting.ConnectionValue(text)),
            ["pgpass"] = new TextFunction("pgpass", (_, text) => ConfigQuoting.PasswordFileField(text)),
            ["yaml"] = new TextFunction("yaml", (_, text) => YamlQuoting.Text(text)),
            ["yaml_block"] = new TextFunction("yaml_block", (_, text) => YamlQuoting.Block(text)),
            ["hba"] = new TextFunction("hba", (_, text) => ConfigQuoting.AccessRuleName(text)),
            ["encrypted"] = new TextFunction(
                "encrypted",
                (_, role) => (lab.Asks ? secrets?.Encrypted(role) : null) ?? ""
            ),
            ["percent"] = new TextFunction("percent", (_, text) => ConfigQuoting.Percent(text)),
            ["heredoc"] = new TextFunction("heredoc", (_, template) => HereDocument(template, lab)),
        };
    }

    /// <summary>A configuration file as a here-document of a script: the same template, with shell variables where the
    /// script knows better. Markers stand for them while the template quotes its values; the text is escaped, then the
    /// markers become $variables. They begin and end with control characters, which no folder and no setting may
    /// hold.</summary>
    private string HereDocument(string name, Lab lab)
    {
        var globals = Globals(lab);
        globals["node"] = TemplateModel.Node(lab, Marker("node_id"), Marker("node_port"));
        globals["standby"] = TemplateModel.Standby(
            lab,
            Marker("node_id"),
            Marker("primary_id"),
            Marker("primary_port")
        );
        return MarkerPattern().Replace(ConfigQuoting.HereDocument(Render(name, lab, globals)), "${$1}");

        static string Marker(string variable) => $"\u0001{variable}\u0002";
    }

    private string Render(string name, Lab lab, ScriptObject globals) =>
        _engine.Render(name, globals, $"PostgreSQL {lab.Tools.Postgres}, Pgpool-II {lab.Tools.Pgpool}");

    [GeneratedRegex("\u0001([a-z_]+)\u0002")]
    private static partial Regex MarkerPattern();
}
